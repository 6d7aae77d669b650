"""The telephone's side of ``yunkai-key/1`` (docs/keys.md): takes a scanned code, and answers what its page asks.

The code gives the platform's address, the relay's name and a key of 32 bytes that the platform never sees: with it the
page seals its questions, so that the platform can neither read nor make one.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from frontend.cli.token_holder import Holder, say
from frontend.cli.token_questions import sealed_answer
from storage.crypto.canonical import from_base64
from storage.crypto.errors import Malformed
from storage.crypto.key_questions import derived, open_question

# Plain HTTP only of this computer: a code from elsewhere would be read by whoever stands between.
_CODE = re.compile(r"(https://[^/#\s]+|http://(?:127\.0\.0\.1|localhost)(?::\d+)?)/phone#1\.([0-9a-f]{32})\.([0-9a-f]{64})")
_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Code:
    """What a scanned code says; ``key`` is secret."""

    origin: str
    relay: str
    key: bytes


def read_code(text: str) -> Code:
    """The code from its text; raises ``Malformed``."""
    found = _CODE.fullmatch(text.strip())
    if found is None:
        raise Malformed("不是云开的二维码", field="code")
    origin, relay, key = found.groups()
    return Code(origin, relay, bytes.fromhex(key))


class Telephone:
    """Attached to one page by one code, until the page closes it or nothing is asked for ten minutes."""

    def __init__(self, code: Code, holder: Holder) -> None:
        self._code, self._holder = code, holder
        self._http = httpx.Client(base_url=f"{code.origin}/api/key-relays/{code.relay}", timeout=30)

    def claim(self) -> None:
        """Takes the relay for this telephone alone; raises ``httpx.HTTPStatusError``."""
        say(f"\n{self._code.origin}\n")
        claim = derived(self._code.key, "claim").hex()
        held = self._http.post("/claim", json={"claim": claim}).raise_for_status().json()
        self._http.headers["X-Relay-Token"] = held["token"]
        say("已连接 attached")

    def serve(self) -> None:
        """Answers until the relay has ended."""
        for number, sealed in self._questions():
            try:
                question, answer = self._holder.answer(self._opened(sealed), self._code.origin)
            except Malformed as error:
                say(f"已拒绝 refused：{error.message}")
                continue
            self._http.put("/answer", json={"number": number, "answer": sealed_answer(question, answer)})

    def _questions(self) -> Iterator[tuple[int, str]]:
        answered = 0
        while (found := self._http.get("/question")).status_code == httpx.codes.OK:
            question = found.json()
            if question["request"] is not None and question["number"] > answered:
                answered = question["number"]
                yield answered, question["request"]
            else:
                time.sleep(_PAUSE)
        say("连接已结束 the page has let go")

    def _opened(self, sealed: str) -> bytes:
        """The question's text. Raises ``Malformed``."""
        return open_question(self._code.key, self._code.relay, from_base64(sealed, "request"))
