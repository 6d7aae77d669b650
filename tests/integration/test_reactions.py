"""What follows from an act follows once: whoever follows, however often, whatever else fails."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select, text, update

from storage.database.engine import Sessions
from storage.database.work import Work
from storage.kernel.errors import Refused
from storage.ledger.outbox import append
from storage.reactions.aside import all_aside
from storage.reactions.following import Follower
from storage.reactions.model import Heard, by_subject
from storage.reactions.tables import ReactionAside
from tests.ledger_world import (
    LOT,
    REACTION,
    REACTION_PROCESS,
    dies_by_kill,
    draft,
    following,
    process,
    sequencing,
    sessions_of,
)
from tests.waiting import eventually


async def act(sessions: Sessions, *numbers: int, fails: bool = False, stream: str = LOT) -> None:
    """Acts that are to be followed."""
    async with sessions() as session, session.begin():
        at = (await session.execute(text("select clock_timestamp()"))).scalar_one()
        for number in numbers:
            made = draft(number, stream=stream)
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


async def aside_of(sessions: Sessions, name: str) -> list[tuple[int, str | None]]:
    """Attempts and error of what the reaction set aside, in order."""
    async with sessions() as session:
        query = select(ReactionAside).where(ReactionAside.name == name).order_by(ReactionAside.seq)
        return [(each.attempts, each.last_error) for each in await session.scalars(query)]


async def made_due(sessions: Sessions) -> None:
    """Whatever rests has rested."""
    async with sessions() as session, session.begin():
        await session.execute(update(ReactionAside).values(retry_at=text("clock_timestamp()")))


async def failed_for_weeks(sessions: Sessions) -> None:
    """What failed has failed every five minutes since, and is due."""
    async with sessions() as session, session.begin():
        await session.execute(update(ReactionAside).where(ReactionAside.attempts > 0).values(attempts=8000))
    await made_due(sessions)


async def test_an_entry_that_fails_is_set_aside_and_only_its_row_waits_behind_it(database_url: str) -> None:
    failing = {"act:1"}

    async def fussy(work: Work, heard: Heard) -> None:
        if heard.subject in failing:
            raise Refused("这条动作不能跟进")
        await following(work, heard)

    async with sessions_of(database_url) as sessions, sequencing(database_url):
        await act(sessions, 0, 1, 2)
        await act(sessions, 3, stream="lot:00000000-0000-0000-0000-00000000000b")
        await eventually(lambda: numbered(sessions, 4))
        follower = Follower(sessions, [replace(REACTION, act=fussy)])
        await follower.follow()
        assert await followed(sessions) == ["act:0", "act:3"], "another lot goes on; act 2 waits behind act 1"
        assert await aside_of(sessions, REACTION.name) == [(1, "refused: 这条动作不能跟进"), (0, None)]
        async with sessions() as session:
            told = await all_aside(session)
        assert [(each.name, each.attempts, each.last_error) for each in told] == [
            (REACTION.name, 1, "refused: 这条动作不能跟进")]
        await made_due(sessions)
        assert await follower.follow() == 0, "it fails again, and act 2 goes not before it"
        assert [attempts for attempts, _ in await aside_of(sessions, REACTION.name)] == [2, 0]
        assert await follower.follow() == 0, "it rests"
        await failed_for_weeks(sessions)
        await follower.follow()
        assert [attempts for attempts, _ in await aside_of(sessions, REACTION.name)] == [8001, 0], "and goes on trying"
        failing.clear()
        await act(sessions, 4)
        await eventually(lambda: numbered(sessions, 5))
        await follower.follow()
        assert await followed(sessions) == ["act:0", "act:3"], "act 4 waits as well"
        await made_due(sessions)
        for _ in range(3):
            await follower.follow()
        assert await followed(sessions) == [f"act:{number}" for number in range(5)]
        assert await aside_of(sessions, REACTION.name) == []
        assert await follower.follow() == 0


async def test_rows_by_subject_wait_for_nobody_and_an_effect_taken_up_comes_once(database_url: str) -> None:
    async with sessions_of(database_url) as sessions, sequencing(database_url):
        await act(sessions, 0, fails=True)
        await act(sessions, 1, 2)
        await eventually(lambda: numbered(sessions, 3))
        apart = replace(REACTION, row=by_subject)
        await Follower(sessions, [apart]).follow()
        assert await followed(sessions) == ["act:1", "act:2"]
        sound = replace(apart, act=lambda work, heard: following(work, replace(heard, payload={})))
        await made_due(sessions)
        await asyncio.gather(*(Follower(sessions, [sound]).follow() for _ in range(3)))
        assert await followed(sessions) == ["act:0", "act:1", "act:2"]


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
