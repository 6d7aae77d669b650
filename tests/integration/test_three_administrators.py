"""Three administrators, exclusive of each other; staff appointed by two persons; no key for who runs the platform
(R-200, R-1011, faults 33 and 36)."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from bidding.bids.model import BidStatus
from bidding.bids.tables import Bid
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.environment import environment_of
from frontend.server.ties import ties_of
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, Refused, RulesUnmet
from storage.kernel.identifiers import new_id
from storage.ledger.tables import LedgerOutbox
from tests.bids_fixtures import world
from tests.bids_world import Founder, Person, World
from tests.identities import People, make_people
from tests.nodes import ROOT, NodeProcess
from tests.waiting import until
from trading.parties.appointing import approve_appointment, propose_appointment, refuse_appointment
from trading.parties.founding import found_administrators
from trading.parties.model import ADMINISTRATORS
from trading.parties.queries import party
from trading.parties.requests import Appointed, Reason
from trading.parties.rules import another_person_decides, staff_have_no_part_in_lots
from trading.tenders.model import Stage
from trading.tenders.tables import Lot

__all__ = ["world"]
WHY = "岗位调整"


class Office:
    """Two security administrators before the world of a lot that takes bids."""

    def __init__(self, world: World, one: Person, other: Person, system: Person) -> None:
        self.world, self.one, self.other, self.system = world, one, other, system

    async def propose(self, subject: Person, role: str | None, by: Person | None = None) -> UUID:
        """A proposal, by the first of them when nobody is named."""
        command = Appointed(WHY, role)  # type: ignore[arg-type]
        return await propose_appointment(subject.party.id, command, (by or self.one).actor, self.world.work(), ties_of)

    async def approve(self, proposal: UUID, by: Actor) -> None:
        """Approved, if the rules let it be."""
        await approve_appointment(proposal, Reason(WHY), by, self.world.work(), ties_of)

    async def roles(self, subject: Person) -> list[str]:
        """The staff roles as they stand."""
        async with self.world.sessions() as session:
            return list((await party(session, subject.party.id)).staff_roles)


@pytest.fixture
async def office(world: World, sessions: Sessions, settings: Settings, tmp_path: Path) -> Office:
    founder = Founder(sessions, tmp_path / "ca", settings.trust_directory)
    one, other = [await founder.person(name, staff=("security_administrator",)) for name in ("安全一处", "安全二处")]
    return Office(world, one, other, await founder.person("运维处", staff=("system_administrator",)))


def _numbers(refused: pytest.ExceptionInfo[RulesUnmet]) -> set[str]:
    return {each.number for each in refused.value.rules}


async def test_r_1011_one_proposes_another_decides_and_never_about_oneself(office: Office) -> None:
    system = office.system
    proposal = await office.propose(system, "auditor")
    assert await office.roles(system) == ["system_administrator"], "a proposal changes nothing"
    with pytest.raises(RulesUnmet) as refused:
        await office.approve(proposal, office.one.actor)
    assert _numbers(refused) == {"R-1011"}
    for stranger in (system.actor, office.world.bidders[0].actor, office.world.tenderee.actor):
        with pytest.raises(NotAllowed):
            await office.approve(proposal, stranger)
    await office.approve(proposal, office.world.supervisor.actor)
    assert await office.roles(system) == ["auditor"], "one role at a time: the three exclude each other"
    for by in (system, office.world.supervisor, office.world.bidders[0]):
        with pytest.raises(NotAllowed):
            await office.propose(office.other, None, by)
    with pytest.raises(NotAllowed):
        await office.propose(office.one, "auditor")
    back = await office.propose(system, None)
    await refuse_appointment(back, Reason("再议"), office.one.actor, office.world.work())
    gone = await office.propose(system, None, office.other)
    await office.approve(gone, office.one.actor)
    assert await office.roles(system) == []
    assert another_person_decides("party:a", "party:b")


async def test_r_200_who_has_a_part_in_a_lot_under_way_is_appointed_to_nothing(
        office: Office, sessions: Sessions) -> None:
    world = office.world
    for owner in (world.tenderee, world.agency):
        with pytest.raises(RulesUnmet) as refused:
            await office.propose(owner, "supervisor")
        assert _numbers(refused) == {"R-200/2"}
    for role in ("centre", *sorted(ADMINISTRATORS)):
        with pytest.raises(RulesUnmet) as refused:
            await office.propose(world.supervisor, role)  # it keeps a share
        assert _numbers(refused) == {"R-200/2"}
    # Who bids is secret: the proposal is taken, and the other person's approval is refused.
    bidder = world.bidders[0]
    async with sessions() as session:
        session.add(Bid(id=new_id(), lot_id=world.lot.id, party_id=bidder.party.id, status=BidStatus.SUBMITTED,
                        last_number=1, created_at=world.lot.documents_from or world.lot.published_at))
        await session.commit()
    proposal = await office.propose(bidder, "centre")
    with pytest.raises(RulesUnmet) as refused:
        await office.approve(proposal, office.other.actor)
    assert _numbers(refused) == {"R-200/2"}
    assert await office.roles(bidder) == []
    # The lot is over: nothing binds them any more.
    async with sessions() as session:
        lot = await session.get_one(Lot, world.lot.id)
        lot.stage = Stage.ARCHIVED
        await session.commit()
    await office.approve(proposal, office.other.actor)
    assert await office.roles(bidder) == ["centre"]
    assert not staff_have_no_part_in_lots("centre", {"custodian"})
    assert staff_have_no_part_in_lots("supervisor", {"custodian"})
    assert staff_have_no_part_in_lots(None, {"owner"})


async def test_the_first_two_are_founded_once(world: World, settings: Settings) -> None:
    one, other, late = [each.party for each in world.bidders]

    def found(*codes: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, "-m", "frontend.cli", "found", *codes], cwd=ROOT, text=True, timeout=120,
                              capture_output=True, check=False, env={**os.environ, **environment_of(no_demo)})

    no_demo = settings.model_copy(update={"demo": False})
    twice = await asyncio.to_thread(found, one.uscc, one.uscc)
    assert twice.returncode == 1
    tied = await asyncio.to_thread(found, one.uscc, world.tenderee.party.uscc)
    assert (tied.returncode, "R-200/2" in tied.stderr) == (1, True)
    done = await asyncio.to_thread(found, one.uscc, other.uscc)
    assert (done.returncode, one.name in done.stdout, "登记安全钥匙" in done.stdout) == (0, True, True)
    again = await asyncio.to_thread(found, other.uscc, late.uscc)
    assert (again.returncode, "两人" in again.stderr) == (1, True)
    async with world.sessions() as session:
        roles = [(await party(session, each.id)).staff_roles for each in (one, other, late)]
    assert roles == [["security_administrator"], ["security_administrator"], []]


async def test_the_one_administrator_of_before_is_given_its_second(world: World) -> None:
    held, second, late = [each.party for each in world.bidders]

    async def set_(**values: object) -> None:
        async with world.sessions() as session:
            subject = await party(session, held.id)
            for name, value in values.items():
                setattr(subject, name, value)
            await session.commit()

    await set_(staff_roles=["security_administrator"], status="stopped")
    with pytest.raises(Refused, match="已有一名"):  # else there would be three
        await found_administrators([second.uscc, late.uscc], world.work(), ties_of)
    assert await found_administrators([second.uscc, held.uscc], world.work(), ties_of) == [second.name]
    with pytest.raises(Refused, match="两人"):  # who is stopped holds the role too
        await found_administrators([second.uscc, late.uscc], world.work(), ties_of)
    async with world.sessions() as session:
        roles = [(await party(session, each.id)).staff_roles for each in (held, second, late)]
        entries = select(func.count()).where(LedgerOutbox.action == "party.founded")
        assert (roles, await session.scalar(entries)) == ([["security_administrator"]] * 2 + [[]], 1)


def test_each_administrator_sees_its_own_field_and_the_auditor_is_seen_too(node: NodeProcess) -> None:
    people: People = make_people(node.settings, node.address)
    system, security, second = people.staff("system"), people.staff("security"), people.staff("security-2")
    auditor, supervisor = people.staff("auditor"), people.staff("supervisor")
    clerk = people.verified("江苏苍梧建设有限公司")
    subject = clerk.get("/api/me")["actor"]["party_id"]
    made = security.post(f"/api/parties/{subject}/appointments", {"role": "centre", "reason": WHY})
    (line,) = second.get("/api/appointments")
    assert (line["status"], line["may"]) == ("waiting", ["approve", "refuse"])
    assert security.get("/api/appointments")[0]["may"] == ["refuse"]
    waits = {name: [task["kind"] for task in client.get("/api/me/tasks")["items"]] for name, client in {
        "proposed": security, "decides": second, "supervises": supervisor, "audits": auditor}.items()}
    assert waits == {"proposed": [], "decides": ["decide_appointment"], "supervises": ["decide_appointment"],
                     "audits": []}
    second.post(f"/api/appointments/{made['id']}/approve", {"reason": "同意"})
    assert second.get("/api/me/tasks")["items"] == []
    assert clerk.get("/api/me")["signed_in"] is False
    assert clerk.login()["actor"]["roles"] == ["centre"]
    security.post(f"/api/parties/{subject}/sign-out", {"reason": "证书疑似遗失"})
    assert clerk.get("/api/me")["signed_in"] is False
    operations = system.get("/api/operations")
    shown = operations["settings"]
    assert operations["waiting"] == []
    assert shown["session_idle_minutes"] == 15
    assert shown["second_factor_roles"] == "none", "what holds in a demo, where nothing is named"
    assert not [name for name in shown if "key" in name or "secret" in name or "database_url" in name]
    acts = _until(lambda: auditor.post("/api/audit/readings", {}), "party.signed_out")
    assert {"appointment.proposed", "party.appointed", "party.signed_out"} <= {act["action"] for act in acts}
    (told,) = [act["payload"] for act in acts if act["action"] == "party.signed_out"]
    assert set(told) == {"party", "name", "by", "reason"}, "not how many sessions there were"
    for who, path, body in ((system, "/api/audit/readings", {}), (security, "/api/audit/readings", {}),
                            (system, f"/api/parties/{subject}/appointments", {"role": None, "reason": WHY}),
                            (auditor, f"/api/parties/{subject}/sign-out", {"reason": WHY})):
        refused = _status(who, path, body)
        assert refused == 403, (path, refused)
    seen = _until(lambda: supervisor.get("/api/ledger/entries", stream="audit"), "audit.read")
    assert seen[0]["payload"]["by"] == "演示平台审计处", "that the auditor read is an act, and others read it"


def _status(client: ApiClient, path: str, body: dict[str, Any]) -> int:
    with pytest.raises(ApiError) as refused:
        client.post(path, body)
    return refused.value.status


def _acts(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item | {"action": json.loads(item["entry"])["action"]} for item in items]


def _until(read: Callable[[], list[dict[str, Any]]], action: str) -> list[dict[str, Any]]:
    """The acts, as soon as the ledger has numbered one of that name."""
    def numbered() -> list[dict[str, Any]]:
        acts = _acts(read())
        return acts if any(act["action"] == action for act in acts) else []
    return until(numbered)
