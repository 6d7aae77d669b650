"""The alarm: a signed file with both checkpoints, which proves to anyone what the log signed."""

import json
from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any

from frontend.witness.judging import ALARMS, Finding, Judgement, judge, verified
from storage.crypto import ed25519
from storage.kernel.clock import to_wire
from storage.ledger.notes import COSIGNATURE_V1, CheckpointRefused, KeyText, parse_key

KIND = "witness-alarm"
_PREFIX = b"yunkai witness alarm/1\0"


def alarm_text(judgement: Judgement, seen: str, offered: str, log: str, key: KeyText, seed: bytes,
               at: datetime) -> str:
    """The alarm as JSON; signed over all of it but the signature."""
    proof = None if judgement.proof is None else [each.hex() for each in judgement.proof]
    told: dict[str, Any] = {
        "v": 1, "kind": KIND, "finding": judgement.finding.value, "at": to_wire(at), "witness": str(key), "log": log,
        "seen": seen, "offered": offered, "proof": proof}
    signature = ed25519.sign(seed, _signed(told))
    return json.dumps({**told, "signature": b64encode(signature).decode()}, ensure_ascii=False, indent=1)


def alarm_name(judgement: Judgement, seen: str, log: str) -> str:
    """A name by what it is about, so that the same alarm is kept once."""
    return f"{judgement.finding.value}-{verified(seen, log).size}-{judgement.offered.size}"


def read_alarm(text: str, log: str | None = None) -> tuple[Finding, str, str]:
    """Finding, witness's key and log's key of an alarm that holds: the log signed both checkpoints, they do not go
    together with what it gave as proof, and the witness signed that it was so.

    ``log``: the pinned verifier key; None takes the file's own word. Raises ``CheckpointRefused``.
    """
    try:
        told = json.loads(text)
        signature, key = b64decode(told["signature"], validate=True), parse_key(told["witness"], COSIGNATURE_V1)
        proof = None if told["proof"] is None else [bytes.fromhex(each) for each in told["proof"]]
        seen, offered, pinned = str(told["seen"]), str(told["offered"]), log or str(told["log"])
    except (ValueError, TypeError, KeyError) as error:
        raise CheckpointRefused("警报文件无法读取 / the alarm cannot be read") from error
    del told["signature"]
    if not ed25519.verifies(key.public, signature, _signed(told)):
        raise CheckpointRefused("警报不是该见证人签发的 / not signed by this witness")
    finding = judge(seen, offered, pinned, lambda *_: proof).finding
    if finding not in ALARMS or finding.value != told["finding"]:
        raise CheckpointRefused("所附检查点并不构成警报 / the checkpoints give no cause for alarm")
    return finding, str(key), pinned


def _signed(told: dict[str, Any]) -> bytes:
    return _PREFIX + json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
