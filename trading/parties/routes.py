"""The HTTP face of enrolment and identity."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.trust import TrustList
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from trading.parties import commands, queries, sessions, views
from trading.parties.agreement import agreement
from trading.parties.disclosing import Disclosure, disclose
from trading.parties.identity import issue_challenge
from trading.parties.model import SESSION_LIMIT, Act
from trading.parties.permissions import permit, permit_choosing
from trading.parties.requests import Appointed, Declared, Enrol, Judged, Reason, Shown

COOKIE = "yunkai"
AnyRequest = Request[Any, Any, Any]


class SignedInView(msgspec.Struct):
    """A session: the token is for programs; browsers get it as a cookie that no script can read."""

    token: str
    ends_at: datetime
    actor: views.ActorView
    warnings: list[views.Caution]


def _address(request: AnyRequest) -> str:
    return request.client.host if request.client else ""


def _token(request: AnyRequest) -> str:
    header = request.headers.get("authorization", "")
    return header.removeprefix("Bearer ") if header.startswith("Bearer ") else request.cookies.get(COOKIE, "")


async def _with_cookie(opened: sessions.SignedIn, reader: AsyncSession, settings: Settings) -> Response[SignedInView]:
    shown = await views.me(reader, opened.actor)
    body = SignedInView(opened.token, opened.ends_at, views.actor_view(opened.actor), shown.warnings)
    cookie = Cookie(key=COOKIE, value=opened.token, path="/", httponly=True, samesite="strict",
                    secure=settings.public_origin.startswith("https:"), max_age=int(SESSION_LIMIT.total_seconds()))
    return Response(body, status_code=201, cookies=[cookie], headers={"Cache-Control": "no-store"})


@get("/api/agreement", operation_id="readAgreement")
async def read_agreement() -> dict[str, object]:
    """The enrolment agreement in force (A-25)."""
    return agreement()


@get("/api/login/challenge", operation_id="takeChallenge")
async def take_challenge(work: NamedDependency[Works], settings: NamedDependency[Settings]) -> dict[str, str]:
    """A nonce to sign, good once and for two minutes, and the origin that must be signed with it."""
    return {**await issue_challenge(work()), "origin": settings.public_origin}


@post("/api/login", operation_id="signIn")
async def sign_in(data: JSONBody[Shown], request: AnyRequest, work: NamedDependency[Works],
                  trust: NamedDependency[TrustList], settings: NamedDependency[Settings],
                  reader: NamedDependency[AsyncSession]) -> Response[SignedInView]:
    """Opens a session for the holder of a bound certificate."""
    opened = await sessions.sign_in(data, _address(request), work(), trust, settings.public_origin)
    return await _with_cookie(opened, reader, settings)


@post("/api/login/renewed", operation_id="signInRenewed")
async def sign_in_renewed(data: JSONBody[Shown], request: AnyRequest, work: NamedDependency[Works],
                          trust: NamedDependency[TrustList], settings: NamedDependency[Settings],
                          reader: NamedDependency[AsyncSession]) -> Response[SignedInView]:
    """Opens a session with the successor of certificates that have all ended, and binds it."""
    opened = await sessions.sign_in_renewed(data, _address(request), work(), trust, settings.public_origin)
    return await _with_cookie(opened, reader, settings)


@post("/api/logout", operation_id="signOut", status_code=204)
async def sign_out(request: AnyRequest, actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Response[None]:
    """Ends the session and forgets the cookie."""
    await sessions.sign_out(actor, _token(request), work())
    gone = Cookie(key=COOKIE, value="", path="/", httponly=True, samesite="strict", max_age=0)
    return Response(None, status_code=204, cookies=[gone])


@get("/api/me", operation_id="readMe")
async def read_me(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> views.Me:
    """Who is signed in, the enterprise, its certificates and what to see to."""
    return await views.me(reader, actor)


@post("/api/enrolment", operation_id="enrol")
async def enrol(data: JSONBody[Enrol], request: AnyRequest, work: NamedDependency[Works],
                trust: NamedDependency[TrustList], settings: NamedDependency[Settings],
                reader: NamedDependency[AsyncSession]) -> Response[SignedInView]:
    """Begins an enrolment: a draft, and a session to finish it in."""
    opened = await sessions.enrol(data, _address(request), work(), trust, settings.public_origin)
    return await _with_cookie(opened, reader, settings)


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


@post("/api/me/certificates", operation_id="bindCertificate")
async def bind_certificate(data: JSONBody[Shown], actor: NamedDependency[Actor], work: NamedDependency[Works],
                           trust: NamedDependency[TrustList], settings: NamedDependency[Settings],
                           reader: NamedDependency[AsyncSession]) -> views.Me:
    """Binds one more certificate of the enterprise."""
    await sessions.bind_certificate(data, actor, work(), trust, settings.public_origin)
    return await views.me(reader, actor)


@delete("/api/me/certificates/{fingerprint:str}", operation_id="unbindCertificate")
async def unbind_certificate(fingerprint: FromPath[str], actor: NamedDependency[Actor],
                             work: NamedDependency[Works]) -> None:
    """Ends a binding, and the sessions opened with it."""
    await sessions.unbind_certificate(fingerprint, actor, work())


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


@post("/api/parties/{party_id:uuid}/appoint", operation_id="appointParty", status_code=200)
async def appoint_party(party_id: FromPath[UUID], data: JSONBody[Appointed], actor: NamedDependency[Actor],
                        work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> views.PartyView:
    """Gives a body a staff role, or takes it away."""
    await commands.appoint(party_id, data, actor, work())
    return await views.party_view(reader, await queries.party(reader, party_id), actor)


ROUTES: list[ControllerRouterHandler] = [
    read_agreement, take_challenge, sign_in, sign_in_renewed, sign_out, read_me,
    enrol, edit_enrolment, declare_enrolment, delete_enrolment, bind_certificate, unbind_certificate,
    list_parties, list_party_choices, read_party, disclose_party_data, verify_party, refuse_party,
    stop_party, allow_party, appoint_party,
]
