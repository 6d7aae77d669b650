"""One lot's award with everything that belongs to it, read once, and the facts its rules decide on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.calendar import Calendar, Span
from storage.kernel.errors import NotFound, Refused, RulesUnmet
from trading.awards.acts import AwardAct, missing, permit
from trading.awards.acts import admit as admit_act
from trading.awards.model import AwardFacts, Choice, Paperwork, TextKind, term_end
from trading.awards.permissions import roles_of
from trading.awards.tables import Award, AwardBidder, AwardLetter, AwardText, Contract, ResultObjection
from trading.awards.terms import Terms, terms_of
from trading.tenders import queries
from trading.tenders.content import AwardRule
from trading.tenders.kinds import TRADE_KINDS
from trading.tenders.life import Passage, advance
from trading.tenders.model import Act
from trading.tenders.tables import Lot


@dataclass(frozen=True, slots=True)
class AwardFile:
    """The rows of one award as they stood at ``now``, and who looks at them."""

    lot: Lot
    award: Award
    bidders: Sequence[AwardBidder]
    texts: dict[str, AwardText]
    objections: Sequence[ResultObjection]
    letters: Sequence[AwardLetter]
    contract: Contract | None
    calendar: Calendar
    now: datetime
    roles: frozenset[str]

    @property
    def stream(self) -> str:
        """The ledger's stream of the lot."""
        return f"lot:{self.lot.id}"

    @property
    def terms(self) -> Terms:
        """The lengths of its kind of trade."""
        return terms_of(self.lot.trade_kind)

    @property
    def candidates(self) -> list[AwardBidder]:
        """The candidates, by rank."""
        return [each for each in self.bidders if each.is_candidate]

    @property
    def winner(self) -> AwardBidder | None:
        """Who wins, once the tenderee has confirmed it."""
        return next((each for each in self.bidders if each.id == self.award.winner_id), None)

    @property
    def open_objections(self) -> int:
        """How many wait for their answer."""
        return sum(each.answered_at is None for each in self.objections)

    def admit(self, act: AwardAct, facts: AwardFacts | None = None, *roles: str) -> None:
        """Raises whatever stands against the act, all rules together."""
        admit_act(act, self.roles | frozenset(roles), facts or facts_of(self))

    def move(self, act: AwardAct, step: Act, facts: AwardFacts) -> None:
        """The act moves the lot: the rules of the act and of the lot's step are reported together."""
        passage = Passage(now=self.now, suspended=self.lot.suspended, publicity_until=self.award.publicity_until,
                          open_objections=self.open_objections)
        permit(act, self.roles)
        failed = missing(act, facts)
        try:
            after = advance(self.lot.stage, step, passage)
        except RulesUnmet as unmet:
            raise RulesUnmet((*failed, *(each for each in unmet.rules if each not in failed)), act=act.value) from None
        except Refused:
            self.admit(act, facts)
            raise
        self.admit(act, facts)
        self.lot.stage = after


def award_rule(lot: Lot) -> AwardRule:
    """How this lot's award follows from its ranking, as its tender document says."""
    return msgspec.convert(lot.award, AwardRule)


def most_candidates(lot: Lot) -> int:
    """A committee that names the winner recommends nobody else (A-166)."""
    rule = award_rule(lot)
    return 1 if rule.names_winner else rule.candidates


async def hold(uow: Work, lot_id: UUID, actor: Actor) -> AwardFile:
    """The file under its lot's lock, for an act; raises ``NotFound``. The clock is read after the lock."""
    lot = await queries.lock_lot(uow, lot_id)
    return await load(uow.session, lot, actor, await uow.now())


async def look(session: AsyncSession, lot_id: UUID, actor: Actor) -> AwardFile:
    """The file as it stands, for a read; raises ``NotFound``."""
    return await load(session, await queries.lot(session, lot_id), actor, await queries.now_of(session))


