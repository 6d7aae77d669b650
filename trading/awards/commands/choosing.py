"""The tenderee confirms the winner among the candidates, and reports it (A-168, B-027, R-115)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Invalid
from trading.awards.acts import AwardAct
from trading.awards.award_file import AwardFile, facts_of, hold
from trading.awards.model import Choice, Standing
from trading.awards.receiving import line
from trading.tenders.forms import Line
from trading.tenders.model import Act
from trading.tenders.permissions import insiders


class PassedOver(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A candidate that does not win though it ranks before the winner: the ground in law, and the facts."""

    bidder: UUID
    ground: Literal["withdrew", "force_majeure", "no_bond", "offence"]
    reason: Annotated[str, Meta(min_length=2, max_length=1000)]


class ConfirmWinner(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The candidate that wins; ``reason`` where the choice is free and another than the first wins."""

    bidder: UUID
    passed_over: Annotated[list[PassedOver], Meta(max_length=3)] = []
    reason: Line = ""


class FileReport(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The written report on the tender to the regulator (BL 47)."""

    text: Annotated[str, Meta(min_length=2, max_length=20_000)]
    late_reason: Line = ""


async def confirm_winner(lot_id: UUID, command: ConfirmWinner, actor: Actor, uow: Work) -> None:
    """PUBLICISED becomes AWARDED: the publicity is over, no objection is open, no complaint holds.

    Of two who press at once the second finds it done (fault 23).
    """
    async with uow:
        file = await hold(uow, lot_id, actor)
        skipped = {each.bidder: each for each in command.passed_over}
        if not skipped.keys() <= {each.id for each in file.candidates}:
            raise Invalid("所列不是中标候选人", field="passed_over")
        facts = replace(facts_of(file), choice_reason=command.reason, choices=_choices(file, command, skipped))
        file.move(AwardAct.CONFIRM_WINNER, Act.AWARD, facts)
        _settle(file, command, skipped)
        winner = file.winner
        uow.record("winner.confirmed", actor, stream=file.stream, subject=file.stream, payload={
            "lot": file.lot.code, "winner": line(winner) if winner else None, "reason": file.award.winner_reason,
            "passed_over": [{"name": each.name, "rank": each.rank, "ground": each.ground}
                            for each in file.candidates if each.ground]})
        await uow.commit()


def _choices(file: AwardFile, command: ConfirmWinner, skipped: Mapping[UUID, PassedOver]) -> tuple[Choice, ...]:
    return tuple(Choice(each.rank or 0, is_chosen=each.id == command.bidder,
                        ground=skipped[each.id].ground if each.id in skipped else None,
                        reason=skipped[each.id].reason if each.id in skipped else "") for each in file.candidates)


def _settle(file: AwardFile, command: ConfirmWinner, skipped: Mapping[UUID, PassedOver]) -> None:
    award = file.award
    award.winner_id, award.winner_at, award.winner_reason = command.bidder, file.now, command.reason.strip()
    for each in file.bidders:
        if each.id == command.bidder:
            each.standing = Standing.WINNER
        elif each.id in skipped:
            each.standing, each.ground = Standing.PASSED_OVER, skipped[each.id].ground
            each.reason = skipped[each.id].reason.strip()
        elif each.standing != Standing.REJECTED:
            each.standing = Standing.LOST


async def file_report(lot_id: UUID, command: FileReport, actor: Actor, uow: Work) -> None:
    """The report reaches the supervisor (R-115); after fifteen days it carries the reason of its lateness."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        facts = replace(facts_of(file), late_reason=command.late_reason)
        file.admit(AwardAct.FILE_REPORT, facts)
        is_late = facts.report_due_at is not None and file.now >= facts.report_due_at
        file.award.report, file.award.report_at = command.text.strip(), file.now
        file.award.report_late_reason = command.late_reason.strip() if is_late else ""
        uow.record("award_report.filed", actor, stream=file.stream, subject=file.stream, audience=insiders(file.lot),
                   payload={"lot": file.lot.code, "text": file.award.report, "at": to_wire(file.now),
                            "is_late": is_late, "late_reason": file.award.report_late_reason})
        await uow.commit()
