"""An enterprise on the platform: its states, its declared data, its sessions. Pure."""

import unicodedata
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from storage.kernel.errors import Invalid, Refused

AGREEMENT_VERSION = "2026-01"
ENROLLABLE_ROLES = frozenset({"bidder", "tenderee", "agency"})
# Three administrators, exclusive of each other: what runs, who may, and who looks at both (R-1011).
ADMINISTRATORS = frozenset({"system_administrator", "security_administrator", "auditor"})
STAFF_ROLES = ADMINISTRATORS | {"centre", "supervisor", "expert", "representative"}
NEVER_KEEPERS = ADMINISTRATORS | {"centre"}  # whoever runs the platform holds no part of a key

# Whose word counts with a security key alone, unless the operator says otherwise: who runs openings, who keeps shares
# of keys (no role: whom a tender document names), who administers.
CUSTODIAN = "custodian"
WITH_KEY = ADMINISTRATORS | {"centre", CUSTODIAN}
NOBODY = "none"

NONCE_LIFE = timedelta(minutes=2)
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


class ProposalStatus(StrEnum):
    """Where an appointment stands; one that was decided never moves again."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    TAKEN_BACK = "taken-back"


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
    DECIDE = "decide_appointment"
    END_SESSIONS = "end_sessions"
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


def with_key_alone(named: str, *, is_demo: bool) -> frozenset[str]:
    """Who counts with a security key alone, as the operator named them, with commas between.

    Nothing named: ``WITH_KEY``, and in a demo, whose persons have no keys, nobody; ``none``: nobody. Raises ``Invalid``
    for a word that is neither a role nor ``custodian``, for it would leave somebody out unseen.
    """
    words = frozenset(named.replace(",", " ").split())
    if not words:
        return frozenset() if is_demo else WITH_KEY
    if words == {NOBODY}:
        return frozenset()
    if unknown := words - STAFF_ROLES - ENROLLABLE_ROLES - {CUSTODIAN}:
        raise Invalid(f"不认识的职务：{'、'.join(sorted(unknown))}", field="second_factor_roles")
    return words


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


@dataclass(frozen=True, slots=True)
class SessionPolicy:
    """How long sessions live, unused and at all; which roles hold but one at a time (R-1013); how long a proof is fresh
    (fault 36); what counts with a security key alone, roles and ``custodian``."""

    idle: timedelta = timedelta(minutes=15)
    age: timedelta = timedelta(hours=12)
    single: frozenset[str] = frozenset()
    fresh: timedelta = timedelta(minutes=15)
    two_factors: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """When a session began and was last used."""

    opened_at: datetime
    seen_at: datetime

    def ends_at(self, policy: SessionPolicy) -> datetime:
        """The instant at which the session is over if nothing more comes (R-1013)."""
        return min(self.opened_at + policy.age, self.seen_at + policy.idle)

    def is_alive(self, moment: datetime, policy: SessionPolicy) -> bool:
        """True while neither the idle nor the absolute limit is reached."""
        return moment < self.ends_at(policy)
