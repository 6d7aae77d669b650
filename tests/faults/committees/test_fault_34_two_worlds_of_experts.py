"""Fault 34: two worlds that differ in their experts tell everyone who may not know them the same (R-124, R-601, R-602).

Up to the draw the two are one database. Then the tenderee brings another number to the draw in each, chosen so that one
alias stands for one expert here and for another there, and two stand for an expert and a representative the one way and
the other. Behind every alias the same is done: one recuses itself and the next is called; the others vote and begin.
"""

import asyncio
import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from evaluation.committees.calling import draw_of
from evaluation.committees.model import alias as alias_of
from storage.crypto.canonical import to_base64
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.embedded.postgres import EmbeddedPostgres
from storage.objects.store import ObjectStore
from tests.bids_http import signed_in
from tests.bids_world import Person
from tests.committee_world import Board, found_board
from tests.opening_world import PRICES, background, found_hall
from tests.platform_parts import nodes_over
from tests.two_worlds import Inbox, Reduce, Request, World, differences, without_chance
from tests.world_walks import Fork, acting, of_the_log, outside, reading, twin_of, written

SIZE = 5
LATER = alias_of(SIZE)  # who is called when one of the five leaves
ACTORS = ("public", "tenderee", "host", "bidder")
_SEATED = "select alias, name from committee_member where status <> 'recused' order by place"


@dataclass
class Draws:
    """The fork after both draws: who sits behind which alias in either world."""

    fork: Fork
    people: Mapping[str, Person]  # by name
    known: Mapping[str, str]  # a person's identifiers → whose they are

    def seats(self, world: World) -> dict[str, str]:
        """Alias → name, as the platform alone knows."""
        return dict(_rows(world, _SEATED))

    def unseated(self) -> list[str]:
        """Experts whom neither world called."""
        called = {name for world in self.fork.both for (name,) in _rows(world, "select name from committee_member")}
        return sorted(set(self.people) - called)

    def reduce(self) -> Reduce:
        """As ``without_chance``, with persons' identifiers kept: no chance makes those differ."""
        known = re.compile("|".join(self.known))

        def reduced(value: Any) -> Any:
            said = json.dumps(value, ensure_ascii=False, default=str)
            return without_chance(json.loads(known.sub(lambda found: self.known[found.group()], said)))
        return reduced


def _rows(world: World, query: str) -> list[Any]:
    with psycopg.connect(world.node.settings.database_url.replace("+psycopg", "")) as connection:
        return connection.execute(query.encode()).fetchall()


async def _board(settings: Settings) -> tuple[Board, Person]:
    """Frozen bids, a bank of experts, a committee asked for, and an auditor; then nobody is connected any more."""
    engine, store = make_engine(settings), ObjectStore.from_settings(settings)
    try:
        hall = await found_hall(make_sessions(engine), settings, store)
        async with background(hall):
            for bidder, price in zip(hall.world.bidders, PRICES, strict=True):
                await hall.submit(bidder, price)
            board = await found_board(hall)
            assert await hall.close()
            await hall.change_lot(stage="opened")
            await board.request()
            return board, await board.founder.person("平台审计席", staff=("auditor",))
    finally:
        store.close()
        await engine.dispose()


