"""The life of two lots, in scenes at which every door is tried: from a draft to the contract."""

import secrets
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from storage.database.engine import Sessions
from storage.database.work import Work
from storage.kernel.clock import process_now
from tests.awards_world import evaluated_lot
from tests.bids_world import Founder
from tests.bids_world import Person as Holder
from tests.committee_world import Board, found_board
from tests.desk_world import METHOD, Desk
from tests.opening_world import Hall
from tests.permission_world import Doors, Member, Scene
from tests.tenders_world import NOTICE_FIELDS, Office, Person, enrolled, open_office, plan
from trading.parties.living import token_digest
from trading.parties.tables import LoginSession, Party

OUTSIDERS = {"other tenderee": ("海州区教育局", ("tenderee",), ()), "other agency": ("苏北招标代理", ("agency",), ()),
             "other bidder": ("淮安第四建设有限公司", ("bidder",), ()), "other centre": ("赣榆分中心", (), ("centre",)),
             "system": ("信息科", (), ("system_administrator",)),
             "security": ("安全科", (), ("security_administrator",)), "auditor": ("审计科", (), ("auditor",)),
             "unverified": ("未验证单位", (), ())}


async def signed_in(sessions: Sessions, party: Party, certificate: str, *grants: str,
                    capacity: str = "") -> Member:
    """Someone with a living session; the grants of its roles come by themselves."""
    token, now = secrets.token_urlsafe(32), process_now()
    async with sessions() as session:
        session.add(LoginSession(token_sha256=token_digest(token), party_id=party.id, certificate=certificate,
                                 opened_at=now, seen_at=now, address="127.0.0.1"))
        await session.commit()
    held = [*(party.staff_roles or party.roles)]
    return Member(token, party.id, frozenset({"party", *held, *grants, *["party:verified"][:len(held)]}),
                  capacity or ("host" if "centre" in held else "tenderee"))


async def outsiders(sessions: Sessions, founder: Founder) -> dict[str, Member]:
    """Everyone who has a role and nothing to do with the lot."""
    found = {}
    for name, (title, roles, staff) in OUTSIDERS.items():
        person = await founder.person(title, *roles, staff=staff)
        found[name] = await _member(sessions, person)
    return found


async def _member(sessions: Sessions, person: Holder, *grants: str, capacity: str = "") -> Member:
    return await signed_in(sessions, person.party, person.identities[0].certificate.fingerprint, *grants,
                           capacity=capacity)


async def _around_the_hall(hall: Hall, board: Board, others: dict[str, Member]) -> dict[str, Member]:
    sessions, world = hall.world.sessions, hall.world
    custody = "party:custodian"
    return {
        "tenderee": await _member(sessions, world.tenderee, "tenderee:own", custody),
        "agency": await _member(sessions, world.agency, "agency:own", custody),
        "supervisor": await _member(sessions, world.supervisor, custody, "party:reader"),
        "bidder": await _member(sessions, world.bidders[0], "bidder:own", "bidder:bid", "party:own"),
        "rival": await _member(sessions, world.bidders[1], "bidder:bid"),
        "host": await _member(sessions, hall.host, "centre:host", capacity="host"),
        "recorder": await _member(sessions, hall.recorder, "centre:recorder", capacity="recorder"),
        "other expert": await _member(sessions, next(each for each in board.experts if each.party.name == "监理专家")),
        **others}


async def _committee(board: Board, cast: dict[str, Member]) -> Desk:
    """Drawn, signed in, led; its leader, a member and the representative join the cast."""
    await board.drawn()
    seated = await board.seat_everyone()
    leader = next(each for each in seated if each.capacity == "expert")
    member = next(each for each in seated if each.capacity == "expert" and each.id != leader.id)
    delegate = next(each for each in seated if each.capacity != "expert")
    await board.elect(leader)
    desk = Desk(board, [leader, *(each for each in seated if each.id != leader.id)])
    places = {each.member_id: place for place, each in enumerate(await desk.sitting(), 1)}
    for name, each, grants in (("leader", leader, ("expert:member", "expert:leader")),
                               ("member", member, ("expert:member",)),
                               ("delegate", delegate, ("representative:member",))):
        person = board.everyone[each.party_id]
        cast[name] = await _member(board.hall.world.sessions, person, *grants, "party:seat",
                                   capacity=f"member-{places[each.id]}")
    return desk


