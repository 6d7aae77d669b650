"""Who may do what to an enterprise's entry; what is not granted here is denied."""

from uuid import UUID

from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotSignedIn
from storage.kernel.permission import CERTIFICATE, FRESH, SIGNED, rows
from trading.parties.model import Act

_OWN = frozenset({Act.EDIT, Act.DELETE, Act.DECLARE, Act.BIND, Act.UNBIND, Act.READ})
_CENTRE = frozenset({Act.VERIFY, Act.REFUSE, Act.STOP, Act.ALLOW, Act.READ, Act.LIST})
_SECURITY = frozenset({Act.APPOINT, Act.END_SESSIONS})
_READERS = frozenset({Act.READ, Act.LIST})


def may(actor: Actor, act: Act, party_id: UUID | None = None) -> bool:
    """True when the actor has the right, whatever the state of the subject.

    Nobody verifies, stops, allows or appoints itself (R-200, A-28).
    """
    if actor.is_party(party_id):
        return act in _OWN
    if act is Act.DECIDE:
        return actor.has("security_administrator") or actor.has("supervisor")
    if act in _SECURITY:
        return actor.has("security_administrator")
    if actor.has("centre"):
        return act in _CENTRE
    return act in _READERS and (actor.has("supervisor") or actor.has("security_administrator"))


def permit(actor: Actor, act: Act, party_id: UUID | None = None) -> None:
    """Raises ``NotSignedIn`` or ``NotAllowed`` when the actor has no right to the act."""
    if may(actor, act, party_id):
        return
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    raise NotAllowed("您没有权限进行此操作", act=act.value)


def permit_reading_appointments(actor: Actor) -> None:
    """Raises ``NotSignedIn`` or ``NotAllowed`` unless the actor appoints, supervises or audits."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not actor.roles & {"security_administrator", "supervisor", "auditor"}:
        raise NotAllowed("您没有权限进行此操作", act="read_appointments")


def permit_choosing(actor: Actor) -> None:
    """Raises ``NotSignedIn`` or ``NotAllowed`` unless the actor plans tenders and so names people for them."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not actor.roles & {"tenderee", "agency", "centre"}:
        raise NotAllowed("您没有权限进行此操作", act="choose_people")


def permit_disclosing(actor: Actor) -> None:
    """Raises ``NotSignedIn`` or ``NotAllowed`` unless the actor has a duty that may need a person's data whole."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not actor.roles & {"centre", "supervisor"}:
        raise NotAllowed("您没有权限进行此操作", act="disclose")


def permit_own(actor: Actor, act: Act) -> UUID:
    """The enterprise the actor acts for, when it may do this to itself; raises ``NotSignedIn``, ``NotAllowed``."""
    permit(actor, act, actor.party_id)
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    return actor.party_id

# Who may do what with an enterprise's entry and its sessions (fault 33).
PERMISSIONS = (
    *rows("public", "readAgreement takeChallenge signIn signInRenewed signInWithKey enrol signOut readMe "
                    "askConfirmation takeConfirmation"),
    *rows("party", "signInAgain proveByKey registerKey confirmProgram", proof=SIGNED),
    *rows("party", "findProgram refuseProgram"),
    *rows("party", "editEnrolment declareEnrolment deleteEnrolment listKeys beginKey beginKeyProof listSessions"),
    # Who left a session open somewhere ends it with a proof; whoever found it there ends nobody's (ASVS 7.5.2).
    *rows("party", "endAllSessions", proof=FRESH),
    # The certificate that is bound signs, but so would a thief's: one that is bound already has to.
    *rows("party", "bindCertificate", proof=CERTIFICATE),
    *rows("party:own", "unbindCertificate", proof=CERTIFICATE),
    *rows("party:own", "endSession", proof=FRESH),
    *rows("centre supervisor security_administrator", "listParties"),
    *rows("party:own centre supervisor security_administrator", "readParty"),
    *rows("centre supervisor", "disclosePartyData", proof=FRESH),
    *rows("centre", "verifyParty refuseParty stopParty allowParty", proof=FRESH),
    *rows("security_administrator", "proposeAppointment endPartySessions", proof=CERTIFICATE),
    *rows("security_administrator supervisor auditor", "listAppointments"),
    *rows("security_administrator supervisor", "approveAppointment refuseAppointment", proof=CERTIFICATE),
    *rows("tenderee agency centre", "listPartyChoices"),
)
