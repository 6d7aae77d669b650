"""The person before a key: sees what is asked, and decides by typing the PIN, here and nowhere else."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import click

from frontend.cli.identity import ClientIdentity
from frontend.cli.token_questions import Question, done, pair_of, read_question
from frontend.cli.token_words import words
from storage.crypto.demo_pki import Identity, read_pkcs12
from storage.crypto.errors import Malformed
from storage.kernel.clock import process_now

_TRIES = 3


def say(line: str) -> None:
    """One line on the token's own screen."""
    click.echo(line, err=True)


def ask_pin() -> str:
    """What the person types, unseen; empty refuses. Without a terminal, a line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("PIN（直接回车为拒绝，empty refuses）", default="", hide_input=True, show_default=False,
                                err=True))
    say("PIN:")
    return sys.stdin.readline().rstrip("\n")


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a file needs no PIN any more: its certificates as ``list`` gives them, and their names."""

    pair: dict[str, Any]
    names: frozenset[str]


@dataclass
class Holder:
    """Keys in PKCS#12 files whose password is the PIN. A key is in memory only while it acts."""

    files: tuple[Path, ...]
    _shown: dict[Path, Shown] = field(default_factory=dict)
    _answered: set[str] = field(default_factory=set)
    _one_at_a_time: Lock = field(default_factory=Lock)

    def answer(self, text: bytes, origin: str) -> tuple[Question, dict[str, Any]]:
        """The question and its answer: ``{refused: …}`` where the person or the token says no.

        ``origin``: whom the carrier knows to be asking. Raises ``Malformed`` for what is no question of that origin,
        and for one that was answered before.
        """
        question = read_question(text, now=process_now())
        if question.origin != origin:
            raise Malformed("请求的网址与来处不一致，已拒绝", field="origin")
        with self._one_at_a_time:
            if question.id in self._answered:
                raise Malformed("重复的请求", field="id")
            self._answered.add(question.id)
            try:
                lines = words(question)
            except Malformed as error:
                say(f"已拒绝 refused：{error.message}")
                return question, {"refused": "unknown"}
            self._show(origin, lines)
            return question, self._decided(question)

    def _show(self, origin: str, lines: Iterable[str]) -> None:
        say(f"\n{origin} 请求使用您的证书 asks your key:")
        for line in lines:
            say(f"  · {line}")

    def _decided(self, question: Question) -> dict[str, Any]:
        if question.do == "list":
            return self._list()
        path = next((path for path, each in self._shown.items()
                     if question.certificate in each.names), None)
        if path is None:
            return {"refused": "no-certificate"}
        opened = self._unlock(path)
        return {"refused": "declined"} if opened is None else done(question, ClientIdentity.of(opened))

    def _list(self) -> dict[str, Any]:
        for path in self.files:
            opened = None if path in self._shown else self._unlock(path)
            if opened is not None:
                self._shown[path] = Shown(pair_of(opened), _names(opened))
        return {"pairs": [each.pair for each in self._shown.values()]} if self._shown else {"refused": "declined"}

    def _unlock(self, path: Path) -> Identity | None:
        for _ in range(_TRIES):
            pin = ask_pin()
            if not pin:
                say("已拒绝 refused")
                return None
            try:
                return read_pkcs12(path.read_bytes(), pin)
            except Malformed:
                say("PIN 不对 wrong PIN")
        return None


def _names(identity: Identity) -> frozenset[str]:
    halves = [identity, *([identity.encryption] if identity.encryption else [])]
    return frozenset(each.certificate.tag for each in halves)
