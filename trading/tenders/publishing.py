"""Publishing: one act that lists every rule that stands against it, or opens the tender."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import NotAllowed, Refused, RulesUnmet
from storage.kernel.rule import Rule, unmet
from storage.timers.commands import schedule
from trading.tenders import queries
from trading.tenders.announcing import make_public
from trading.tenders.commands_notices import lock_notice
from trading.tenders.content_rules import STRUCTURE_RULES
from trading.tenders.facts import LotFacts
from trading.tenders.forms import Publication
from trading.tenders.life import Passage, advance
from trading.tenders.model import Act, DocumentStatus, NoticeStatus
from trading.tenders.permissions import Right, insiders, may, permit
from trading.tenders.rules import NOTICE_RULES, WAIVABLE
from trading.tenders.surroundings import Surroundings, look_around, lot_facts
from trading.tenders.tables import Lot, Notice

Unmet = tuple[Rule[...], ...]


def rules_against(facts: LotFacts) -> Unmet:
    """Every rule of publication that the facts do not satisfy, in the order of the rules."""
    return unmet((each, each(facts)) for each in (*NOTICE_RULES, *STRUCTURE_RULES))


def waived(failed: Unmet, lot: Lot, reason: str) -> Unmet:
    """The unmet rules that only warn: clocks of a lot that need not be tendered, with a reason."""
    if lot.compulsory or not reason.strip():
        return ()
    return tuple(each for each in failed if each.number in WAIVABLE)


async def missing_for(session: AsyncSession, lot: Lot, notice: Notice, settings: Settings) -> Unmet:
    """What stands against publishing now; for screens."""
    around = await look_around(session, lot)
    return rules_against(await lot_facts(session, around, notice, settings, await queries.now_of(session)))


async def publish_notice(notice_id: UUID, command: Publication, actor: Actor, uow: Work, settings: Settings) -> Notice:
    """Opens the tender: notice public here and queued for the other media, document issued, timers set.

    Raises ``RulesUnmet`` with every unmet rule; nothing happens then.
    """
    async with uow:
        lot, notice = await lock_notice(uow, notice_id)
        if not may(actor, Right.VERIFY, lot):
            permit(actor, Right.MANAGE, lot)
        if notice.status != NoticeStatus.VERIFIED:
            raise Refused("公告经审核和验证后方可发布", status_now=notice.status)
        around = await look_around(uow.session, lot)
        failed = rules_against(await lot_facts(uow.session, around, notice, settings, await uow.now()))
        excused = waived(failed, lot, command.waiver_reason)
        if set(failed) - set(excused):
            raise RulesUnmet(failed, lot=lot.code)
        await _open_tender(uow, around, excused, command.waiver_reason, actor)
        await make_public(uow, lot, notice, actor)
        await uow.commit()
        return notice


async def _open_tender(uow: Work, around: Surroundings, excused: Unmet, reason: str, actor: Actor) -> None:
    lot, document, now = around.lot, around.document, await uow.now()
    if document is None or lot.documents_from is None or lot.documents_until is None or lot.deadline_at is None:
        raise NotAllowed("标段资料不全")  # the rules say so before; this only tells the type checker
    lot.stage = advance(lot.stage, Act.PUBLISH_LOT, Passage(now=now))
    lot.published_at, lot.documents_issued_at = now, max(lot.documents_from, now)
    lot.waiver_reason = reason.strip() if excused else None
    document.status, document.issued_at = DocumentStatus.ISSUED, lot.documents_issued_at
    for kind, due in (("lot.selling", lot.documents_from), ("lot.preparing", lot.documents_until),
                      ("lot.close_bidding", lot.deadline_at)):
        await schedule(uow.session, str(lot.id), kind, due)
    uow.record("lot.published", actor, stream=f"lot:{lot.id}", subject=f"lot:{lot.id}", payload={
        "code": lot.code, "title": lot.title, "rehearsal": lot.rehearsal, "edition": lot.edition,
        "documents_from": to_wire(lot.documents_from), "documents_until": to_wire(lot.documents_until),
        "deadline_at": to_wire(lot.deadline_at), "k": lot.k, "suite": lot.suite,
        "custodians": [each["certificate"] for each in lot.custodians], "document_sha256": document.sha256,
        "waived": [each.number for each in excused], "waiver_reason": lot.waiver_reason})
    if excused:
        uow.record("lot.warned", actor, stream=f"lot:{lot.id}", subject=f"lot:{lot.id}", audience=insiders(lot),
                   payload={"rules": [each.number for each in excused], "reason": reason.strip(), "by": actor.id})
