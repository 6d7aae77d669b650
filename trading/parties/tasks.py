"""What an enterprise owes its own enrolment, and the centre the enrolments of others."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from storage.kernel.task import Task
from trading.parties.model import VersionStatus
from trading.parties.tables import Party, PartyVersion

_MOST = 50
_OWN = {VersionStatus.DRAFT: ("declare_enrolment", "入库信息还是草稿，尚未申报"),
        VersionStatus.REFUSED: ("amend_enrolment", "入库申报被退回，请按意见修改")}


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """The actor's own enrolment, as far as it waits for the actor; for the centre, declarations that wait for it."""
    if actor.party_id is None:
        return []
    query = (select(PartyVersion.status).where(PartyVersion.party_id == actor.party_id)
             .order_by(PartyVersion.number.desc()).limit(1))
    own = _OWN.get(VersionStatus((await session.scalars(query)).one()))
    found = [Task(own[0], own[1], "/enrol")] if own else []
    return found + (await _waiting(session) if actor.has("centre") else [])


async def _waiting(session: AsyncSession) -> list[Task]:
    query = (select(Party.name, Party.id).join(PartyVersion, PartyVersion.party_id == Party.id)
             .where(PartyVersion.status == VersionStatus.DECLARED).order_by(PartyVersion.declared_at).limit(_MOST))
    return [Task("verify_party", row.name, f"/centre/parties?party={row.id}") for row in await session.execute(query)]
