"""Notices: written, declared, reviewed by the tenderee, verified by the centre (A-51 to A-53)."""

from uuid import UUID

from sqlalchemy import select

from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, Refused
from storage.kernel.identifiers import new_id
from trading.tenders import notice_text, queries
from trading.tenders.forms import Judgement, NoticeDraft
from trading.tenders.model import NOTICE_IS_EDITABLE, OPENING_KINDS, NoticeStatus, Stage
from trading.tenders.permissions import Right, insiders, permit
from trading.tenders.surroundings import look_around, notice_data, notice_digest
from trading.tenders.tables import Lot, Notice


async def lock_notice(uow: Work, notice_id: UUID) -> tuple[Lot, Notice]:
    """The lot first, then its notice, both FOR UPDATE; raises ``NotFound``."""
    lot = await queries.lock_lot(uow, (await queries.notice(uow.session, notice_id)).lot_id)
    query = select(Notice).where(Notice.id == notice_id).with_for_update().execution_options(populate_existing=True)
    return lot, (await uow.session.scalars(query)).one()


def note(uow: Work, action: str, actor: Actor, lot: Lot, notice: Notice, **more: str | bool | None) -> None:
    """Records an act on a notice that is not public yet."""
    uow.record(action, actor, stream=f"lot:{lot.id}", subject=f"notice:{notice.id}", audience=insiders(lot),
               payload={"lot": lot.code, "kind": notice.kind, "title": notice.title, "sha256": notice.sha256,
                        "by": actor.id, **more})


def _must_be_editable(notice: Notice) -> None:
    if notice.status not in NOTICE_IS_EDITABLE:
        raise Refused("公告正在审核或已发布，不能修改或删除", status_now=notice.status)


def _check(draft: NoticeDraft) -> None:
    if draft.kind not in OPENING_KINDS:
        raise Invalid("公告类别须为招标公告（tender）或资格预审公告（prequalification）", field="kind")
    unknown = sorted(set(draft.fields) - set(notice_text.FIELDS))
    if unknown:
        raise Invalid(f"标准文本没有这些栏目：{'、'.join(unknown)}", field="fields")


async def _fill(uow: Work, lot: Lot, notice: Notice, draft: NoticeDraft, settings: Settings) -> None:
    notice.kind, notice.fields = draft.kind, dict(draft.fields)
    data = notice_data(await look_around(uow.session, lot), notice, settings)
    title = draft.title.strip() or notice_text.default_title(data)
    marked = not lot.rehearsal or title.startswith(notice_text.REHEARSAL_MARK)
    notice.title = title if marked else notice_text.REHEARSAL_MARK + title
    notice.body, notice.sha256 = notice_text.compose(data), ""


async def create_notice(lot_id: UUID, draft: NoticeDraft, actor: Actor, uow: Work, settings: Settings) -> Notice:
    """A draft of the notice that opens the tender; a lot has one at a time (A-50)."""
    async with uow:
        lot = await queries.lock_lot(uow, lot_id)
        permit(actor, Right.MANAGE, lot)
        _check(draft)
        if lot.stage != Stage.PLANNED:
            raise Refused("标段提交后、发布前方可编制公告", stage=lot.stage)
        taken = select(Notice.id).where(Notice.lot_id == lot.id, Notice.kind.in_(sorted(OPENING_KINDS)))
        if (await uow.session.scalars(taken)).first() is not None:
            raise Refused("该标段已有招标公告或资格预审公告")
        made = Notice(id=new_id(), lot_id=lot.id, status=NoticeStatus.DRAFT, created_at=await uow.now())
        await _fill(uow, lot, made, draft, settings)
        uow.session.add(made)
        note(uow, "notice.created", actor, lot, made)
        await uow.commit()
        return made


async def change_notice(notice_id: UUID, draft: NoticeDraft, actor: Actor, uow: Work, settings: Settings) -> Notice:
    """New fields for a draft, or for one that was sent back."""
    async with uow:
        lot, held = await lock_notice(uow, notice_id)
        permit(actor, Right.MANAGE, lot)
        _check(draft)
        _must_be_editable(held)
        await _fill(uow, lot, held, draft, settings)
        note(uow, "notice.changed", actor, lot, held)
        await uow.commit()
        return held


async def delete_notice(notice_id: UUID, actor: Actor, uow: Work) -> None:
    """Deletes a draft, or one that was sent back."""
    async with uow:
        lot, held = await lock_notice(uow, notice_id)
        permit(actor, Right.MANAGE, lot)
        _must_be_editable(held)
        note(uow, "notice.deleted", actor, lot, held)
        await uow.session.delete(held)
        await uow.commit()


async def declare_notice(notice_id: UUID, actor: Actor, uow: Work, settings: Settings) -> Notice:
    """Fixes the text and hands it in for review; from here it is not editable (A-52)."""
    async with uow:
        lot, held = await lock_notice(uow, notice_id)
        permit(actor, Right.MANAGE, lot)
        _must_be_editable(held)
        if lot.stage != Stage.PLANNED:
            raise Refused("标段提交后、发布前方可申报公告", stage=lot.stage)
        data = notice_data(await look_around(uow.session, lot), held, settings)
        held.body = notice_text.compose(data)
        held.sha256 = notice_digest(held.title, held.body)
        held.status, held.reason = NoticeStatus.DECLARED, None
        held.declared_by, held.declared_at = actor.party_id, await uow.now()
        held.reviewer = held.reviewed_at = held.verifier = held.verified_at = None
        note(uow, "notice.declared", actor, lot, held)
        await uow.commit()
        return held


def _judge(held: Notice, waiting: NoticeStatus, accepted: NoticeStatus, judgement: Judgement) -> None:
    if held.status != waiting:
        raise Refused("公告不在等待此项审核", status_now=held.status)
    if not judgement.accepted and not judgement.reason.strip():
        raise Invalid("退回须写明理由", field="reason")
    held.status = accepted if judgement.accepted else NoticeStatus.REFUSED
    held.reason = judgement.reason.strip() or None


async def review_notice(notice_id: UUID, judgement: Judgement, actor: Actor, uow: Work) -> Notice:
    """The tenderee accepts the text or sends it back; person and time are recorded (A-52)."""
    async with uow:
        lot, held = await lock_notice(uow, notice_id)
        permit(actor, Right.REVIEW, lot)
        _judge(held, NoticeStatus.DECLARED, NoticeStatus.REVIEWED, judgement)
        held.reviewer, held.reviewed_at = actor.party_id, await uow.now()
        note(uow, "notice.reviewed", actor, lot, held, accepted=judgement.accepted, reason=held.reason)
        await uow.commit()
        return held


async def verify_notice(notice_id: UUID, judgement: Judgement, actor: Actor, uow: Work) -> Notice:
    """The centre checks the form, and records by whom and when (A-53).

    What it verified and what then cannot be published, because a clock ran out meanwhile, it may still send back.
    """
    async with uow:
        lot, held = await lock_notice(uow, notice_id)
        permit(actor, Right.VERIFY, lot)
        takes_back = held.status == NoticeStatus.VERIFIED and not judgement.accepted
        _judge(held, NoticeStatus.VERIFIED if takes_back else NoticeStatus.REVIEWED, NoticeStatus.VERIFIED, judgement)
        held.verifier, held.verified_at = actor.party_id, await uow.now()
        note(uow, "notice.verified", actor, lot, held, accepted=judgement.accepted, reason=held.reason)
        await uow.commit()
        return held
