"""One task list a person: what is its turn, and never a word of what others do before the deadline (R-122)."""

import pytest

from bidding.bids.queries import own_bids
from bidding.bids.tasks import tasks_of as bid_tasks
from bidding.opening.commands.periods import NextStep, begin_decryption
from bidding.opening.tasks import tasks_of as opening_tasks
from storage.kernel.actor import PUBLIC
from storage.kernel.clock import process_now
from tests.asked import statements
from tests.bids_world import Client, Person
from tests.opening_world import PRICES, Hall

Tasks = list[tuple[str, str]]


async def _tasks(hall: Hall, person: Person) -> Tasks:
    async with hall.world.sessions() as session:
        now = process_now()
        found = [*await bid_tasks(session, person.actor, now), *await opening_tasks(session, person.actor, now)]
    return [(task.kind, task.link.rsplit("/", 1)[1]) for task in found]


async def _all(hall: Hall, *but: Person) -> dict[str, Tasks]:
    people = [hall.host, hall.recorder, *hall.world.custodians, *hall.world.bidders]
    return {each.party.name: await _tasks(hall, each) for each in people if each not in but}


@pytest.mark.cts("A-96")
async def test_before_the_deadline_a_bid_shows_in_its_bidders_list_alone(empty_hall: Hall) -> None:
    hall = empty_hall
    first, second, third = hall.world.bidders
    before = await _all(hall, first, second)
    assert before[hall.host.party.name] == [("attend_opening", "hall")]
    assert before[hall.world.tenderee.party.name] == [("attend_opening", "hall")]
    assert before[third.party.name] == []
    version = await Client(hall.world, first, hall.store).start()
    assert await _tasks(hall, first) == [("finish_bid", "bid")]
    await Client(hall.world, first, hall.store).upload(version=version)
    await hall.uploaded(version)
    assert await _tasks(hall, first) == [("submit_bid", "bid")], "uploaded is not submitted"
    await hall.submit(second, PRICES[1])
    assert await _tasks(hall, second) == [("attend_opening", "hall")]
    assert await _all(hall, first, second) == before, "nobody else's list has changed"


async def test_a_bidder_lists_its_own_bids_alone(empty_hall: Hall) -> None:
    hall = empty_hall
    first, second, third = hall.world.bidders
    await hall.submit(first, PRICES[0])
    replacement = await Client(hall.world, first, hall.store).upload()
    await hall.uploaded(replacement)
    await Client(hall.world, second, hall.store).start()
    async with hall.world.sessions() as session:
        mine = await own_bids(session, first.party.id)
        others = [await own_bids(session, each.party.id) for each in (second, third)]
    assert [(each.counting and each.counting.number, each.at_work and each.at_work.status) for each in mine] == [
        (1, "uploaded")]
    assert [[each.at_work and each.at_work.status for each in bids] for bids in others] == [["draft"], []]


async def test_in_the_hall_each_has_what_is_its_turn(hall: Hall) -> None:
    bidder, host, world = hall.world.bidders[0], hall.host, hall.world
    assert await hall.close()
    assert await _tasks(hall, host) == [("begin_decryption", "hall")]
    await begin_decryption(hall.lot.id, NextStep("frozen"), host.actor, world.work())
    assert await _tasks(hall, bidder) == [("release_bid", "hall")]
    assert await _tasks(hall, world.tenderee) == [("release_shares", "custody")]
    assert await _tasks(hall, world.supervisor) == [("release_shares", "custody")]
    await hall.release_all()
    assert await _tasks(hall, bidder) == []
    assert await _tasks(hall, world.supervisor) == []  # two of three sufficed: nothing waits for the third
    assert await _tasks(hall, host) == [("announce", "hall")]
    rows = await hall.announce()
    assert await _tasks(hall, bidder) == [("confirm", "hall")]
    await hall.conclude(rows)
    assert await _tasks(hall, bidder) == []
    assert await _tasks(hall, host) == await _tasks(hall, hall.recorder) == [("sign_record", "hall")]
    await hall.publish()
    assert not any((await _all(hall)).values()), "nothing is left to do"


async def test_the_public_owes_nothing(hall: Hall) -> None:
    async with hall.world.sessions() as session:
        assert await opening_tasks(session, PUBLIC, process_now()) == []


async def test_however_many_halls_there_are_the_database_is_asked_once(hall: Hall) -> None:
    async with hall.world.sessions() as session, statements(session) as asked:
        [task] = await opening_tasks(session, hall.host.actor, process_now())
    assert (task.kind, len(asked)) == ("attend_opening", 1)
