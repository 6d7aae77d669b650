"""The HTTP face of appointments: one proposes, another decides; and of signing somebody out."""

from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.work import Works
from storage.kernel.actor import Actor
from trading.parties import appointing, ending
from trading.parties.appointing import ProposalView, Ties
from trading.parties.requests import Appointed, Reason

_REFUSALS = {"record_refusal": "appointment.act-refused"}


@get("/api/appointments", operation_id="listAppointments")
async def list_appointments(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                            ) -> list[ProposalView]:
    """Proposals to appoint or dismiss staff, those that wait first."""
    return await appointing.appointments(reader, actor)


@post("/api/parties/{party_id:uuid}/appointments", operation_id="proposeAppointment", opt=_REFUSALS)
async def propose_appointment(party_id: FromPath[UUID], data: JSONBody[Appointed], actor: NamedDependency[Actor],
                              work: NamedDependency[Works], ties: NamedDependency[Ties]) -> dict[str, str]:
    """Proposes to give a body a staff role, or to take it away."""
    return {"id": str(await appointing.propose_appointment(party_id, data, actor, work(), ties))}


@post("/api/appointments/{proposal_id:uuid}/approve", operation_id="approveAppointment", status_code=204,
      opt=_REFUSALS)
async def approve_appointment(proposal_id: FromPath[UUID], data: JSONBody[Reason], actor: NamedDependency[Actor],
                              work: NamedDependency[Works], ties: NamedDependency[Ties]) -> None:
    """Approves what another person proposed; the role changes, and the appointed sign in anew."""
    await appointing.approve_appointment(proposal_id, data, actor, work(), ties)


@post("/api/appointments/{proposal_id:uuid}/refuse", operation_id="refuseAppointment", status_code=204,
      opt=_REFUSALS)
async def refuse_appointment(proposal_id: FromPath[UUID], data: JSONBody[Reason], actor: NamedDependency[Actor],
                             work: NamedDependency[Works]) -> None:
    """Refuses what another person proposed, or takes back one's own."""
    await appointing.refuse_appointment(proposal_id, data, actor, work())


@post("/api/parties/{party_id:uuid}/sign-out", operation_id="endPartySessions", status_code=204)
async def end_party_sessions(party_id: FromPath[UUID], data: JSONBody[Reason], actor: NamedDependency[Actor],
                             work: NamedDependency[Works]) -> None:
    """Signs an enterprise out everywhere, for a reason that it reads."""
    await ending.end_party_sessions(party_id, data, actor, work())


APPOINTMENT_ROUTES: list[ControllerRouterHandler] = [
    list_appointments, propose_appointment, approve_appointment, refuse_appointment, end_party_sessions,
]
