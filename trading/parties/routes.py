"""The HTTP face of enrolment: drafting, declaring, verifying, stopping, appointing."""

from uuid import UUID

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.trust import TrustList
from storage.database.work import Works
from storage.kernel.actor import Actor
from trading.parties import commands, queries, views
from trading.parties.agreement import agreement
from trading.parties.appointment_routes import APPOINTMENT_ROUTES
from trading.parties.confirming_routes import CONFIRMING_ROUTES
from trading.parties.disclosing import Disclosure, disclose
from trading.parties.key_routes import KEY_ROUTES
from trading.parties.model import Act
from trading.parties.permissions import permit, permit_choosing
from trading.parties.requests import Declared, Judged, Reason
from trading.parties.session_routes import SESSION_ROUTES


@get("/api/agreement", operation_id="readAgreement")
async def read_agreement() -> dict[str, object]:
    """The enrolment agreement in force (A-25)."""
    return agreement()


@get("/api/me", operation_id="readMe")
async def read_me(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> views.Me:
    """Who is signed in, the enterprise, its certificates and what to see to."""
    return await views.me(reader, actor)


@put("/api/me/enrolment", operation_id="editEnrolment")
async def edit_enrolment(data: JSONBody[Declared], actor: NamedDependency[Actor], work: NamedDependency[Works],
                         reader: NamedDependency[AsyncSession]) -> views.Me:
    """Changes the draft, or begins a change of what was verified or refused."""
    await commands.edit_enrolment(data, actor, work())
    return await views.me(reader, actor)


@post("/api/me/enrolment/declare", operation_id="declareEnrolment", status_code=200)
async def declare_enrolment(actor: NamedDependency[Actor], work: NamedDependency[Works],
                            trust: NamedDependency[TrustList], reader: NamedDependency[AsyncSession]) -> views.Me:
    """Declares the draft; verified at once where everything can be checked, waiting for the centre where not."""
    subject = await commands.declare_enrolment(actor, work(), trust)
    return await views.me(reader, queries.actor_for(subject, actor.certificate, actor.address))


@delete("/api/me/enrolment", operation_id="deleteEnrolment")
async def delete_enrolment(actor: NamedDependency[Actor], work: NamedDependency[Works]) -> None:
    """Deletes the draft or refused version."""
    await commands.delete_enrolment(actor, work())


class PartyPage(msgspec.Struct):
    """A page of enterprises."""

    items: list[views.PartyLine]
    total: int
    page: int
    page_size: int


@get("/api/parties", operation_id="listParties")
async def list_parties(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                       q: FromQuery[str] = "", status: FromQuery[str] = "", page: FromQuery[int] = 1) -> PartyPage:
    """Enterprises for centre staff: by name, code and status."""
    permit(actor, Act.LIST)
    page = min(max(page, 1), 100_000)
    rows, total = await queries.find_parties(reader, status=status, text=q.strip(), page=page)
    return PartyPage([views.party_line(each) for each in rows], total, page, queries.PAGE)


@get("/api/party-choices", operation_id="listPartyChoices")
async def list_party_choices(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                             ) -> list[views.PartyChoice]:
    """Who may keep a share or run an opening, for those who plan one; bidders are never among them (R-200)."""
    permit_choosing(actor)
    return await views.party_choices(reader)


@get("/api/parties/{party_id:uuid}", operation_id="readParty")
async def read_party(party_id: FromPath[UUID], actor: NamedDependency[Actor],
                     reader: NamedDependency[AsyncSession]) -> views.PartyView:
    """An enterprise with all versions, for itself, the centre and the supervisor."""
    permit(actor, Act.READ, party_id)
    return await views.party_view(reader, await queries.party(reader, party_id), actor)


@post("/api/parties/{party_id:uuid}/verify", operation_id="verifyParty", status_code=200)
async def verify_party(party_id: FromPath[UUID], data: JSONBody[Judged], actor: NamedDependency[Actor],
                       work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> views.PartyView:
    """Confirms the version that waits."""
    await commands.verify_party(party_id, data, actor, work())
    return await views.party_view(reader, await queries.party(reader, party_id), actor)


@post("/api/parties/{party_id:uuid}/personal-data", operation_id="disclosePartyData", status_code=200)
async def disclose_party_data(party_id: FromPath[UUID], data: JSONBody[Disclosure], actor: NamedDependency[Actor],
                              work: NamedDependency[Works]) -> dict[str, str]:
    """The personal fields whole, for a purpose that is recorded and that the enterprise can read (R-1016)."""
    return await disclose(party_id, data, actor, work())


@post("/api/parties/{party_id:uuid}/refuse", operation_id="refuseParty", status_code=200)
async def refuse_party(party_id: FromPath[UUID], data: JSONBody[Judged], actor: NamedDependency[Actor],
                       work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> views.PartyView:
    """Sends the version that waits back, with a reason."""
    await commands.refuse_party(party_id, data, actor, work())
    return await views.party_view(reader, await queries.party(reader, party_id), actor)


@post("/api/parties/{party_id:uuid}/stop", operation_id="stopParty", status_code=200)
async def stop_party(party_id: FromPath[UUID], data: JSONBody[Reason], actor: NamedDependency[Actor],
                     work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> views.PartyView:
    """Stops the enterprise's business."""
    await commands.set_business(party_id, Act.STOP, data, actor, work())
    return await views.party_view(reader, await queries.party(reader, party_id), actor)


@post("/api/parties/{party_id:uuid}/allow", operation_id="allowParty", status_code=200)
async def allow_party(party_id: FromPath[UUID], data: JSONBody[Reason], actor: NamedDependency[Actor],
                      work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> views.PartyView:
    """Allows its business again."""
    await commands.set_business(party_id, Act.ALLOW, data, actor, work())
    return await views.party_view(reader, await queries.party(reader, party_id), actor)


ROUTES: list[ControllerRouterHandler] = [
    *SESSION_ROUTES, read_agreement, read_me, edit_enrolment, declare_enrolment, delete_enrolment,
    list_parties, list_party_choices, read_party, disclose_party_data, verify_party, refuse_party,
    stop_party, allow_party, *APPOINTMENT_ROUTES, *KEY_ROUTES, *CONFIRMING_ROUTES,
]
