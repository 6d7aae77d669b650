"""The trust list as data: authorities, proposals to change them, editions in effect from an instant on. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class AuthorityStatus(StrEnum):
    """Where a CA stands. Whoever is withdrawn stays on the list, so that the past can be read."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class ProposalStatus(StrEnum):
    """Where a proposal stands; one that was decided never moves again."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    TAKEN_BACK = "taken-back"


class Act(StrEnum):
    """What can be done to the list."""

    PROPOSE = "propose"
    APPROVE = "approve"
    REFUSE = "refuse"
    TAKE_BACK = "take_back"


class Purpose(StrEnum):
    """What a certificate was shown for."""

    LOGIN = "login"
    SIGN = "sign"
    SEAL = "seal"
    DECRYPT = "decrypt"


AFTER: Mapping[Act, ProposalStatus] = {
    Act.APPROVE: ProposalStatus.APPROVED, Act.REFUSE: ProposalStatus.REFUSED, Act.TAKE_BACK: ProposalStatus.TAKEN_BACK}


@dataclass(frozen=True, slots=True)
class ListedCertificate:
    """A CA's certificate: SHA-256 of its DER (hex), subject in words, root or intermediate, its own dates, key."""

    fingerprint: str
    subject: str
    role: str
    key: str
    not_before: datetime
    not_after: datetime
    pem: str


@dataclass(frozen=True, slots=True)
class Authority:
    """A recognised CA. ``code``: its name in addresses and ledger; ``region``: where it is licensed; the term is
    half-open; ``policies``: identifiers of which its certificates must name one, none: any (R-700)."""

    code: str
    name: str
    region: str
    status: AuthorityStatus
    valid_from: datetime
    valid_to: datetime
    certificates: tuple[ListedCertificate, ...]
    policies: tuple[str, ...] = ()
    crl_addresses: tuple[str, ...] = ()
    ocsp_addresses: tuple[str, ...] = ()


class Dated(Protocol):
    """An edition as far as its order goes."""

    @property
    def number(self) -> int: ...
    @property
    def effective_at(self) -> datetime: ...


def in_effect(editions: Iterable[Dated], at: datetime) -> int | None:
    """The number of the edition in effect at ``at``: the highest of those that have begun; None before the first."""
    return max((each.number for each in editions if each.effective_at <= at), default=None)


def applied(listed: Sequence[Authority], changes: Sequence[Authority]) -> tuple[Authority, ...]:
    """The list with those authorities entered or replaced, by code."""
    merged = {each.code: each for each in (*listed, *changes)}
    return tuple(merged[code] for code in sorted(merged))


@dataclass(frozen=True, slots=True)
class Planned:
    """An edition to be made: when it begins, what it changes, and the whole list then."""

    effective_at: datetime
    changes: tuple[Authority, ...]
    listed: tuple[Authority, ...]


def editions_after(listed: Sequence[Authority], changes: Sequence[Authority], effective_at: datetime,
                   scheduled: Sequence[tuple[datetime, Sequence[Authority]]]) -> list[Planned]:
    """The editions that an approved change makes: its own, and each later one that is already scheduled, again.

    ``listed``: the list in effect at ``effective_at``; ``scheduled``: beginning and changes of the editions that begin
    afterwards. So a CA can be suspended at once though another change waits for its day, and neither undoes the other.
    """
    made = [Planned(effective_at, tuple(changes), applied(listed, changes))]
    for begins_at, later in sorted(scheduled, key=lambda item: item[0]):
        made.append(Planned(begins_at, tuple(later), applied(made[-1].listed, later)))
    return made
