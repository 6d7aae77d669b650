"""The initial review: each member's verdicts, kept to itself until all have submitted; then the majority decides."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from evaluation.scoring.commands.concluding import begin_scoring, fail_lot
from evaluation.scoring.gathering import open_bids
from evaluation.scoring.holding import Desk, enter_desk, submitted
from evaluation.scoring.model import EvaluationAct, EvaluationStep
from evaluation.scoring.reviewing import collate, competition_lacks, is_known
from evaluation.scoring.rules import clause_is_in_document_or_law, enough_bids_are_valid, review_is_complete
from evaluation.scoring.tables import CompetitionVote, ReviewSubmission, ReviewVote
from evaluation.scoring.voting import competition_votes, votes_of
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, NotFound, Refused, RulesUnmet
from storage.kernel.rule import require

_GOVERNMENT = "government"
Reason = Annotated[str, msgspec.Meta(max_length=2000)]


class OneVote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A verdict on one bid by one clause; a verdict against it needs its reason when the review is submitted."""

    bid: UUID
    item: Annotated[str, msgspec.Meta(max_length=20)]
    passes: bool
    reason: Reason = ""
    page: Annotated[str, msgspec.Meta(max_length=40)] = ""


class SaveReview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some verdicts; each replaces the one before it. ``withdrawn``: grounds of law taken back."""

    votes: Annotated[list[OneVote], msgspec.Meta(max_length=20_000)]
    withdrawn: Annotated[list[tuple[UUID, Annotated[str, msgspec.Meta(max_length=40)]]],
                         msgspec.Meta(max_length=1000)] = []


class Competition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether competition is clearly lacking, and why."""

    lacks: bool
    reason: Annotated[str, msgspec.Meta(min_length=2, max_length=2000)]


async def save_review(lot_id: UUID, command: SaveReview, actor: Actor, uow: Work) -> int:
    """Keeps a member's own draft (A-140); nobody else sees it before all have submitted."""
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.SAVE_REVIEW, actor)
        await _still_open(uow, desk)
        _known(desk, command.votes)
        for each in command.votes:
            values = {"passes": each.passes, "reason": each.reason.strip(), "page": each.page.strip()}
            row = insert(ReviewVote).values(lot_id=lot_id, member_id=desk.own.member_id, bid_id=each.bid,
                                            item=each.item, **values)
            await uow.session.execute(row.on_conflict_do_update(
                index_elements=["lot_id", "member_id", "bid_id", "item"], set_=values))
        for bid, item in command.withdrawn:
            await uow.session.execute(delete(ReviewVote).where(
                ReviewVote.lot_id == lot_id, ReviewVote.member_id == desk.own.member_id, ReviewVote.bid_id == bid,
                ReviewVote.item == item))
        desk.note(uow, "evaluation.review_saved", actor, {"votes": len(command.votes)})
        await uow.commit()
        return len(command.votes)


async def _still_open(uow: Work, desk: Desk) -> None:
    if await uow.session.get(ReviewSubmission, (desk.lot.id, desk.own.member_id)) is not None:
        raise Refused("您的初步评审已提交，不能再改")


def _known(desk: Desk, votes: Sequence[OneVote]) -> None:
    bids, method = {each["bid"] for each in desk.evaluation.bids}, desk.method
    if any(str(each.bid) not in bids for each in votes):
        raise NotFound("没有这份投标文件")
    if not all(is_known(each.item, method) for each in votes):
        raise RulesUnmet((clause_is_in_document_or_law,))


async def submit_review(lot_id: UUID, actor: Actor, uow: Work) -> str:
    """A member's review is complete and closed; the last one collates by majority (A-144). Answers the step."""
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.SUBMIT_REVIEW, actor)
        await _still_open(uow, desk)
        own = {(vote.bid, vote.item): (vote.passes, vote.reason)
               for vote in await votes_of(uow.session, lot_id) if vote.member == str(desk.own.member_id)}
        asked = {(each["bid"], item.number) for each in desk.evaluation.bids for item in desk.method.review_items}
        require((review_is_complete, review_is_complete(own, asked)))
        uow.session.add(ReviewSubmission(lot_id=lot_id, member_id=desk.own.member_id, submitted_at=desk.now))
        await uow.session.flush()
        desk.note(uow, "evaluation.review_submitted", actor, {"votes": len(own)})
        if await submitted(uow.session, lot_id) >= set(desk.members):
            await _collate(uow, desk, actor)
        await uow.commit()
        return desk.evaluation.step


async def _collate(uow: Work, desk: Desk, actor: Actor) -> None:
    members = {str(each) for each in desk.members}
    votes = [vote for vote in await votes_of(uow.session, desk.lot.id) if vote.member in members]
    found = collate(desk.method, open_bids(desk.evaluation.bids), votes, len(members))
    desk.evaluation.rejections = {bid: [each.to_json() for each in grounds] for bid, grounds in found.items()}
    desk.note(uow, "evaluation.reviews_collated", actor, {"rejections": desk.evaluation.rejections})
    if enough_bids_are_valid(len(desk.valid), desk.method):
        await begin_scoring(uow, desk, actor)
    else:
        desk.move(EvaluationStep.COMPETITION, desk.own.alias)


async def vote_competition(lot_id: UUID, command: Competition, actor: Actor, uow: Work) -> str:
    """Fewer valid bids than the law asks for: the majority may reject all, and the lot fails (EM 27). The step."""
    async with uow:
        desk = await enter_desk(uow, lot_id, EvaluationAct.VOTE_COMPETITION, actor)
        _must_lack(desk, command)
        row = insert(CompetitionVote).values(lot_id=lot_id, member_id=desk.own.member_id, lacks=command.lacks,
                                             reason=command.reason, at=desk.now)
        await uow.session.execute(row.on_conflict_do_nothing())
        desk.note(uow, "evaluation.competition_voted", actor, {})
        found = await competition_votes(uow.session, lot_id)
        votes = {member: lacks for member, lacks in found.items() if member in desk.aliases}
        if len(votes) == len(desk.members):
            await _judge(uow, desk, votes, actor)
        await uow.commit()
        return desk.evaluation.step


def _must_lack(desk: Desk, command: Competition) -> None:
    """With no valid bid left, or too few in a government purchase (R-162), there is nothing to go on with."""
    if not command.lacks and (not desk.valid or desk.lot.trade_kind == _GOVERNMENT):
        raise Invalid("有效投标不足，依法应当否决全部投标", field="lacks")


async def _judge(uow: Work, desk: Desk, votes: dict[str, bool], actor: Actor) -> None:
    told: dict[str, Any] = {"lacks": sum(votes.values()), "of": len(votes), "valid": len(desk.valid)}
    desk.note(uow, "evaluation.competition_judged", actor, told)
    if competition_lacks(votes):
        await fail_lot(uow, desk, f"有效投标仅 {len(desk.valid)} 个，评标委员会认定明显缺乏竞争，否决全部投标")
    else:
        await begin_scoring(uow, desk, actor)
