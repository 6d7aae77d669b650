"""What an enterprise owes its own enrolment, the centre the enrolments of others, the second person an appointment."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from storage.kernel.task import Task
from trading.parties.model import Act, ProposalStatus, VersionStatus
from trading.parties.permissions import may
from trading.parties.tables import AppointmentProposal, Party, PartyVersion

_MOST = 50
_OWN = {VersionStatus.DRAFT: ("declare_enrolment", "入库信息还是草稿，尚未申报"),
        VersionStatus.REFUSED: ("amend_enrolment", "入库申报被退回，请按意见修改")}


async def tasks_of(session: AsyncSession, actor: Actor, now: datetime) -> list[Task]:
    """The actor's own enrolment, as far as it waits for the actor; for the centre, declarations that wait for it; for
    who may decide on appointments, those that another person proposed."""
    if actor.party_id is None:
        return []
    query = (select(PartyVersion.status).where(PartyVersion.party_id == actor.party_id)
             .order_by(PartyVersion.number.desc()).limit(1))
    own = _OWN.get(VersionStatus((await session.scalars(query)).one()))
    found = [Task(own[0], own[1], "/enrol")] if own else []
    found += await _waiting(session) if actor.has("centre") else []
    return found + (await _proposed(session, actor) if may(actor, Act.DECIDE) else [])


async def _waiting(session: AsyncSession) -> list[Task]:
    query = (select(Party.name, Party.id).join(PartyVersion, PartyVersion.party_id == Party.id)
             .where(PartyVersion.status == VersionStatus.DECLARED).order_by(PartyVersion.declared_at).limit(_MOST))
    return [Task("verify_party", row.name, f"/centre/parties?party={row.id}") for row in await session.execute(query)]


async def _proposed(session: AsyncSession, actor: Actor) -> list[Task]:
    """Nobody decides what it proposed, or what concerns itself (R-1011)."""
    query = (select(Party.name, AppointmentProposal.id).join(Party, Party.id == AppointmentProposal.party_id)
             .where(AppointmentProposal.status == ProposalStatus.WAITING, AppointmentProposal.proposed_by != actor.id,
                    AppointmentProposal.party_id != actor.party_id)
             .order_by(AppointmentProposal.proposed_at).limit(_MOST))
    return [Task("decide_appointment", row.name, f"/centre/appointments?proposal={row.id}")
            for row in await session.execute(query)]
