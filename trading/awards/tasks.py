"""What waits for a person between the report and the contract."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from storage.kernel.task import Task
from trading.awards import acts
from trading.awards.acts import AwardAct
from trading.awards.award_file import AwardFile, facts_of, load
from trading.awards.model import AwardFacts, Paperwork
from trading.awards.tables import Award, AwardBidder, AwardLetter
from trading.tenders.model import Stage
from trading.tenders.tables import Lot

_MOST = 50
_RUNNING = frozenset({Stage.EVALUATED, Stage.PUBLICISED, Stage.AWARDED})
# The acts that somebody owes; writing comes before handing in, so only the next step of each paper is listed.
_OWED: dict[AwardAct, Callable[[AwardFile, AwardFacts], datetime | None]] = {
    AwardAct.WRITE_CANDIDATES: lambda file, facts: facts.publicise_by,
    AwardAct.REVIEW_CANDIDATES: lambda file, facts: facts.publicise_by,
    AwardAct.PUBLISH_CANDIDATES: lambda file, facts: facts.publicise_by,
    AwardAct.ANSWER_OBJECTION: lambda file, facts: min(
        (each.due_at for each in file.objections if each.answered_at is None), default=None),
    AwardAct.CONFIRM_WINNER: lambda file, facts: None,
    AwardAct.WRITE_RESULT: lambda file, facts: None,
    AwardAct.REVIEW_RESULT: lambda file, facts: None,
    AwardAct.PUBLISH_RESULT: lambda file, facts: None,
    AwardAct.FILE_REPORT: lambda file, facts: facts.report_due_at,
    AwardAct.WRITE_LETTERS: lambda file, facts: None,
    AwardAct.VERIFY_LETTERS: lambda file, facts: None,
    AwardAct.SEND_LETTERS: lambda file, facts: None,
    AwardAct.WRITE_CONTRACT: lambda file, facts: facts.contract_by,
    AwardAct.VERIFY_CONTRACT: lambda file, facts: facts.contract_by,
}


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """The next acts of this actor on running awards, letters to read, papers to sign."""
    if actor.party_id is None:
        return []
    found: list[Task] = []
    for lot in await _lots(session, actor):
        found += _on_award(await load(session, lot, actor, now), actor)
    return found + await _unread(session, actor)


async def _lots(session: AsyncSession, actor: Actor) -> list[Lot]:
    wins = select(AwardBidder.lot_id).join(Award, Award.winner_id == AwardBidder.id).where(
        AwardBidder.party_id == actor.party_id)
    query = select(Lot).join(Award, Award.lot_id == Lot.id).where(Lot.stage.in_(sorted(_RUNNING)))
    if not actor.has("centre"):
        query = query.where(or_(Lot.tenderee_id == actor.party_id, Lot.agency_id == actor.party_id, Lot.id.in_(wins)))
    return [*await session.scalars(query.order_by(Award.received_at).limit(_MOST))]


def _on_award(file: AwardFile, actor: Actor) -> list[Task]:
    facts, link = facts_of(file), f"/lots/{file.lot.id}/award"
    owed = [act for act in acts.acts_of(file.roles) if act in _OWED and _is_next(act, file, facts)]
    found = [Task(act.value, file.lot.title, link, _OWED[act](file, facts)) for act in owed]
    if file.award.letters == Paperwork.SUBMITTED and "tenderee" in file.roles:
        found.append(Task("sign_award_letter", file.lot.title, link))
    if facts.contract is Paperwork.VERIFIED and file.roles & {"tenderee", "winner"}:
        found.append(Task("sign_contract", file.lot.title, link, facts.contract_by))
    return found


def _is_next(act: AwardAct, file: AwardFile, facts: AwardFacts) -> bool:
    if acts.is_over(act, facts):
        return False
    if act is AwardAct.WRITE_LETTERS and facts.letters is Paperwork.SUBMITTED:
        return False
    if act is AwardAct.WRITE_CONTRACT and facts.contract is Paperwork.VERIFIED:
        return False
    if act is AwardAct.CONFIRM_WINNER and not (facts.until and facts.now >= facts.until and not facts.objections_open):
        return False
    # A term that ran out does not take the task away; any other unmet rule says that it is not its turn.
    return all(rule.number in {"R-110", "R-115", "B-031", "R-110/3"} for rule in acts.missing(act, facts))


async def _unread(session: AsyncSession, actor: Actor) -> list[Task]:
    query = (select(Lot.title, AwardLetter.lot_id).join(Lot, Lot.id == AwardLetter.lot_id)
             .where(AwardLetter.party_id == actor.party_id, AwardLetter.sent_at.is_not(None),
                    AwardLetter.read_at.is_(None)).order_by(AwardLetter.sent_at).limit(_MOST))
    return [Task("read_letter", title, f"/lots/{lot_id}/award") for title, lot_id in await session.execute(query)]