async def load(session: AsyncSession, lot: Lot, actor: Actor, now: datetime) -> AwardFile:
    """Reads every row around an award; raises ``NotFound`` before a ranking was received."""
    award = await session.get(Award, lot.id)
    if award is None:
        raise NotFound("本标段尚未收到评标报告")
    bidders = (await session.scalars(select(AwardBidder).where(AwardBidder.lot_id == lot.id).order_by(
        AwardBidder.rank.asc().nulls_last(), AwardBidder.name))).all()
    texts = {each.kind: each for each in await session.scalars(
        select(AwardText).where(AwardText.lot_id == lot.id))}
    objections = (await session.scalars(select(ResultObjection).where(ResultObjection.lot_id == lot.id).order_by(
        ResultObjection.at, ResultObjection.id))).all()
    letters = (await session.scalars(select(AwardLetter).where(AwardLetter.lot_id == lot.id).order_by(
        AwardLetter.kind, AwardLetter.number))).all()
    contract = (await session.scalars(select(Contract).where(Contract.lot_id == lot.id))).one_or_none()
    winner = next((each.party_id for each in bidders if each.id == award.winner_id), None)
    roles = roles_of(actor, lot, {each.party_id for each in bidders}, winner)
    return AwardFile(lot, award, bidders, texts, objections, letters, contract, await queries.calendar(session), now,
                     roles)


def earliest_until(file: AwardFile, start: datetime) -> datetime:
    """The earliest lawful end of a publicity that starts then (R-110, R-118)."""
    return term_end(start, TRADE_KINDS[file.lot.trade_kind].spans.publicity, file.calendar)


def facts_of(file: AwardFile) -> AwardFacts:
    """What the rules ask, as it stands; an act replaces what it asks for. ``until`` defaults to the earliest lawful."""
    award, terms, calendar = file.award, file.terms, file.calendar
    rule, contract = award_rule(file.lot), file.contract
    earliest = earliest_until(file, award.publicised_at or file.now)
    return AwardFacts(
        now=file.now, candidates=len(file.candidates), most_candidates=most_candidates(file.lot),
        ranks_are_marked=[each.rank for each in file.candidates] == [*range(1, len(file.candidates) + 1)],
        candidates_text=_status(file, TextKind.CANDIDATES), candidates_text_is_complete=_is_complete(file),
        publicise_by=term_end(award.received_at, terms.publicise, calendar), publicised_at=award.publicised_at,
        earliest_until=earliest, until=award.publicity_until or earliest, objections_open=file.open_objections,
        holds_complaint=award.holds_complaint, must_be_first=rule.first_ranked_wins or rule.names_winner,
        choices=_first_is_chosen(file), winner_at=award.winner_at, result_text=_status(file, TextKind.RESULT),
        experts_must_be_named=terms.names_experts, experts_are_named=bool(award.experts),
        report_due_at=_after(award.winner_at, terms.report, calendar), report_at=award.report_at,
        letters=Paperwork(award.letters), letters_sent_at=award.letters_sent_at,
        contract=Paperwork(contract.status) if contract else Paperwork.NONE,
        contract_by=_after(award.letters_sent_at, terms.contract, calendar),
        contract_price=contract.price if contract else None,
        performance_bond=contract.performance_bond if contract else None,
        contract_signed_at=contract.signed_at if contract else None, is_archived=award.archived_at is not None)


def _after(start: datetime | None, span: Span, calendar: Calendar) -> datetime | None:
    return None if start is None else term_end(start, span, calendar)


def _status(file: AwardFile, kind: TextKind) -> Paperwork:
    return Paperwork(file.texts[kind].status) if kind in file.texts else Paperwork.NONE


def _is_complete(file: AwardFile) -> bool:
    text = file.texts.get(TextKind.CANDIDATES)
    if text is None:
        return False
    told = str(text.fields.get("objection_channel", "")).strip()
    return bool(told) and told in text.body and all(each.name in text.body for each in file.candidates)


def _first_is_chosen(file: AwardFile) -> tuple[Choice, ...]:
    """What a page may assume before anybody chose: the first-ranked wins."""
    return tuple(Choice(each.rank or 0, is_chosen=each.rank == 1) for each in file.candidates)
