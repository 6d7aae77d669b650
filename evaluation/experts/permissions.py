"""Who reads and who keeps the expert bank; what is not granted here is denied."""

from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotSignedIn
from storage.kernel.permission import rows

_READERS = frozenset({"centre", "supervisor"})


def may_keep(actor: Actor) -> bool:
    """True for staff of the centre."""
    return actor.has("centre")


def may_read(actor: Actor) -> bool:
    """True for those who may see the whole bank; that tells nothing of who sits in a committee (A-134)."""
    return bool(actor.roles & _READERS)


def permit_keeping(actor: Actor) -> None:
    """Raises ``NotSignedIn`` or ``NotAllowed`` unless the actor keeps the bank."""
    _require(actor, may_keep(actor))


def permit_reading(actor: Actor) -> None:
    """Raises ``NotSignedIn`` or ``NotAllowed`` unless the actor may see the bank."""
    _require(actor, may_read(actor))


def _require(actor: Actor, is_granted: bool) -> None:
    if is_granted:
        return
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    raise NotAllowed("您没有权限进行此操作", act="expert_bank")

# Who may do what with the expert bank (fault 33).
PERMISSIONS = (
    *rows("centre supervisor", "listExperts readExpert"),
    *rows("centre", "enterExpert changeExpert noteExpert verifyExpert setExpertStatus"),
    *rows("expert representative", "readOwnExpert"),
)
