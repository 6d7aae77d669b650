"""Projects and tender projects: written, changed, deleted while drafts, and submitted (A-36, A-37)."""

from uuid import UUID

import msgspec
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, Refused
from storage.kernel.identifiers import new_id, project_code
from trading.parties.queries import may_do_business, party
from trading.tenders import queries
from trading.tenders.forms import ProjectDraft, TenderProjectDraft
from trading.tenders.kinds import TRADE_KINDS, TradeKind
from trading.tenders.model import PlanStatus
from trading.tenders.permissions import Right, insiders, permit
from trading.tenders.tables import CodeSerial, Lot, Project, TenderProject


async def next_code(session: AsyncSession, platform_id: str, *, rehearsal: bool) -> str:
    """The next 17-character code under the platform's prefix; X instead of E for a rehearsal (R-802)."""
    prefix = ("X" if rehearsal else platform_id[0]) + platform_id[1:]
    claim = insert(CodeSerial).values(prefix=prefix, last=1).on_conflict_do_update(
        index_elements=[CodeSerial.prefix], set_={"last": CodeSerial.last + 1}).returning(CodeSerial.last)
    serial = (await session.execute(claim)).scalar_one()
    return project_code(prefix[0], prefix[1:7], prefix[7:11], serial)


def must_be_draft(status: str) -> None:
    """Raises ``Refused`` once the plan was submitted."""
    if status != PlanStatus.DRAFT:
        raise Refused("已提交的计划不能修改或删除", status_now=status)


async def must_hold(session: AsyncSession, party_id: UUID, role: str) -> None:
    """Raises ``Invalid`` unless the party is verified, active, and holds the role."""
    held = await party(session, party_id)
    if not may_do_business(held) or role not in {*held.roles, *held.staff_roles}:
        raise Invalid("所选单位不具备相应身份", field=role)


async def _owners(draft: ProjectDraft, actor: Actor, session: AsyncSession) -> tuple[UUID, UUID | None]:
    if actor.party_id is None:
        raise Invalid("请先登录", field="tenderee_id")
    if actor.has("tenderee"):
        tenderee, agency = actor.party_id, draft.agency_id
    else:
        if draft.tenderee_id is None:
            raise Invalid("代理机构须写明招标人", field="tenderee_id")
        tenderee, agency = draft.tenderee_id, actor.party_id
    await must_hold(session, tenderee, "tenderee")
    if agency is not None:
        await must_hold(session, agency, "agency")
    return tenderee, agency


def _note(uow: Work, action: str, actor: Actor, owned: Project | TenderProject, draft: object = None) -> None:
    head = owned.project_id if isinstance(owned, TenderProject) else owned.id
    kind = "tender-project" if isinstance(owned, TenderProject) else "project"
    uow.record(action, actor, stream=f"project:{head}", subject=f"{kind}:{owned.id}", audience=insiders(owned),
               payload={"code": owned.code, "rehearsal": owned.rehearsal, "data": msgspec.to_builtins(draft),
                        "by": actor.id})


async def create_project(draft: ProjectDraft, actor: Actor, uow: Work, platform_id: str) -> Project:
    """A draft project under a new code."""
    async with uow:
        permit(actor, Right.PLAN)
        tenderee, agency = await _owners(draft, actor, uow.session)
        made = Project(
            id=new_id(), code=await next_code(uow.session, platform_id, rehearsal=draft.rehearsal),
            name=draft.name, region=draft.region, approval=draft.approval, funding=draft.funding,
            in_scope=draft.in_scope, rehearsal=draft.rehearsal, tenderee_id=tenderee, agency_id=agency,
            status=PlanStatus.DRAFT, created_at=await uow.now())
        uow.session.add(made)
        _note(uow, "project.created", actor, made, draft)
        await uow.commit()
        return made


async def change_project(project_id: UUID, draft: ProjectDraft, actor: Actor, uow: Work) -> Project:
    """New data for a draft. Code, owner and rehearsal mark stay what they were."""
    async with uow:
        held = await queries.project(uow.session, project_id, lock=True)
        permit(actor, Right.MANAGE, held)
        must_be_draft(held.status)
        if draft.rehearsal != held.rehearsal:
            raise Refused("演练项目与真实项目不能互相转换")
        held.name, held.region, held.approval = draft.name, draft.region, draft.approval
        held.funding, held.in_scope = draft.funding, draft.in_scope
        if actor.has("tenderee") and draft.agency_id != held.agency_id:
            if draft.agency_id is not None:
                await must_hold(uow.session, draft.agency_id, "agency")
            held.agency_id = draft.agency_id
        _note(uow, "project.changed", actor, held, draft)
        await uow.commit()
        return held


