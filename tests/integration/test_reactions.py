"""What follows from an act follows once: whoever follows, however often, whatever else fails."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from storage.database.engine import Sessions
from storage.ledger.outbox import append
from storage.reactions.following import Follower
from storage.reactions.tables import ReactionPosition
from tests.ledger_world import (
    REACTION,
    REACTION_PROCESS,
    dies_by_kill,
    draft,
    eventually,
    process,
    sequencing,
    sessions_of,
)


async def act(sessions: Sessions, *numbers: int, fails: bool = False) -> None:
    """Acts that are to be followed."""
    async with sessions() as session, session.begin():
        at = (await session.execute(text("select clock_timestamp()"))).scalar_one()
        for number in numbers:
            made = draft(number)
            await append(session, replace(made, payload={**made.payload, "fails": fails}), at)


async def followed(sessions: Sessions) -> list[str]:
    """The subjects that were followed, numbered or not."""
    query = ("select subject from ledger_outbox where action = 'lot.followed' union all "
             "select entry::json->>'subject' from ledger_entry where entry::json->>'action' = 'lot.followed'")
    async with sessions() as session:
        return sorted((await session.scalars(text(query))).all())


async def numbered(sessions: Sessions, count: int) -> bool:
    """Whether the sequencer has numbered that many acts to follow."""
    query = text("select count(*) from ledger_entry where entry::json->>'action' = 'lot.extended'")
    async with sessions() as session:
        return bool((await session.execute(query)).scalar_one() == count)


async def test_each_act_is_followed_once_by_however_many_nodes(database_url: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url):
        await act(sessions, *range(12))
        await eventually(lambda: numbered(sessions, 12))
        nodes = [Follower(sessions, [REACTION]) for _ in range(3)]
        for _ in range(3):
            await asyncio.gather(*(node.follow() for node in nodes))
        assert await followed(sessions) == sorted(f"act:{number}" for number in range(12))
        assert await nodes[0].follow() == 0


async def test_a_reaction_that_fails_rests_says_why_and_holds_no_other(database_url: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url):
        await act(sessions, 0)
        await act(sessions, 1, fails=True)
        await act(sessions, 2)
        await eventually(lambda: numbered(sessions, 3))
        other = replace(REACTION, name="test.other", actions=frozenset({"lot.never"}))
        follower = Follower(sessions, [REACTION, other])
        await follower.follow()
        assert await followed(sessions) == ["act:0"]
        async with sessions() as session:
            held = (await session.scalars(select(ReactionPosition).where(
                ReactionPosition.name == REACTION.name))).one()
            went_on = (await session.scalars(select(ReactionPosition.next_seq).where(
                ReactionPosition.name == other.name))).one()
        assert (held.attempts, held.last_error) == (1, "refused: 这条动作不能跟进")
        assert held.retry_at is not None
        assert went_on > held.next_seq
        assert await follower.follow() == 0  # it rests, and act 2 waits behind act 1, in order


@pytest.mark.parametrize("point", ["reaction.moved", "reaction.committed"])
async def test_fault_03_a_killed_node_loses_and_doubles_nothing(database_url: str, point: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url):
        await act(sessions, *range(8))
        await eventually(lambda: numbered(sessions, 8))
        for passages in ("0", "2"):
            assert await dies_by_kill(REACTION_PROCESS, database_url, YUNKAI_FAULT_POINT=point,
                                      YUNKAI_FAULT_AFTER=passages)
        survivor = process(REACTION_PROCESS, database_url)
        try:
            async def all_followed() -> bool:
                return len(await followed(sessions)) >= 8
            await eventually(all_followed)
        finally:
            survivor.kill()
            survivor.wait()
        assert await followed(sessions) == sorted(f"act:{number}" for number in range(8))
