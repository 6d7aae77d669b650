"""Fault 23 for the award: two press the same button at once; one act happens, the other hears that it is done."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import httpx
from sqlalchemy import select

from storage.database.engine import Sessions
from tests.awards_world import Evaluated
from tests.integration.awards.conftest import courier, evaluated, house
from tests.tenders_world import Person
from trading.tenders.tables import Notice

__all__ = ["courier", "evaluated", "house"]


async def _at_once(people: Sequence[Person], path: str, body: object) -> list[int]:
    async def press(person: Person) -> httpx.Response:
        return await person.http.post(path, json=body)

    return sorted(answer.status_code for answer in await asyncio.gather(*map(press, people)))


async def test_two_who_publicise_confirm_and_send_at_once_act_once(evaluated: Evaluated, sessions: Sessions) -> None:
    office, at = evaluated.office, evaluated.at
    path = f"{at}/award-texts/candidates"
    await office.agency.put(path, {"objection_channel": "张工"})
    await office.agency.post(f"{path}/submit", {})
    await office.tenderee.post(f"{path}/review", {"accepted": True})
    both = (office.agency, office.tenderee)
    assert await _at_once(both, f"{path}/publish", {}) == [200, 409]
    await evaluated.end_publicity()
    twice = (office.tenderee, office.tenderee)
    assert await _at_once(twice, f"{at}/winner", {"bidder": evaluated.ids[0]}) == [200, 409]
    await evaluated.letters()
    assert await _at_once(both, f"{at}/letters/send", {}) == [409, 409]
    acts = await evaluated.acts()
    for action in ("candidates.publicised", "winner.confirmed", "letters.sent"):
        assert acts[action] == 1, action
    async with sessions() as session:
        notices = await session.scalars(select(Notice.kind).where(Notice.lot_id == UUID(evaluated.lot["id"])))
        assert sorted(notices) == ["candidates", "tender"]