async def delete_project(project_id: UUID, actor: Actor, uow: Work) -> None:
    """Deletes a draft that holds no tender project."""
    async with uow:
        held = await queries.project(uow.session, project_id, lock=True)
        permit(actor, Right.MANAGE, held)
        must_be_draft(held.status)
        if (await uow.session.execute(select(exists().where(TenderProject.project_id == held.id)))).scalar_one():
            raise Refused("项目下还有招标项目，不能删除")
        _note(uow, "project.deleted", actor, held)
        await uow.session.delete(held)
        await uow.commit()


async def submit_project(project_id: UUID, actor: Actor, uow: Work) -> Project:
    """From now on the project stands as it is."""
    async with uow:
        held = await queries.project(uow.session, project_id, lock=True)
        permit(actor, Right.MANAGE, held)
        must_be_draft(held.status)
        held.status = PlanStatus.SUBMITTED
        _note(uow, "project.submitted", actor, held)
        await uow.commit()
        return held


def _kind(draft: TenderProjectDraft, owner: Project) -> TradeKind:
    kind = TRADE_KINDS.get(draft.trade_kind)
    if kind is None:
        raise Invalid("没有这种交易类别", field="trade_kind")
    if kind.rehearsal != owner.rehearsal:
        raise Refused("演练类别只能用于演练项目，演练项目只能用演练类别", field="trade_kind")
    return kind


async def create_tender_project(project_id: UUID, draft: TenderProjectDraft, actor: Actor, uow: Work,
                                platform_id: str) -> TenderProject:
    """A draft tender project; a project holds several (A-38)."""
    async with uow:
        owner = await queries.project(uow.session, project_id, lock=True)
        permit(actor, Right.MANAGE, owner)
        kind = _kind(draft, owner)
        agency = draft.agency_id or owner.agency_id
        if agency is not None:
            await must_hold(uow.session, agency, "agency")
        made = TenderProject(
            id=new_id(), project_id=owner.id, name=draft.name, content=draft.content, trade_kind=kind.code,
            code=await next_code(uow.session, platform_id, rehearsal=kind.rehearsal), rehearsal=kind.rehearsal,
            tenderee_id=owner.tenderee_id, agency_id=agency, status=PlanStatus.DRAFT, lot_serial=0,
            created_at=await uow.now())
        uow.session.add(made)
        _note(uow, "tender_project.created", actor, made, draft)
        await uow.commit()
        return made


async def change_tender_project(tender_project_id: UUID, draft: TenderProjectDraft, actor: Actor,
                                uow: Work) -> TenderProject:
    """New name and content for a draft; the kind of trade stays, for the code and the lots carry it."""
    async with uow:
        held = await queries.tender_project(uow.session, tender_project_id, lock=True)
        permit(actor, Right.MANAGE, held)
        must_be_draft(held.status)
        if draft.trade_kind != held.trade_kind:
            raise Refused("交易类别不能改变，请另建招标项目", field="trade_kind")
        held.name, held.content = draft.name, draft.content
        _note(uow, "tender_project.changed", actor, held, draft)
        await uow.commit()
        return held


async def delete_tender_project(tender_project_id: UUID, actor: Actor, uow: Work) -> None:
    """Deletes a draft that holds no lot."""
    async with uow:
        held = await queries.tender_project(uow.session, tender_project_id, lock=True)
        permit(actor, Right.MANAGE, held)
        must_be_draft(held.status)
        if (await uow.session.execute(select(exists().where(Lot.tender_project_id == held.id)))).scalar_one():
            raise Refused("招标项目下还有标段，不能删除")
        _note(uow, "tender_project.deleted", actor, held)
        await uow.session.delete(held)
        await uow.commit()


async def submit_tender_project(tender_project_id: UUID, actor: Actor, uow: Work) -> TenderProject:
    """From now on the tender project stands as it is; lots can still be added."""
    async with uow:
        held = await queries.tender_project(uow.session, tender_project_id, lock=True)
        permit(actor, Right.MANAGE, held)
        must_be_draft(held.status)
        held.status = PlanStatus.SUBMITTED
        _note(uow, "tender_project.submitted", actor, held)
        await uow.commit()
        return held
