"""Lots: written, changed, deleted while drafts, submitted, and taken back before publication (A-39, A-40)."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.sm2 import SM2
from storage.crypto.suites import suite_of
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, Refused
from storage.kernel.identifiers import lot_code, new_id
from storage.kernel.money import yuan
from trading.parties.queries import certificates, party
from trading.tenders import queries
from trading.tenders.commands_plan import must_hold
from trading.tenders.content import DEPOSIT_FORMS, Custodian
from trading.tenders.forms import LotDraft
from trading.tenders.kinds import TRADE_KINDS
from trading.tenders.life import Passage, advance
from trading.tenders.model import NOTICE_IS_WAITING, Act, Stage
from trading.tenders.permissions import Right, insiders, permit
from trading.tenders.tables import DocumentFile, Lot, Notice, TenderDocument, TenderProject

_MONEY = ("estimate", "price_limit", "minimum_price", "deposit")
_PLAIN = ("title", "content", "compulsory", "validity_days", "documents_from", "documents_until", "deadline_at",
          "opening_place", "host_id", "recorder_id", "k", "suite", "decryption_minutes", "objection_minutes",
          "sign_in_minutes", "remedy", "requires_bill", "two_envelopes", "price_notice_minutes")
_PLACED = ("announced_fields", "bid_parts")
_STRUCTURED = ("review_items", "scoring_items")


def _money(value: Decimal | None, field: str) -> Decimal | None:
    return None if value is None else yuan(value, field=field)


async def _keepers(session: AsyncSession, draft: LotDraft, uow: Work) -> list[dict[str, Any]]:
    now, made, is_sm = await uow.now(), [], suite_of(draft.suite).is_sm
    for index, choice in enumerate(draft.custodians, start=1):
        held = await party(session, choice.party_id)
        usable = {each.fingerprint: each for each in await certificates(session, held.id, now)
                  if each.takes_seals and (each.key_kind == SM2 or not is_sm)}
        # SM2 only where it is asked for: a client that holds no SM2 key opens nothing.
        newest = max(usable.values(), key=lambda each: (each.key_kind != SM2, each.not_before), default=None)
        chosen = usable.get(choice.certificate) if choice.certificate else newest
        if chosen is None:
            asked = "可用的 SM2 加密证书" if is_sm else "可用的加密证书"
            raise Invalid(f"保管人“{held.name}”没有{asked}，或所选证书不能用于加密", field="custodians")
        role = next((each for each in (*held.staff_roles, *held.roles)), "")
        made.append(msgspec.to_builtins(asdict(Custodian(index, held.id, held.name, role, chosen.fingerprint))))
    return made


def _check_times(draft: LotDraft) -> None:
    begin, end, deadline = draft.documents_from, draft.documents_until, draft.deadline_at
    if begin and end and begin >= end:
        raise Invalid("文件发售截止须晚于发售起始", field="documents_until")
    if begin and deadline and begin >= deadline:
        raise Invalid("投标截止须晚于文件发售起始", field="deadline_at")


async def _fill(held: Lot, draft: LotDraft, uow: Work) -> None:
    _check_times(draft)
    for name in _PLAIN:
        setattr(held, name, getattr(draft, name))
    for name in _MONEY:
        setattr(held, name, _money(getattr(draft, name), name))
    for name in _PLACED:
        placed = [each.placed(two_envelopes=draft.two_envelopes) for each in getattr(draft, name)]
        setattr(held, name, msgspec.to_builtins(placed))
    for name in _STRUCTURED:
        setattr(held, name, msgspec.to_builtins(getattr(draft, name)))
    # Bidders choose among all forms unless the tenderee says otherwise.
    held.deposit_forms = list(draft.deposit_forms or DEPOSIT_FORMS) if held.deposit else list(draft.deposit_forms)
    held.award = msgspec.to_builtins(draft.award)
    held.price_formula = msgspec.to_builtins(draft.price_formula) if draft.price_formula else {}
    for host in (draft.host_id, draft.recorder_id):
        if host is not None:
            await must_hold(uow.session, host, "centre")
    held.custodians = await _keepers(uow.session, draft, uow)


def _note(uow: Work, action: str, actor: Actor, held: Lot, draft: LotDraft | None = None) -> None:
    uow.record(action, actor, stream=f"lot:{held.id}", subject=f"lot:{held.id}", audience=insiders(held),
               payload={"code": held.code, "rehearsal": held.rehearsal, "data": msgspec.to_builtins(draft),
                        "by": actor.id})


def _new_lot(owner: TenderProject, region: str) -> Lot:
    kind = TRADE_KINDS[owner.trade_kind]
    owner.lot_serial += 1
    return Lot(id=new_id(), tender_project_id=owner.id, code=lot_code(owner.code, owner.lot_serial), region=region,
               tenderee_id=owner.tenderee_id, agency_id=owner.agency_id, trade_kind=kind.code, edition=kind.edition,
               rehearsal=kind.rehearsal, round=1, stage=Stage.DRAFT, suspended=False, min_bidders=kind.min_bidders)


async def create_lot(tender_project_id: UUID, draft: LotDraft, actor: Actor, uow: Work) -> Lot:
    """A draft lot; a tender project holds several (A-40). It keeps the edition of the rules it was made under."""
    async with uow:
        owner = await queries.tender_project(uow.session, tender_project_id, lock=True)
        permit(actor, Right.MANAGE, owner)
        project = await queries.project(uow.session, owner.project_id)
        made = _new_lot(owner, project.region)
        await _fill(made, draft, uow)
        made.created_at = await uow.now()
        uow.session.add(made)
        _note(uow, "lot.created", actor, made, draft)
        await uow.commit()
        return made


async def _must_be_editable(held: Lot, session: AsyncSession) -> None:
    if held.stage != Stage.DRAFT:
        raise Refused("标段已提交，须先撤回才能修改", stage=held.stage)
    waiting = exists().where(Notice.lot_id == held.id, Notice.status.in_(sorted(NOTICE_IS_WAITING)))
    if (await session.execute(select(waiting))).scalar_one():
        raise Refused("公告正在审核，标段不能修改")


async def change_lot(lot_id: UUID, draft: LotDraft, actor: Actor, uow: Work) -> Lot:
    """New data for a draft. Code and kind of trade stay: a rehearsal never becomes a real lot."""
    async with uow:
        held = await queries.lock_lot(uow, lot_id)
        permit(actor, Right.MANAGE, held)
        await _must_be_editable(held, uow.session)
        await _fill(held, draft, uow)
        _note(uow, "lot.changed", actor, held, draft)
        await uow.commit()
        return held


async def delete_lot(lot_id: UUID, actor: Actor, uow: Work) -> None:
    """Deletes a draft with its draft notices and documents; the number is not given out again."""
    async with uow:
        held = await queries.lock_lot(uow, lot_id)
        permit(actor, Right.MANAGE, held)
        await _must_be_editable(held, uow.session)
        for table in (Notice, TenderDocument, DocumentFile):
            await uow.session.execute(delete(table).where(table.lot_id == held.id))
        _note(uow, "lot.deleted", actor, held)
        await uow.session.delete(held)
        await uow.commit()


async def submit_lot(lot_id: UUID, actor: Actor, uow: Work) -> Lot:
    """The plan stands: notice and document are written from it."""
    async with uow:
        held = await queries.lock_lot(uow, lot_id)
        permit(actor, Right.MANAGE, held)
        held.stage = advance(held.stage, Act.SUBMIT_LOT, Passage(now=await uow.now()))
        _note(uow, "lot.submitted", actor, held)
        await uow.commit()
        return held


async def revise_lot(lot_id: UUID, actor: Actor, uow: Work) -> Lot:
    """Takes a submitted lot back to be changed, while no notice waits for review."""
    async with uow:
        held = await queries.lock_lot(uow, lot_id)
        permit(actor, Right.MANAGE, held)
        held.stage = advance(held.stage, Act.REVISE_LOT, Passage(now=await uow.now()))
        await _must_be_editable(held, uow.session)
        _note(uow, "lot.revised", actor, held)
        await uow.commit()
        return held
