"""What becomes of a bid that cannot be opened: cause, whose fault, evidence (R-144, R-506, R-1106)."""

from collections.abc import Mapping
from datetime import datetime

from bidding.opening.model import CAUSES, TERMINAL, BidState, Cause
from bidding.opening.statements import Statement
from bidding.opening.tables import OpenedBid
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire


def settle(uow: Work, bid: OpenedBid, cause: Cause, evidence: Mapping[str, object], actor: Actor) -> None:
    """Makes a bid terminal under a cause and records it; a terminal bid stays what it is."""
    if bid.state in TERMINAL:
        return
    bid.state, bid.cause, bid.evidence = cause.becomes, cause.code, dict(evidence)
    bid.claimed_until = None
    action = "bid.revoked" if cause.becomes == BidState.REVOKED else "bid.withdrawn_by_fault"
    uow.record(action, actor, stream=f"lot:{bid.lot_id}", subject=f"bid:{bid.bid_id}", payload={
        "bid": str(bid.bid_id), "place": bid.place, "cause": cause.code, "title": cause.title,
        "at_fault": cause.at_fault, "consequence": cause.consequence, "evidence": dict(evidence)})


def note_failure(uow: Work, bid: OpenedBid, code: str, actor: Actor) -> None:
    """Records a failed attempt that may be tried again inside the window (fault 30)."""
    cause = CAUSES[code]
    bid.cause, bid.attempts = code, bid.attempts + 1
    uow.record("bid.release_failed", actor, stream=f"lot:{bid.lot_id}", subject=f"bid:{bid.bid_id}", payload={
        "bid": str(bid.bid_id), "place": bid.place, "cause": code, "title": cause.title, "attempts": bid.attempts})


def queue(bid: OpenedBid, at: datetime) -> None:
    """The bid waits for a worker; recorded by the act that brought the last missing secret."""
    bid.state, bid.queued_at, bid.cause = BidState.QUEUED, at, None


def note_decrypted(uow: Work, bid: OpenedBid, statement: Statement, at: datetime, actor: Actor) -> None:
    """The statement is open. The entry says so and no more: prices come all at once, later (R-508)."""
    bid.state, bid.statement, bid.decrypted_at = BidState.DECRYPTED, dict(statement.values), at
    bid.guarantee = dict(statement.guarantee) if statement.guarantee is not None else None
    bid.cause, bid.claimed_until = None, None
    uow.record("bid.decrypted", actor, stream=f"lot:{bid.lot_id}", subject=f"bid:{bid.bid_id}", payload={
        "bid": str(bid.bid_id), "place": bid.place, "at": to_wire(at)})
