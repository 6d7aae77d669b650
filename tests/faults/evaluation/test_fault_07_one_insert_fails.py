"""Fault 07: a row of the award cannot be written: the report's last signature does not stand, and can be made again."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from tests.desk_world import Desk
from trading.awards.tables import Award, AwardBidder
from trading.papers.queries import paper as paper_of
from trading.papers.queries import signatures_of
from trading.tenders.queries import lot as lot_of

# The second of three ranked: the award, its first bidder and everything before them are there, and must go again.
_FUNCTION = """create function fails() returns trigger language plpgsql as $$ begin
raise exception 'the disk says no'; end $$"""
_TRIGGER = """create trigger fails before insert on award_bidder for each row when (new.rank = 2)
execute function fails()"""


async def _execute(desk: Desk, *statements: str) -> None:
    async with desk.hall.world.sessions() as session:
        for statement in statements:
            await session.execute(text(statement))
        await session.commit()


async def _state(desk: Desk, paper: UUID) -> tuple[Any, ...]:
    """Everything that the last signature changes."""
    async with desk.hall.world.sessions() as session:
        held, signed = await paper_of(session, paper), await signatures_of(session, paper)
        rows = [await session.scalar(select(func.count()).select_from(each)) for each in (Award, AwardBidder)]
        stage = (await lot_of(session, desk.lot_id)).stage
    return (stage, (await desk.row()).step, held.completed_at is not None, held.pdf_sha256, held.pdf_key,
            [each.capacity for each in signed], rows, [action for action, _ in await desk.acts()])


async def test_fault_07_a_report_whose_ranking_cannot_be_received_is_not_signed(desk: Desk) -> None:
    await desk.ranked()
    paper = await desk.lay_out()
    for place in range(1, 5):
        await desk.sign(paper, place)
    await _execute(desk, _FUNCTION, _TRIGGER)
    with pytest.raises(DBAPIError, match="the disk says no"):
        await desk.sign(paper, 5)
    stage, step, is_complete, sha256, key, signed, rows, acts = await _state(desk, paper)
    assert (stage, step, is_complete, signed, rows) == (
        "evaluating", "signing", False, [f"member-{place}" for place in range(1, 5)], [0, 0])
    assert not {"paper.completed", "evaluation.report_signed", "ranking.received"} & set(acts)
    with pytest.raises(DBAPIError, match="the disk says no"):
        await desk.sign(paper, 5)
    again = await _state(desk, paper)
    assert again[:7] == (stage, step, is_complete, sha256, key, signed, rows)
    await _execute(desk, "drop trigger fails on award_bidder")
    await desk.sign(paper, 5)
    stage, step, is_complete, _, _, signed, rows, acts = await _state(desk, paper)
    assert (stage, step, is_complete, rows) == ("evaluated", "finished", True, [1, 3])
    for action in ("paper.completed", "evaluation.report_signed", "ranking.received"):
        assert acts.count(action) == 1, action
