"""What a custodian holds, and what of it waits (the page /custody)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import inspect

from bidding.bids.model import PRICE
from bidding.opening.commands.periods import close_window
from bidding.opening.custody_page import custody_of
from bidding.opening.tables import Opening
from storage.kernel.actor import PUBLIC
from storage.kernel.clock import process_now
from storage.kernel.errors import NotSignedIn
from storage.kernel.identifiers import new_id
from tests.asked import statements
from tests.bids_world import Person
from tests.opening_world import Hall
from trading.tenders.tables import Lot


async def _held(hall: Hall, person: Person) -> list[dict[str, Any]]:
    async with hall.world.sessions() as session:
        return await custody_of(session, person.actor)


async def _questions(hall: Hall, person: Person) -> int:
    """How many statements the page costs."""
    async with hall.world.sessions() as session, statements(session) as asked:
        await custody_of(session, person.actor)
    return len(asked)


async def _same_again(hall: Hall, **values: Any) -> Lot:
    """Another lot that names the same custodians, by hand."""
    async with hall.world.sessions() as session:
        lot = await session.get_one(Lot, hall.lot.id)
        copied = {each.key: getattr(lot, each.key) for each in inspect(Lot).column_attrs if each.key != "version"}
        session.add(made := Lot(**{**copied, "id": new_id(), **values}))
        await session.commit()
    return made


async def _opens_its_prices(hall: Hall, lot: Lot) -> None:
    """The lot is at its second envelope, by hand; no opening on the platform is newer."""
    async with hall.world.sessions() as session:
        session.add(Opening(id=new_id(), lot_id=lot.id, envelope=PRICE, step="decrypting", step_by="", count=0,
                            step_at=process_now(), opened_at=process_now(), set_sha256="0" * 64))
        await session.commit()


async def test_a_custodian_sees_its_lots_and_no_bid_before_the_hour(hall: Hall) -> None:
    world = hall.world
    [held] = await _held(hall, world.agency)
    assert (held["lot"], held["index"], held["k"], held["n"], held["step"]) == (str(hall.lot.id), 2, 2, 3, "waiting")
    assert held["certificate"] == world.agency.identities[0].certificate.fingerprint
    assert (held["total"], held["given"], held["waiting"], held["may_release"]) == (None, None, None, False)
    assert await _held(hall, world.bidders[0]) == []
    async with world.sessions() as session:
        with pytest.raises(NotSignedIn):
            await custody_of(session, PUBLIC)


async def test_what_waits_is_counted_until_enough_has_been_given(hall: Hall) -> None:
    world = hall.world
    await hall.close()
    [held] = await _held(hall, world.tenderee)
    assert (held["total"], held["waiting"], held["may_release"]) == (3, 3, False), "the host has not begun"
    await hall.begin_now()
    [held] = await _held(hall, world.tenderee)
    assert held["may_release"]
    assert held["closes_at"] is not None
    await hall.release_shares(world.tenderee)
    [held] = await _held(hall, world.tenderee)
    assert (held["given"], held["waiting"], held["may_release"]) == (3, 0, False)
    assert held["released_at"] is not None
    await _opens_its_prices(hall, await _same_again(hall, code="TP000000000000000007", stage="planned"))
    assert await _held(hall, world.tenderee) == [held], "another lot's newer opening of prices says nothing of this one"
    await hall.release_shares(world.agency)
    await hall.release_bid(world.bidders[0])
    assert await hall.worker.decrypt() == 1
    [held] = await _held(hall, world.supervisor)
    assert (held["given"], held["waiting"]) == (0, 2), "the opened bid needs no third share"
    await hall.end_window()
    assert await close_window(hall.lot.id, world.work())
    [held] = await _held(hall, world.supervisor)
    assert (held["waiting"], held["may_release"]) == (0, False)
    later, planned = hall.lot.deadline_at + timedelta(days=2), hall.lot.deadline_at + timedelta(days=3)
    await _same_again(hall, code="TP000000000000000008", deadline_at=later)
    await _same_again(hall, code="TP000000000000000009", deadline_at=planned, stage="planned")
    waits, ended = await _held(hall, world.supervisor)
    assert (waits["step"], waits["total"], waits["complaints"], waits["may_release"]) == ("waiting", None, [], False)
    assert ended == held
    assert await _questions(hall, world.supervisor) == 2
