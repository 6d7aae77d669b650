"""The witness at work: look, judge, keep, cosign, send; at the first misdeed raise the alarm and stop."""

import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from frontend.witness.alarm import alarm_name, alarm_text
from frontend.witness.judging import ALARMS, Finding, Judgement, cosign, judge, verified
from frontend.witness.keeping import Keeper
from frontend.witness.log import Denied, Log, NotAnswered, post_json
from storage.kernel.clock import process_now, to_wire
from storage.ledger.notes import CheckpointRefused, signed_by_log

_HOOK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Hooks:
    """Who is told of an alarm: a command, which gets the file's path as its last word, and an address."""

    command: str = ""
    webhook: str = ""


class Alarm(Exception):
    """The log misbehaved; ``path`` holds the evidence."""

    def __init__(self, finding: Finding, path: Path) -> None:
        super().__init__(f"{finding.value}: {path}")
        self.finding, self.path = finding, path


def tell(words: str) -> None:
    """One line for the log of whoever runs the witness."""
    print(f"{to_wire(process_now())} {words}", file=sys.stderr, flush=True)


class Witness:
    """One folder's witness over its log."""

    def __init__(self, keeper: Keeper, hooks: Hooks | None = None) -> None:
        self._keeper, self._hooks = keeper, hooks or Hooks()
        self._log = Log(keeper.followed.url)
        self._told_of: tuple[int, bytes] | None = None

    def look(self) -> Judgement:
        """Judges the newest checkpoint, and neither keeps nor cosigns it; raises as ``step`` does, an alarm is kept."""
        self._require_calm()
        return self._judged(self._log.newest())[0]

    def step(self) -> Judgement:
        """One round. Raises ``Alarm``; where the log is no help, ``NotAnswered``, ``Denied``, ``CheckpointRefused``."""
        self._require_calm()
        judgement, offered = self._judged(self._log.to_cosign())
        if judgement.finding is Finding.STALE:
            return judgement
        if judgement.finding is not Finding.SAME:
            self._keeper.keep(offered)
        mark = (judgement.offered.size, judgement.offered.root)
        if self._told_of != mark:
            line = cosign(offered, self._keeper.key, self._keeper.seed, int(process_now().timestamp()))
            self._log.send(judgement.offered.size, line)
            self._told_of = mark
            tell(f"已见证 cosigned size={judgement.offered.size} root={judgement.offered.root.hex()}")
        return judgement

    def follow(self, stop: Event, every: float) -> None:
        """Rounds until ``stop``; what is no help is told once and tried again. Raises ``Alarm``."""
        trouble = ""
        while not stop.is_set():
            try:
                judgement = self.step()
                now = "收到较旧的检查点，未签 stale answer, not cosigned" if judgement.finding is Finding.STALE else ""
            except (NotAnswered, Denied, CheckpointRefused) as error:
                now = f"未能见证 not cosigned: {error}"
            if now and now != trouble:
                tell(now)
            trouble = now
            stop.wait(every)

    def _require_calm(self) -> None:
        for path in self._keeper.alarms():
            raise Alarm(Finding(path.name.removeprefix("alarm-").rsplit("-", 2)[0]), path)

    def _judged(self, note: str) -> tuple[Judgement, str]:
        seen, log = self._keeper.seen(), self._keeper.followed.log
        judgement = judge(seen, note, log, self._log.growth)
        offered = signed_by_log(note, verified(note, log).origin)
        if seen is not None and judgement.finding in ALARMS:
            self._raise(judgement, seen, offered)
        return judgement, offered

    def _raise(self, judgement: Judgement, seen: str, offered: str) -> None:
        keeper = self._keeper
        text = alarm_text(judgement, seen, offered, keeper.followed.log, keeper.key, keeper.seed, process_now())
        path = keeper.keep_alarm(alarm_name(judgement, seen, keeper.followed.log), text)
        tell(f"警报 ALARM {judgement.finding.value}: {path}")
        self._run_hooks(path, text)
        raise Alarm(judgement.finding, path)

    def _run_hooks(self, path: Path, text: str) -> None:
        """A hook that fails is told of; the alarm stands anyway."""
        try:
            if self._hooks.command:
                subprocess.run([*shlex.split(self._hooks.command), str(path)], check=True, timeout=_HOOK_SECONDS)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            tell(f"告警命令未成功 alarm command failed: {error}")
        try:
            if self._hooks.webhook:
                post_json(self._hooks.webhook, text)
        except NotAnswered as error:
            tell(f"告警地址未应答 webhook failed: {error}")
