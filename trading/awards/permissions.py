"""What somebody is to one lot's award: the roles that the table of acts asks for."""

from collections.abc import Collection
from uuid import UUID

from storage.kernel.actor import Actor
from trading.tenders.permissions import is_tenderee
from trading.tenders.tables import Lot

INSIDE = frozenset({"tenderee", "agency", "centre", "supervisor"})


def roles_of(actor: Actor, lot: Lot, bidders: Collection[UUID] = (), winner: UUID | None = None) -> frozenset[str]:
    """``interested`` is every enrolled bidder: whoever has an interest may object (IR 54). Empty for the public."""
    roles = set(actor.roles & {"centre", "supervisor"})
    if is_tenderee(actor, lot):
        roles.add("tenderee")
    if actor.has("agency") and actor.is_party(lot.agency_id):
        roles.add("agency")
    if actor.has("bidder"):
        roles.add("interested")
    if actor.party_id is not None and actor.party_id in bidders:
        roles.add("bidder")
    if actor.is_party(winner):
        roles.add("winner")
    if actor.party_id is not None:
        roles.add("party")
    return frozenset(roles)


def is_inside(roles: frozenset[str]) -> bool:
    """True for those who read drafts, rankings and letters."""
    return bool(roles & INSIDE)
