"""The sealed bid as values and pure decisions: states, the slot a seal is bound to, sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from storage.kernel.errors import Refused

WHOLE, TECHNICAL, PRICE = "whole", "technical", "price"
ENVELOPES = (WHOLE, TECHNICAL, PRICE)
ENVELOPE_NAMES = {WHOLE: "", TECHNICAL: "第一信封（技术商务）", PRICE: "第二信封（报价）"}


def statement_in(envelope: str) -> str:
    """The kind of the opening statement of an envelope; the kind of its body is the envelope's own name."""
    return f"{envelope}/statement"


def kinds_in(envelope: str) -> tuple[str, str]:
    """Body and statement of one envelope (docs/adr/0001)."""
    return envelope, statement_in(envelope)


def envelope_of(kind: str) -> str:
    """The envelope that an object of this kind lies in."""
    return kind.removesuffix("/statement")


def envelopes_asked(two_envelopes: bool) -> tuple[str, ...]:
    """The envelopes of which a bid consists: one, or technical before price (R-318)."""
    return (TECHNICAL, PRICE) if two_envelopes else (WHOLE,)


def kinds_asked(two_envelopes: bool) -> tuple[str, ...]:
    """The sealed objects of which a bid consists, two for each envelope."""
    return tuple(kind for envelope in envelopes_asked(two_envelopes) for kind in kinds_in(envelope))


def fields_in(fields: Sequence[Mapping[str, Any]], envelope: str) -> list[Mapping[str, Any]]:
    """The announced fields that the statement of this envelope carries, in order."""
    return [field for field in fields if envelope == WHOLE or bool(field.get("priced")) == (envelope == PRICE)]


BODY, STATEMENT = KINDS = kinds_in(WHOLE)
_ALL = tuple(kind for envelope in ENVELOPES for kind in kinds_in(envelope))
KIND_NAMES = {kind: ENVELOPE_NAMES[envelope_of(kind)] + ("投标文件" if kind in ENVELOPES else "开标一览表")
              for kind in _ALL}

# Length of a stored segment, which is also the length of an S3 part (sealing.md §1).
SEGMENT = {kind: 8_388_608 if kind in ENVELOPES else 1_048_576 for kind in _ALL}
# Plaintext bytes. The statement is a page of fields, not a document: one segment holds it.
LARGEST = {kind: 4 * 1024**3 if kind in ENVELOPES else 1_048_576 - 32 for kind in _ALL}


# Where a deposit is asked for, a statement may carry a guarantee letter; all are brought to one length, so that no size
# tells which do. A statement of prices stays sealed for long, or for ever: its length tells no digit.
STATEMENT_ROOM = 262_144


def statement_size(deposit: object, envelope: str = WHOLE) -> int | None:
    """The one length (plaintext bytes) of every opening statement of an envelope; None where any length will do."""
    return STATEMENT_ROOM if deposit or envelope == PRICE else None


class BidStatus(StrEnum):
    """The one word a bidder asks for (R-1104): not submitted, submitted, withdrawn."""

    NOT_SUBMITTED = "not_submitted"
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


class VersionStatus(StrEnum):
    """草稿, 已上传未提交, 已提交; then what became of it."""

    DRAFT = "draft"
    UPLOADED = "uploaded"
    SUBMITTED = "submitted"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"
    DISCARDED = "discarded"


class EnvelopeState(StrEnum):
    """Where the sealed object is on its way to being checked."""

    OPEN = "open"
    UPLOADING = "uploading"
    CHECKING = "checking"
    CHECKED = "checked"
    FAILED = "failed"


AT_WORK = frozenset({VersionStatus.DRAFT, VersionStatus.UPLOADED})
# An envelope in these states still takes parts.
TAKES_PARTS = frozenset({EnvelopeState.OPEN, EnvelopeState.UPLOADING})


@dataclass(frozen=True)
class Slot:
    """The one place a sealed bid fits: every field is bound into the seal (R-140, fault 29).

    ``opens_at`` is the lot's deadline as it was when the version was begun; an extension does not move it (R-210/4).
    """

    tender: str
    lot: str
    round: int
    bidder: str
    version: int
    opens_at: datetime
    k: int
    custodians: tuple[str, ...]
    suite: int = 1

    def context(self, kind: str) -> dict[str, str | int | list[str]]:
        """The ``ctx`` of sealing.md §1 that an envelope of this kind must carry, exactly."""
        return {
            "tender": self.tender, "lot": self.lot, "round": self.round,
            "bidder": f"sha256:{self.bidder}", "version": self.version, "envelope": kind,
            "opens_at": self.opens_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "suite": self.suite, "seg": SEGMENT[kind], "k": self.k, "n": len(self.custodians),
            "custodians": [f"sha256:{fingerprint}" for fingerprint in self.custodians],
        }


def differing_fields(context: object, expected: Mapping[str, object]) -> tuple[str, ...]:
    """Names of the fields in which a claimed context is not the slot's, missing and foreign ones too.

    Types count: ``True`` is not 1, and ``"1"`` is not 1.
    """
    if not isinstance(context, Mapping):
        return ("ctx",)
    names = [*expected, *(str(name) for name in context if name not in expected)]
    return tuple(name for name in names if not _same(context.get(name), expected.get(name)))


def _same(left: object, right: object) -> bool:
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(_same, left, right))
    return type(left) is type(right) and left == right


def after_checks(states: Sequence[tuple[str, str]], kinds: Sequence[str]) -> VersionStatus:
    """DRAFT until all objects (kind, state) of these kinds are checked, then UPLOADED; submitting is another act."""
    checked = {kind for kind, state in states if state == EnvelopeState.CHECKED}
    return VersionStatus.UPLOADED if checked == set(kinds) else VersionStatus.DRAFT


def require_status(actual: str, *admitted: VersionStatus) -> None:
    """Raises ``Refused`` with both words when a version is not in a state that admits the act."""
    if actual not in admitted:
        raise Refused(f"投标文件当前状态为“{WORDS[VersionStatus(actual)]}”，不能进行该操作", status=actual)


WORDS = {
    VersionStatus.DRAFT: "草稿",
    VersionStatus.UPLOADED: "已上传未提交",
    VersionStatus.SUBMITTED: "已提交",
    VersionStatus.SUPERSEDED: "已被新版本替换",
    VersionStatus.WITHDRAWN: "已撤回",
    VersionStatus.DISCARDED: "已放弃",
}
