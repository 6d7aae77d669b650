"""Forms of the opening record, kept by centre staff (A-115)."""

from typing import Annotated
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening.record import COLUMNS
from bidding.opening.tables import RecordTemplate
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, Invalid, NotAllowed, NotFound

_MUST = frozenset({"place", "bidder", "state", "price"})


class SaveTemplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of a form and its columns, in order."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    discipline: Annotated[str, msgspec.Meta(max_length=2000)]
    columns: Annotated[list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(max_length=20)]
    closing: Annotated[str, msgspec.Meta(max_length=2000)]


def _permit(actor: Actor, command: SaveTemplate | None = None) -> None:
    if not actor.has("centre"):
        raise NotAllowed("只有交易中心可以管理开标记录模板")
    if command is None:
        return
    if len(set(command.columns)) != len(command.columns) or not set(command.columns) <= set(COLUMNS):
        raise Invalid("栏目有重复或不存在", field="columns")
    if not set(command.columns) >= _MUST:
        raise Invalid("序号、投标人、状态、报价四栏不可缺少", field="columns")


async def templates(session: AsyncSession) -> list[RecordTemplate]:
    """The forms in use, by name."""
    query = select(RecordTemplate).where(RecordTemplate.is_retired.is_(False)).order_by(RecordTemplate.name)
    return list(await session.scalars(query))


async def save_template(template_id: UUID | None, command: SaveTemplate, actor: Actor, uow: Work) -> RecordTemplate:
    """Makes a form, or changes one; records drawn up before keep the words they had."""
    _permit(actor, command)
    async with uow:
        same = await uow.session.scalar(select(RecordTemplate.id).where(RecordTemplate.name == command.name))
        if same is not None and same != template_id:
            raise Conflict("已有同名模板", field="name")
        row = await uow.session.get(RecordTemplate, template_id, with_for_update=True) if template_id else None
        if template_id and row is None:
            raise NotFound("没有这个开标记录模板")
        now = await uow.now()
        if row is None:
            row = RecordTemplate()
            uow.session.add(row)
        row.name, row.title, row.discipline = command.name, command.title, command.discipline
        row.columns, row.closing, row.is_retired = command.columns, command.closing, False
        row.changed_at = now
        await uow.session.flush()
        uow.record("record_template.saved", actor, stream="platform", subject=f"record-template:{row.id}",
                   payload=msgspec.to_builtins(command))
        await uow.commit()
        return row


async def retire_template(template_id: UUID, actor: Actor, uow: Work) -> None:
    """Takes a form out of use; halls that name it keep it."""
    _permit(actor)
    async with uow:
        row = await uow.session.get(RecordTemplate, template_id, with_for_update=True)
        if row is None or row.is_retired:
            raise NotFound("没有这个开标记录模板")
        row.is_retired = True
        uow.record("record_template.retired", actor, stream="platform", subject=f"record-template:{row.id}",
                   payload={"name": row.name})
        await uow.commit()
