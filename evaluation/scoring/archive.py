"""The evaluation as the archive carries it: plain data from which ``verification`` recomputes everything."""

import json
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from evaluation.committees.queries import sitting
from evaluation.scoring.holding import reasons_of
from evaluation.scoring.tables import Evaluation, ScoreSheet
from evaluation.scoring.voting import votes_of

_BID = ("bid", "place", "name", "uscc", "price", "sealed", "unopened")


async def evaluation_document(session: AsyncSession, lot_id: UUID) -> dict[str, Any] | None:
    """The document of a ranked evaluation, as ``verify_evaluation`` takes it; None before there is a ranking."""
    held = await session.get(Evaluation, lot_id)
    if held is None or held.outcome is None:
        return None
    seats = await sitting(session, lot_id)
    members = {each["member"]: each["alias"] for each in held.technical["members"]} if held.technical else {
        str(each.member_id): each.alias for each in seats}
    rows = await session.scalars(select(ScoreSheet).where(ScoreSheet.lot_id == lot_id).order_by(
        ScoreSheet.round, ScoreSheet.member_id))
    document = {
        "v": 1, "lot": str(lot_id), "method": held.method, "set_sha256": held.set_sha256, "round": held.round,
        "members": [{"member": member, "alias": alias} for member, alias in members.items()],
        "bids": [{name: each[name] for name in _BID if name in each} for each in held.bids],
        "votes": [{"member": vote.member, "bid": vote.bid, "item": vote.item, "passes": vote.passes,
                   "reason": vote.reason, "page": vote.page}
                  for vote in await votes_of(session, lot_id) if vote.member in members],
        "sheets": [{"member": str(row.member_id), "round": row.round, "commitment": row.commitment, "text": row.text}
                   for row in rows],
        "alerts": held.alerts, "reasons": await reasons_of(session, held), "restarts": held.restarts,
        "outcome": held.outcome, "outcome_sha256": held.outcome_sha256,
        "report": {"paper": str(held.paper_id)} if held.finished_at else None,
        **({"technical": held.technical, "technical_sha256": held.technical_sha256} if held.technical else {})}
    plain: dict[str, Any] = json.loads(json.dumps(document, ensure_ascii=False))
    return plain
