"""A committee at its desk: an opened lot of three bids, five members signed in, the evaluation begun."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from evaluation.committees.queries import DeskSeat, sitting
from evaluation.committees.tables import CommitteeMember
from evaluation.reports.commands import COMPLETIONS, LayOut, lay_out_report
from evaluation.scoring.answers import desk_answer
from evaluation.scoring.archive import evaluation_document
from evaluation.scoring.commands.reviewing import OneVote, SaveReview, save_review, submit_review
from evaluation.scoring.commands.scoring import CommitScores, RevealScores, commit_scores, reveal_scores
from evaluation.scoring.queries import view_desk
from evaluation.scoring.sheets import PURPOSE, box_subject, commitment
from evaluation.scoring.tables import Evaluation
from storage.crypto.canonical import canonical_bytes, to_base64
from storage.crypto.sealed_box import seal_box
from storage.crypto.tsa import EmbeddedAuthority
from storage.kernel.actor import Actor
from storage.ledger.queries import feed
from storage.ledger.tables import LedgerOutbox
from tests.committee_world import Board, found_board
from tests.opening_world import Hall
from trading.papers.commands import Bureau, PreparePaper, SignPaper, prepare_paper, sign_paper

METHOD: dict[str, Any] = {
    "review_items": [
        {"number": "1.1", "title": "投标人名称", "stage": "form", "standard": "与营业执照一致"},
        {"number": "2.1", "title": "资质等级", "stage": "qualification", "standard": "符合公告要求"},
        {"number": "3.1", "title": "工期", "stage": "response", "standard": "不超过招标文件要求"}],
    "scoring_items": [
        {"number": "1", "title": "投标报价", "lowest": "0", "highest": "60", "standard": "见价格公式", "group": "price",
         "objective": True},
        {"number": "2", "title": "施工组织设计", "lowest": "10", "highest": "30", "standard": "综合评价",
         "group": "technical", "objective": False},
        {"number": "3", "title": "信用等级", "lowest": "0", "highest": "10", "standard": "AAA 级十分，AA 级八分",
         "group": "credit", "objective": True}],
    "price_formula": {"number": "R-310", "above": "2", "below": "1"}}


@dataclass
class Sheet:
    """A sheet as its member's client keeps it."""

    text: str
    commitment: str
    box: dict[str, Any]


