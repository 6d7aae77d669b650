"""Fault 07: one INSERT of a draw fails: no member is called, nothing is recorded, and the same draw can be done."""

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from evaluation.committees.tables import CommitteeMember
from storage.ledger.tables import LedgerOutbox
from tests.committee_world import Board

_FUNCTION = """
create function fail_fourth() returns trigger language plpgsql as $$
begin
  if new.place = 3 then raise exception 'the disk says no'; end if;
  return new;
end $$
"""
_TRIGGER = "create trigger fail_fourth before insert on committee_member for each row execute function fail_fourth()"


async def _execute(board: Board, *statements: str) -> None:
    async with board.hall.world.sessions() as session:
        for statement in statements:
            await session.execute(text(statement))
        await session.commit()


async def test_fault_07_a_draw_is_whole_or_not_at_all(frozen_board: Board) -> None:
    board = frozen_board
    await board.request()
    await _execute(board, _FUNCTION, _TRIGGER)
    with pytest.raises(DBAPIError):
        await board.draw()
    committee = await board.committee()
    assert (committee.step, committee.drawn) == ("requested", None)
    async with board.hall.world.sessions() as session:
        assert (await session.execute(select(func.count()).select_from(CommitteeMember))).scalar_one() == 0
        waiting = (await session.scalars(select(LedgerOutbox.action))).all()
    assert "committee.drawn" not in waiting
    assert await board.hall.entries("committee.drawn", "committee.pool") == []
    await _execute(board, "drop trigger fail_fourth on committee_member")
    await board.draw()
    assert len(await board.members()) == 5
