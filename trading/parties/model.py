"""An enterprise on the platform: its states, its declared data, its sessions. Pure."""

import unicodedata
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from storage.kernel.errors import Refused

AGREEMENT_VERSION = "2026-01"
ENROLLABLE_ROLES = frozenset({"bidder", "tenderee", "agency"})
STAFF_ROLES = frozenset({"centre", "supervisor", "administrator", "expert", "representative"})

NONCE_LIFE = timedelta(minutes=2)
IDLE_LIMIT = timedelta(minutes=15)  # R-1013
SESSION_LIMIT = timedelta(hours=12)
EXPIRY_WARNING = timedelta(days=30)


class PartyStatus(StrEnum):
    """Where an enterprise stands; only a verified one does business (A-29, A-33)."""

    DRAFT = "draft"
    DECLARED = "declared"
    VERIFIED = "verified"
    REFUSED = "refused"
    STOPPED = "stopped"


class VersionStatus(StrEnum):
    """Where one version of the data stands; exactly one verified version is in effect (A-31)."""

    DRAFT = "draft"
    DECLARED = "declared"
    VERIFIED = "verified"
    REFUSED = "refused"
    SUPERSEDED = "superseded"


class Act(StrEnum):
    """What can be done to an enterprise's entry."""

    EDIT = "edit"
    DELETE = "delete"
    DECLARE = "declare"
    VERIFY = "verify"
    REFUSE = "refuse"
    STOP = "stop"
    ALLOW = "allow"
    APPOINT = "appoint"
    BIND = "bind_certificate"
    UNBIND = "unbind_certificate"
    READ = "read"
    LIST = "list"


VERSION_STEPS: dict[tuple[VersionStatus, Act], VersionStatus] = {
    (VersionStatus.DRAFT, Act.EDIT): VersionStatus.DRAFT,
    # Amending what was refused or verified begins a new version; the old one stays as it was.
    (VersionStatus.REFUSED, Act.EDIT): VersionStatus.DRAFT,
    (VersionStatus.VERIFIED, Act.EDIT): VersionStatus.DRAFT,
    (VersionStatus.DRAFT, Act.DELETE): VersionStatus.DRAFT,
    (VersionStatus.REFUSED, Act.DELETE): VersionStatus.REFUSED,
    (VersionStatus.DRAFT, Act.DECLARE): VersionStatus.DECLARED,
    (VersionStatus.DECLARED, Act.VERIFY): VersionStatus.VERIFIED,
    (VersionStatus.DECLARED, Act.REFUSE): VersionStatus.REFUSED,
}

PARTY_STEPS: dict[tuple[PartyStatus, Act], PartyStatus] = {
    (PartyStatus.VERIFIED, Act.STOP): PartyStatus.STOPPED,
    (PartyStatus.STOPPED, Act.ALLOW): PartyStatus.VERIFIED,
}

_WAITING = "申报正在等待审核，此时不能修改或删除"
_REASONS = {Act.EDIT: _WAITING, Act.DELETE: "只有草稿和被退回的申报可以删除", Act.DECLARE: "没有可以申报的草稿",
            Act.VERIFY: "没有等待审核的申报", Act.REFUSE: "没有等待审核的申报",
            Act.STOP: "该主体目前不是正常状态", Act.ALLOW: "该主体没有被停止"}


def version_after(status: VersionStatus, act: Act) -> VersionStatus:
    """The state of a version after the act; raises ``Refused`` when its state does not admit it (A-30, A-32)."""
    after = VERSION_STEPS.get((status, act))
    if after is None:
        raise Refused(_REASONS[act], status=status.value, act=act.value)
    return after


def party_after(status: PartyStatus, act: Act) -> PartyStatus:
    """The state of an enterprise after centre staff stop or allow it (A-33); raises ``Refused``."""
    after = PARTY_STEPS.get((status, act))
    if after is None:
        raise Refused(_REASONS[act], status=status.value, act=act.value)
    return after


def acts_on_version(status: VersionStatus) -> frozenset[Act]:
    """The acts that the state of the newest version admits."""
    return frozenset(act for (held, act) in VERSION_STEPS if held is status)


@dataclass(frozen=True)
class PartyData:
    """What an enterprise declares of itself (企业入库). Contact and account are personal or secret."""

    name: str
    uscc: str
    region: str = ""
    legal_representative: str = ""
    address: str = ""
    contact: str = ""
    phone: str = ""
    bank_name: str = ""
    bank_account: str = ""
    roles: tuple[str, ...] = ("bidder",)

    def empty_fields(self) -> tuple[str, ...]:
        """The fields a declaration may not leave empty."""
        return tuple(name for name, value in asdict(self).items() if not value)


def name_key(name: str) -> str:
    """The form under which names are compared: NFKC, brackets of one width, no spaces, one case (A-26).

    Folded until it stands: a taken-out space may bring letter and accent together.
    """
    form = _folded(name)
    while (again := _folded(form)) != form:
        form = again
    return form


def _folded(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    for wide, narrow in (("〔", "("), ("〕", ")"), ("【", "("), ("】", ")"), ("[", "("), ("]", ")")):
        folded = folded.replace(wide, narrow)
    return "".join(char for char in folded if not char.isspace() and unicodedata.category(char) != "Cf")


@dataclass(frozen=True)
class CertificateTerm:
    """From when to when a certificate may be used."""

    not_before: datetime
    not_after: datetime

    def admits(self, moment: datetime) -> bool:
        """True from the first instant of the term to its last."""
        return self.not_before <= moment <= self.not_after

    def ends_soon(self, moment: datetime) -> bool:
        """True in the last thirty days of the term (R-704, A-13)."""
        return self.admits(moment) and self.not_after - moment < EXPIRY_WARNING


@dataclass(frozen=True)
class SessionTimes:
    """When a session began and was last used."""

    opened_at: datetime
    seen_at: datetime

    def ends_at(self) -> datetime:
        """The instant at which the session is over if nothing more comes (R-1013)."""
        return min(self.opened_at + SESSION_LIMIT, self.seen_at + IDLE_LIMIT)

    def is_alive(self, moment: datetime) -> bool:
        """True while neither the idle nor the absolute limit is reached."""
        return moment < self.ends_at()
