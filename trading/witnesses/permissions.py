"""Who may register a witness: whoever is enrolled and verified, one each. What is not granted here is denied."""

from uuid import UUID

from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotSignedIn
from storage.kernel.permission import rows
from trading.witnesses.model import Act


def permit(actor: Actor, act: Act, owner: UUID | None) -> UUID:
    """The enterprise or body that acts, about a witness of its own; raises ``NotSignedIn``, ``NotAllowed``."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not actor.is_party(owner):
        raise NotAllowed("只有登记见证人的单位可以停用它", act=act.value)
    return actor.party_id


# Cosignatures need no session: the signature itself is the right (fault 33).
PERMISSIONS = (
    *rows("public", "listWitnesses checkpointToCosign handInCosignature"),
    *rows("party", "registerWitness"),
    *rows("party:own", "retireWitness"),
)