@dataclass
class Desk:
    """The desk and everyone around it; ``members`` by place, the first leads."""

    board: Board
    members: list[CommitteeMember] = field(default_factory=list)
    sheets: dict[UUID, Sheet] = field(default_factory=dict)

    @property
    def hall(self) -> Hall:
        return self.board.hall

    @property
    def lot_id(self) -> UUID:
        return self.hall.lot.id

    @property
    def leader(self) -> CommitteeMember:
        return self.members[0]

    def actor(self, member: CommitteeMember) -> Actor:
        """The member as it acts."""
        return self.board.actor(member)

    def work(self) -> Any:
        """A fresh unit of work."""
        return self.hall.world.work()

    async def view(self, actor: Actor) -> dict[str, Any]:
        """The desk as this actor sees it."""
        async with self.hall.world.sessions() as session:
            return desk_answer(await view_desk(session, self.lot_id, actor))

    async def row(self) -> Evaluation:
        """The evaluation's row as it stands."""
        async with self.hall.world.sessions() as session:
            return await session.get_one(Evaluation, self.lot_id)

    async def bids(self) -> list[str]:
        """The bids at the desk, by place."""
        return [each["bid"] for each in (await self.view(self.actor(self.leader)))["bids"]]

    async def review(self, member: CommitteeMember, against: Mapping[tuple[int, str], str] | None = None) -> str:
        """A whole review; ``against``: (place of the bid, clause) → reason."""
        against = against or {}
        votes = [OneVote(UUID(bid), item["number"], (place, item["number"]) not in against,
                         against.get((place, item["number"]), ""))
                 for place, bid in enumerate(await self.bids(), 1) for item in METHOD["review_items"]]
        actor = self.actor(member)
        await save_review(self.lot_id, SaveReview(votes), actor, self.work())
        return await submit_review(self.lot_id, actor, self.work())

    async def review_all(self, against: Mapping[tuple[int, str], str] | None = None) -> None:
        """Everyone reviews alike."""
        for member in self.members:
            await self.review(member, against)

    async def fill(self, member: CommitteeMember, rows: Sequence[Mapping[str, str]], number: int = 1) -> Sheet:
        """A sheet over the valid bids, in order; committed to by nobody yet."""
        valid = [each["bid"] for each in (await self.view(self.actor(member)))["bids"] if each["valid"]]
        plain = canonical_bytes({
            "v": 1, "kind": PURPOSE, "lot": str(self.lot_id), "round": number, "member": str(member.id),
            "salt": secrets.token_hex(32), "scores": dict(zip(valid, map(dict, rows), strict=True))})
        holder = self.board.everyone[member.party_id].identities[0].certificate
        box = seal_box(plain, holder, purpose=PURPOSE, subject=box_subject(str(self.lot_id), number, str(member.id)))
        made = self.sheets[member.id] = Sheet(plain.decode(), commitment(plain), box)
        return made

    async def commit(self, member: CommitteeMember, rows: Sequence[Mapping[str, str]],
                     number: int = 1) -> dict[str, Any]:
        """Fills a sheet and commits to it."""
        made = await self.fill(member, rows, number)
        return await commit_scores(self.lot_id, CommitScores(number, made.commitment, made.box), self.actor(member),
                                   self.work())

    async def reveal(self, member: CommitteeMember, number: int = 1) -> dict[str, Any]:
        """Reveals what was committed to."""
        command = RevealScores(number, self.sheets[member.id].text)
        return await reveal_scores(self.lot_id, command, self.actor(member), self.work())

    async def score_all(self, *designs: Sequence[str], credit: str = "8.00") -> dict[str, Any]:
        """Everyone commits, then reveals; ``designs`` by member, a score a valid bid."""
        for member, own in zip(self.members, designs, strict=True):
            await self.commit(member, [{"2": each, "3": credit} for each in own])
        answers = [await self.reveal(member) for member in self.members]
        return answers[-1]

    async def ranked(self) -> dict[str, Any]:
        """All the way to the ranking; answers the outcome."""
        await self.review_all()
        await self.score_all(*[[f"{25 + number / 4:.2f}", "24.00", "26.00"] for number in range(len(self.members))])
        outcome: dict[str, Any] = (await self.row()).outcome or {}
        return outcome

    @property
    def bureau(self) -> Bureau:
        """What signing papers needs."""
        authority = EmbeddedAuthority(self.hall.keys.timestamp)
        return Bureau(self.hall.store, self.hall.keys, authority, COMPLETIONS)

    async def lay_out(self, expected: str = "ranked") -> UUID:
        """The leader has the report laid out."""
        return await lay_out_report(self.lot_id, LayOut(expected), self.actor(self.leader), self.work(),
                                    self.hall.store, self.hall.settings)

    async def sitting(self) -> Sequence[DeskSeat]:
        """The seats in the order of the report."""
        async with self.hall.world.sessions() as session:
            return await sitting(session, self.lot_id)

    async def acts(self) -> list[tuple[str, dict[str, Any]]]:
        """Action and payload of the lot's acts in their order, as the archive is given them."""
        async with self.hall.world.sessions() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            numbered = await feed(session, {"public", "supervisor"}, stream=f"lot:{self.lot_id}", limit=1000)
            waiting = (await session.execute(select(LedgerOutbox.action, LedgerOutbox.payload).where(
                LedgerOutbox.stream == f"lot:{self.lot_id}", LedgerOutbox.sealed.is_(False)).order_by(
                    LedgerOutbox.id))).all()
        found = [(json.loads(item["entry"])["action"], item["payload"]) for item in numbered]
        return found + [(action, json.loads(payload)) for action, payload in waiting]

    async def sign(self, paper: UUID, place: int) -> None:
        """The member of that seat at the desk, from 1, signs the report with its own key."""
        person = self.board.everyone[(await self.sitting())[place - 1].party_id]
        capacity, works = f"member-{place}", self.hall.world.work
        prepared = await prepare_paper(paper, PreparePaper(capacity), person.actor, works, self.bureau)
        signature = to_base64(person.identities[0].sign(prepared.to_sign))
        await sign_paper(paper, SignPaper(capacity, signature), person.actor, works, self.bureau)

    async def document(self) -> dict[str, Any]:
        """The evaluation as the archive carries it."""
        async with self.hall.world.sessions() as session:
            return await evaluation_document(session, self.lot_id) or {}

    async def everything_stored(self) -> str:
        """Every row of every table of the database, as text."""
        async with self.hall.world.sessions() as session:
            names = await session.scalars(text("select tablename from pg_tables where schemaname = 'public'"))
            # Scalars: a printed row is cut off in its middle.
            rows = [row for name in names.all()
                    for row in (await session.scalars(text(f'select row_to_json(t)::text from "{name}" t'))).all()]
        return "\n".join(rows)


async def found_desk(hall: Hall, **method: Any) -> Desk:
    """The lot is opened, its committee drawn, signed in and led; the evaluation has begun."""
    await hall.change_lot(**(METHOD | method))
    board = await found_board(hall)
    await hall.begin()
    await hall.release_all()
    await hall.conclude(await hall.announce())
    await hall.publish()
    while await hall.worker.check():
        pass
    await board.drawn()
    seated = await board.seat_everyone()
    leader = next(each for each in seated if each.capacity == "expert")
    await board.elect(leader)
    await board.begin()
    return Desk(board, [leader, *(each for each in seated if each.id != leader.id)])
