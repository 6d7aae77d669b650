"""A bank of experts beside a hall whose bids are frozen, and the committee that evaluates them."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from evaluation.committees.answers import committee_answer
from evaluation.committees.commands.attending import Answer, SignIn, answer_invitation, sign_in
from evaluation.committees.commands.chairing import Begin, begin_evaluation
from evaluation.committees.commands.drawing import DrawCommittee, draw_committee
from evaluation.committees.commands.leading import Vote, vote_leader
from evaluation.committees.commands.requesting import Quota, RequestCommittee, request_committee
from evaluation.committees.queries import view_committee
from evaluation.committees.tables import Committee, CommitteeMember
from evaluation.experts.commands import EnterExpert, UnitGiven, add_entry, verified
from evaluation.experts.model import ExpertStatus, Kind
from evaluation.experts.tables import Expert
from storage.crypto.canonical import to_base64
from storage.kernel.actor import PLATFORM, PUBLIC, Actor
from storage.kernel.clock import process_now
from tests.bids_world import Founder, Person
from tests.opening_world import Hall

HERE, ELSEWHERE = "320700", "320500"


@dataclass
class Board:
    """Everyone a committee may be made of; ``experts`` by name, of two cities, each of a unit of its own."""

    hall: Hall
    founder: Founder
    experts: list[Person] = field(default_factory=list)
    representatives: list[Person] = field(default_factory=list)
    entries: dict[UUID, Expert] = field(default_factory=dict)  # by party

    @property
    def lot_id(self) -> UUID:
        return self.hall.lot.id

    @property
    def tenderee(self) -> Person:
        return self.hall.world.tenderee

    @property
    def everyone(self) -> dict[UUID, Person]:
        """Experts and representatives by party."""
        return {each.party.id: each for each in [*self.experts, *self.representatives]}

    async def enter(self, name: str, kind: Kind = Kind.EXPERT, *, region: str = HERE, unit: tuple[str, str] = ("", ""),
                    specialty: str = "A08") -> Person:
        """A person of the bank, verified, with its own certificate."""
        person = await self.founder.person(name, staff=(kind.value,))
        unit = unit if unit[0] else (f"{name}的单位", "")
        command = EnterExpert(kind=kind, certificate="", name=name, region=region, title="高级工程师", is_senior=True,
                              specialties=[specialty] if kind is Kind.EXPERT else [], years=12,
                              units=[UnitGiven(*unit)])
        async with self.hall.world.work() as uow:
            held = await add_entry(uow, person.party.id, command, PLATFORM, is_demo=True)
            await verified(uow, held, ExpertStatus.ACTIVE, PLATFORM)
            await uow.commit()
        self.entries[person.party.id] = held
        (self.experts if kind is Kind.EXPERT else self.representatives).append(person)
        return person

    async def request(self, **changes: Any) -> None:
        """The tenderee asks: five members, one of them its own, two of each city, hours from the deadline on."""
        starts_at = self.hall.lot.deadline_at or process_now()
        asked = {"size": 5, "specialty": "A08", "strata": [Quota(HERE, 2), Quota(ELSEWHERE, 2)],
                 "representatives": [self.entries[self.representatives[0].party.id].id], "starts_at": starts_at,
                 "ends_at": starts_at + timedelta(hours=3)}
        actor = changes.pop("actor", self.tenderee.actor)
        await request_committee(self.lot_id, RequestCommittee(**(asked | changes)), actor, self.hall.world.work(),
                                self.hall.keys)

    async def draw(self, actor: Actor | None = None) -> None:
        """The tenderee draws."""
        command = DrawCommittee(to_base64(secrets.token_bytes(32)))
        await draw_committee(self.lot_id, command, actor or self.tenderee.actor, self.hall.world.work(),
                             self.hall.keys)

    async def drawn(self) -> None:
        """Requested and drawn."""
        await self.request()
        await self.draw()

    async def members(self) -> list[CommitteeMember]:
        """The rows, which no interface shows before the result, of those who hold a seat."""
        async with self.hall.world.sessions() as session:
            rows = await session.scalars(select(CommitteeMember).where(CommitteeMember.status.in_(
                ("invited", "accepted", "signed_in"))).order_by(CommitteeMember.place))
            return list(rows)

    async def committee(self) -> Committee:
        async with self.hall.world.sessions() as session:
            return await session.get_one(Committee, self.lot_id)

    def actor(self, member: CommitteeMember) -> Actor:
        """The member as it acts."""
        return self.everyone[member.party_id].actor

    async def answer(self, member: CommitteeMember, *, accepted: bool = True) -> None:
        """Accepts or declines."""
        command = Answer(accepted, "" if accepted else "出差在外")
        await answer_invitation(self.lot_id, command, self.actor(member), self.hall.world.work(), self.hall.keys)

    async def sign_in(self, member: CommitteeMember, *, conflict: bool = False) -> None:
        """Signs in, or recuses itself."""
        command = SignIn(identity=True, conflict=conflict, reason="曾任职于投标人" if conflict else "")
        await sign_in(self.lot_id, command, self.actor(member), self.hall.world.work(), self.hall.keys)

    async def seat_everyone(self) -> list[CommitteeMember]:
        """All accept and sign in."""
        for member in await self.members():
            await self.answer(member)
            await self.sign_in(member)
        return await self.members()

    async def elect(self, leader: CommitteeMember) -> None:
        """Everyone still able to votes for the same one."""
        for member in await self.members():
            if (await self.committee()).leader_id is None:
                await vote_leader(self.lot_id, Vote(leader.id), self.actor(member), self.hall.world.work())

    async def begin(self, actor: Actor | None = None) -> None:
        """The centre begins the evaluation."""
        await begin_evaluation(self.lot_id, Begin("drawn"), actor or self.hall.host.actor, self.hall.world.work())

    async def snapshot(self, actor: Actor = PUBLIC) -> dict[str, Any]:
        """The committee as this actor sees it."""
        async with self.hall.world.sessions() as session:
            return committee_answer(await view_committee(session, self.lot_id, actor))

    async def set_hours(self, starts_at: datetime, ends_at: datetime) -> None:
        """Moves the hours by hand, as no act of the platform can."""
        async with self.hall.world.sessions() as session:
            await session.execute(update(Committee).where(Committee.lot_id == self.lot_id).values(
                starts_at=starts_at, ends_at=ends_at))
            await session.commit()

    async def change_expert(self, person: Person, **values: Any) -> None:
        """Changes an entry's row by hand."""
        async with self.hall.world.sessions() as session:
            await session.execute(update(Expert).where(Expert.party_id == person.party.id).values(**values))
            await session.commit()


async def found_board(hall: Hall, *, here: int = 5, elsewhere: int = 4) -> Board:
    """So many experts here and elsewhere, one of another trade, one of a bidder's own, two representatives."""
    settings = hall.settings
    founder = Founder(hall.world.sessions, settings.key_directory.parent / "ca", settings.trust_directory)
    board = Board(hall, founder)
    for number in range(here + elsewhere):
        await board.enter(f"评标专家第{number + 1}号", region=HERE if number < here else ELSEWHERE)
    await board.enter("监理专家", specialty="A05")
    bidder = hall.world.bidders[0].party
    await board.enter("投标人的专家", unit=(bidder.name, bidder.uscc))
    tenderee = hall.world.tenderee.party
    for number in (1, 2):
        await board.enter(f"招标人代表第{number}号", Kind.REPRESENTATIVE, unit=(tenderee.name, tenderee.uscc))
    return board