@pytest.fixture
def draws(settings: Settings, postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[Draws]:
    """One platform, grown apart by the draw."""
    board, auditor = asyncio.run(_board(settings))
    people = {each.party.name: each for each in board.everyone.values()}
    hall = board.hall
    roles = people | {"tenderee": board.tenderee, "agency": hall.world.agency, "host": hall.host,
                      "auditor": auditor, "bidder": hall.world.bidders[0], "supervisor": hall.world.supervisor}
    (tmp_path / "twin").mkdir()
    with Inbox().listening() as first, Inbox().listening() as second, nodes_over(settings, tmp_path) as start:
        node = start(exchange_url=second.address, limit_factor=0)
        tokens = {role: str(signed_in(node, person).token) for role, person in roles.items()}
        node.stop()
        with twin_of(settings, postgres) as twin, nodes_over(twin, tmp_path / "twin") as start_twin:
            other = start_twin(public_origin=node.settings.public_origin, exchange_url=first.address, limit_factor=0)
            fork = Fork(World(other, tokens, first), World(node, tokens, second, node.log.stat().st_size,
                                                           len(second.received)), str(board.lot_id))
            node.restart()
            for world in fork.both:
                for role in ("public", *tokens):
                    world.watch(role, fork.lot_id)
            yield Draws(fork, people, _known(board))
            for world in fork.both:
                world.close()


def _known(board: Board) -> dict[str, str]:
    found = {}
    for party_id, person in board.everyone.items():
        name = person.party.name
        found |= {str(party_id): f"party of {name}", str(board.entries[party_id].id): f"expert of {name}",
                  person.identities[0].certificate.fingerprint: f"certificate of {name}"}
    return found


def _do(world: World, role: str, path: str, body: Any) -> None:
    answer = world.ask(role, "POST", path, json=body)
    assert answer.is_success, answer.text


def _draw(draws: Draws) -> None:
    """The tenderee draws in both worlds; its number in the second is chosen by what came of that in the first."""
    fork, nonce = draws.fork, secrets.token_bytes(32)
    _do(fork.first, "tenderee", f"/api/lots/{fork.lot_id}/committee/draw", {"nonce": to_base64(nonce)})
    [(drawn,)] = _rows(fork.first, "select drawn from committee")
    nonce = _other_number(drawn)
    _do(fork.second, "tenderee", f"/api/lots/{fork.lot_id}/committee/draw", {"nonce": to_base64(nonce)})


def _other_number(drawn: dict[str, Any]) -> bytes:
    """A number that seats one other expert, and the representative where an expert sits, and all else as it is."""
    here = {each["alias"]: each["candidate"] for each in drawn["chosen"]} | {drawn["representatives"][0]: ""}
    while True:
        nonce = secrets.token_bytes(32)
        draw = draw_of(drawn | {"nonce": nonce.hex()})
        names = [alias_of(place) for place in draw.places(SIZE)]
        there = dict(zip(names, [*(each.candidate for each in draw.first()), ""], strict=True))
        moved = {each for each in here if here[each] != there[each]}
        new = {each for each in moved if there[each] not in here.values() and here[each] not in there.values()}
        called = {*there.values()} - {*here.values()}
        if len(moved) == 3 and len(new) == len(called) == 1 and "" in {here[each] for each in moved}:
            return nonce


def _sit(draws: Draws, world: World, gone: str, leader: str) -> None:
    """All accept and sign in, but ``gone`` must stay away and the next is called; they vote for ``leader``."""
    path, called = f"/api/lots/{draws.fork.lot_id}/committee", draws.seats(world)
    for _, name in sorted(called.items()):
        _do(world, name, f"{path}/invitation", {"accepted": True})
    said = {"identity": True, "conflict": True, "reason": "曾任职于投标人"}
    _do(world, called.pop(gone), f"{path}/sign-in", said)
    seats = draws.seats(world)
    _do(world, seats[LATER], f"{path}/invitation", {"accepted": True})
    for _, name in sorted(seats.items()):
        _do(world, name, f"{path}/sign-in", said | {"conflict": False})
    members = dict(_rows(world, "select alias, id::text from committee_member"))
    for _, name in sorted(seats.items())[:SIZE // 2 + 1]:
        _do(world, name, f"{path}/leader", {"member_id": members[leader]})


def _begin(fork: Fork) -> None:
    for world in fork.both:
        _do(world, "host", f"/api/lots/{fork.lot_id}/committee/begin-evaluation", {"expected": "drawn"})


@pytest.mark.cts("A-134")
def test_two_worlds_that_differ_in_their_experts_tell_the_same_to_all_who_may_not_know_them(draws: Draws) -> None:
    fork = draws.fork
    _draw(draws)
    here, there = (draws.seats(world) for world in fork.both)
    same = sorted(each for each in here if here[each] == there[each])
    [gone] = [each for each in here if here[each] not in there.values()]
    assert (len(here), len(same)) == (SIZE, 2)
    for world in fork.both:
        _sit(draws, world, gone, same[0])
    _begin(fork)
    outsiders = [each for each in fork.second.tokens if each not in {*draws.people, "supervisor"}]
    roles = ["public", *outsiders, *draws.unseated()[-2:], *(here[each] for each in same)]
    assert len(roles) == 10
    committee = Request("readCommittee", "GET", f"/api/lots/{fork.lot_id}/committee")
    assert differences(fork.both, "supervisor", [committee], draws.reduce()), "to who may know they are two"
    names = fork.second.names() | {"expert_id": [], "party_id": []}
    for name in (here[gone], there[gone], here[same[0]]):
        for kind in ("expert", "party"):
            names[f"{kind}_id"] += [each for each, whose in draws.known.items() if whose == f"{kind} of {name}"]
    told = [*reading(fork, roles, names, draws.reduce()), *of_the_log(fork, roles, draws.reduce()),
            *acting(fork, [each for each in roles if each in ACTORS], names, draws.reduce()),
            *outside(fork, expected=0), *written(fork)]
    if told:
        pytest.fail("\n".join(told), pytrace=False)