async def scenes_of_an_opening(hall: Hall, founder: Founder) -> AsyncIterator[Scene]:
    """From the first sealed bid to the laid-out report."""
    async with hall.world.sessions() as session:  # the hall's lot was written by hand, with the first code
        await session.execute(text("insert into code_serial values ('E3207000001', 100)"))
        await session.execute(text("update tender_project set lot_serial = 100"))
        await session.commit()
    await hall.change_lot(**METHOD)
    board = await found_board(hall)
    cast = await _around_the_hall(hall, board, await outsiders(hall.world.sessions, founder))

    def scene(name: str, stage: str) -> Scene:
        return Scene(name, stage, hall.lot.id, hall.world.bidders[0].party.id, cast)

    yield scene("bids are taken", "selling")
    await hall.begin()
    yield scene("bids are opened", "opening")
    await hall.release_all()
    await hall.conclude(await hall.announce())
    await hall.publish()
    while await hall.worker.check():
        pass
    desk = await _committee(board, cast)
    yield scene("the record is public", "opened")
    await board.begin()
    yield scene("the committee is at work", "evaluating")
    await desk.ranked()
    await desk.lay_out()
    yield scene("the report is laid out", "evaluating")


def _token(person: Person) -> str:
    return person.http.headers["authorization"].removeprefix("Bearer ")


def _around_the_office(office: Office, others: dict[str, Member]) -> dict[str, Member]:
    known: dict[str, tuple[Person, tuple[str, ...]]] = {
        "tenderee": (office.tenderee, ("tenderee:own", "party:custodian", "party:seat", "party:reader")),
        "agency": (office.agency, ("agency:own", "party:custodian", "party:reader")),
        "supervisor": (office.supervisor, ("party:custodian", "party:reader")),
        "bidder": (office.bidder, ("bidder:own", "bidder:addressee", "bidder:winner", "party:own", "party:seat",
                                   "party:reader")),
        "rival": (office.rival, ()), "host": (office.centre, ("centre:host", "party:reader")),
        "recorder": (office.deputy, ("centre:recorder", "party:reader"))}
    signs_as = {"tenderee": "tenderee", "agency": "tenderee", "bidder": "winner", "rival": "winner"}
    cast = {name: Member(_token(person), person.party.id, capacity=signs_as.get(name, "host"),
                         grants=frozenset({"party", "party:verified", *person.party.staff_roles, *person.party.roles,
                                           *grants}))
            for name, (person, grants) in known.items()}
    return {**cast, **others}


async def scenes_of_an_office(doors: Doors, work: Callable[[], Work], founder: Founder,
                              cast_of_others: dict[str, Member]) -> AsyncIterator[Scene]:
    """From a draft to the contract."""

    def line() -> httpx.AsyncClient:
        return doors.another()

    issuers = doors.settings.model_copy(update={"key_directory": doors.settings.key_directory.parent / "ca"})
    office = await open_office(doors.sessions, issuers, line)
    others = {name: each for name, each in cast_of_others.items() if name in {*OUTSIDERS, "other expert"}}
    others["other centre"] = Member(others["other centre"].token, others["other centre"].party_id,
                                    others["other centre"].grants | {"party:reader"}, "host")
    cast = _around_the_office(office, others)

    def scene(name: str, stage: str, lot: dict[str, Any]) -> Scene:
        return Scene(name, stage, UUID(lot["id"]), office.bidder.party.id, cast)

    lot = await plan(office)
    await office.agency.post(f"/api/lots/{lot['id']}/notices", {"fields": NOTICE_FIELDS})
    yield scene("a notice is written", "planned", lot)
    await office.tenderee.post(f"/api/lots/{lot['id']}/revise", {})
    yield scene("the plan is taken back", "draft", lot)
    more = [await enrolled(doors.sessions, founder.pki, line(), name, "bidder") for name in ("徐州三建", "盐城四建")]
    made = await evaluated_lot(office, work, doors.sessions, [office.bidder, office.rival, *more])
    yield scene("the ranking is received", "evaluated", made.lot)
    await made.award()
    await made.publish_result()
    await made.letters()
    yield scene("letters are sent", "awarded", made.lot)
    await made.contract()
    yield scene("the contract is signed", "contracted", made.lot)
    for person in [*more, office.tenderee]:
        await person.http.aclose()
    await office.close()
