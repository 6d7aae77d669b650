"""Who may do what to the trust list; what is not granted here is denied."""

from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotSignedIn
from storage.kernel.permission import CERTIFICATE, rows
from trading.trust.model import Act

# Who keeps the list. Another of them decides, or who supervises; that it is another person is R-700.
KEEPERS = frozenset({"security_administrator"})
DECIDERS = KEEPERS | {"supervisor"}
READERS = DECIDERS | {"centre", "auditor"}

_GRANTED = {Act.PROPOSE: KEEPERS, Act.TAKE_BACK: KEEPERS, Act.APPROVE: DECIDERS, Act.REFUSE: DECIDERS}


def may(actor: Actor, act: Act) -> bool:
    """True when the actor has the right, whatever the state of the subject."""
    return actor.party_id is not None and bool(actor.roles & _GRANTED[act])


def permit(actor: Actor, act: Act) -> None:
    """Raises ``NotSignedIn`` or ``NotAllowed`` when the actor has no right to the act."""
    if may(actor, act):
        return
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    raise NotAllowed("您没有权限进行此操作", act=act.value)


def permit_reading(actor: Actor) -> None:
    """Proposals are for those who keep, decide or supervise; the list itself is public."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not actor.roles & READERS:
        raise NotAllowed("您没有权限进行此操作", act="read_proposals")


# Who may do what to the trust list (fault 33); that the decider is another person is R-700.
PERMISSIONS = (
    *rows("public", "readTrustList readTrustEdition readTrustEvidence"),
    *rows("security_administrator supervisor centre auditor", "listTrustProposals"),
    *rows("security_administrator", "proposeTrustChange proposeTrustImport takeBackTrustChange",
          proof=CERTIFICATE),
    *rows("security_administrator supervisor", "approveTrustChange refuseTrustChange", proof=CERTIFICATE),
)
