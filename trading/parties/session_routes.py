"""The HTTP face of identity: certificates shown, sessions opened, listed and ended."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.trust import TrustList
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import PUBLIC, Actor
from trading.parties import binding, ending, sessions, views
from trading.parties.addresses import AnyConnection, origin_of, tls_certificate
from trading.parties.devices import DeviceView, devices
from trading.parties.identity import issue_challenge
from trading.parties.keys import ask_key
from trading.parties.living import policy_of
from trading.parties.lockout import KNOWN_FOR
from trading.parties.requests import Caller, Enrol, Shown

_LONGEST_AGENT = 300
AnyRequest = Request[Any, Any, Any]
SAYS_FAILURES = {"log_refusals": True}


class SignedInView(msgspec.Struct):
    """A session: the token is for programs; browsers get it as a cookie that no script can read.

    With ``second_factor``, the question to a security key, the session is nobody's until the key has answered.
    """

    token: str
    ends_at: datetime
    actor: views.ActorView
    warnings: list[views.Caution]
    second_factor: dict[str, Any] | None = None


def address_of(connection: AnyConnection) -> str:
    """The peer's network address; a proxy's word counts only from ``trusted_proxies`` (``frontend.server.proxies``)."""
    return connection.client.host if connection.client else ""


def cookie_names(settings: Settings) -> tuple[str, str]:
    """What the cookies of the session and of the device are called. Behind TLS their prefixes hold browsers to it: no
    neighbour under the same domain, and no answer without TLS, plants one (ASVS 3.3.3)."""
    is_safe = settings.public_origin.startswith("https:")
    return ("__Host-yunkai", "__Secure-yunkai-device") if is_safe else ("yunkai", "yunkai-device")


def caller_of(connection: AnyConnection, settings: Settings) -> Caller:
    """What the connection says of who asks."""
    agent, device = connection.headers.get("user-agent", ""), connection.cookies.get(cookie_names(settings)[1], "")
    return Caller(address_of(connection), agent[:_LONGEST_AGENT], token_of(connection, settings) or "",
                  device[:_LONGEST_AGENT], tls_certificate(connection, settings))


def token_of(connection: AnyConnection, settings: Settings) -> str | None:
    """The session token: a bearer header from programs, a strict cookie from browsers."""
    header = connection.headers.get("authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ")
    return connection.cookies.get(cookie_names(settings)[0])


def cookies_of(token: str, device: str, age: timedelta, settings: Settings) -> list[Cookie]:
    """The cookies of an opened session, or with an age of nothing of one that is over; no script reads them."""
    session, known = cookie_names(settings)
    given = [(session, token, "/", age)] + ([(known, device, "/api", KNOWN_FOR)] if device else [])
    return [Cookie(key=key, value=value, path=path, httponly=True, samesite="strict",
                   secure=settings.public_origin.startswith("https:"), max_age=int(life.total_seconds()))
            for key, value, path, life in given]


async def with_cookie(opened: sessions.SignedIn, reader: AsyncSession, settings: Settings,
                       work: Works) -> Response[SignedInView]:
    actor = PUBLIC if opened.awaits_key else opened.actor
    shown = await views.me(reader, actor)
    body = SignedInView(opened.token, opened.ends_at, views.actor_view(actor), shown.warnings)
    if opened.awaits_key and opened.actor.party_id is not None:
        body.second_factor = await ask_key(work(), opened.actor.party_id, settings.public_origin)
    cookies = cookies_of(opened.token, opened.device, policy_of(reader).age, settings)
    return Response(body, status_code=201, cookies=cookies, headers={"Cache-Control": "no-store"})


@get("/api/login/challenge", operation_id="takeChallenge")
async def take_challenge(request: AnyRequest, work: NamedDependency[Works],
                         settings: NamedDependency[Settings]) -> dict[str, str]:
    """A nonce to sign, good once and for two minutes, and the origin that must be signed with it."""
    return {**await issue_challenge(work()), "origin": origin_of(request, settings)}


@post("/api/login", operation_id="signIn", opt=SAYS_FAILURES)
async def sign_in(data: JSONBody[Shown], request: AnyRequest, work: NamedDependency[Works],
                  trust: NamedDependency[TrustList], settings: NamedDependency[Settings],
                  reader: NamedDependency[AsyncSession]) -> Response[SignedInView]:
    """Opens a session for the holder of a bound certificate."""
    opened = await sessions.sign_in(data, caller_of(request, settings), work(), trust, origin_of(request, settings))
    return await with_cookie(opened, reader, settings, work)


@post("/api/login/renewed", operation_id="signInRenewed", opt=SAYS_FAILURES)
async def sign_in_renewed(data: JSONBody[Shown], request: AnyRequest, work: NamedDependency[Works],
                          trust: NamedDependency[TrustList], settings: NamedDependency[Settings],
                          reader: NamedDependency[AsyncSession]) -> Response[SignedInView]:
    """Opens a session with the successor of certificates that have all ended, and binds it."""
    caller = caller_of(request, settings)
    opened = await sessions.sign_in_renewed(data, caller, work(), trust, origin_of(request, settings))
    return await with_cookie(opened, reader, settings, work)


def _without_cookie(settings: Settings) -> Response[None]:
    return Response(None, status_code=204, cookies=cookies_of("", "", timedelta(0), settings))


@post("/api/logout", operation_id="signOut", status_code=204)
async def sign_out(request: AnyRequest, actor: NamedDependency[Actor], work: NamedDependency[Works],
                   settings: NamedDependency[Settings]) -> Response[None]:
    """Ends the session and forgets the cookie."""
    await ending.sign_out(actor, token_of(request, settings) or "", work())
    return _without_cookie(settings)


@get("/api/me/sessions", operation_id="listSessions")
async def list_sessions(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> list[DeviceView]:
    """Where the enterprise is signed in now, one line a device."""
    return await devices(reader, actor)


@delete("/api/me/sessions/{session_id:uuid}", operation_id="endSession")
async def end_session(session_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works]) -> None:
    """Signs one device out."""
    await ending.end_session(session_id, actor, work())


@delete("/api/me/sessions", operation_id="endAllSessions")
async def end_all_sessions(actor: NamedDependency[Actor], work: NamedDependency[Works],
                           settings: NamedDependency[Settings]) -> Response[None]:
    """Signs the enterprise out everywhere."""
    await ending.end_all_sessions(actor, work())
    return _without_cookie(settings)


@post("/api/login/again", operation_id="signInAgain", opt=SAYS_FAILURES)
async def sign_in_again(data: JSONBody[Shown], request: AnyRequest, actor: NamedDependency[Actor],
                        work: NamedDependency[Works], trust: NamedDependency[TrustList],
                        settings: NamedDependency[Settings], reader: NamedDependency[AsyncSession],
                        ) -> Response[SignedInView]:
    """Proves the certificate anew within the session, for an act that asks for a fresh proof."""
    caller = caller_of(request, settings)
    opened = await sessions.sign_in_again(data, caller, actor, work(), trust, origin_of(request, settings))
    return await with_cookie(opened, reader, settings, work)


@post("/api/enrolment", operation_id="enrol", opt=SAYS_FAILURES)
async def enrol(data: JSONBody[Enrol], request: AnyRequest, work: NamedDependency[Works],
                trust: NamedDependency[TrustList], settings: NamedDependency[Settings],
                reader: NamedDependency[AsyncSession]) -> Response[SignedInView]:
    """Begins an enrolment: a draft, and a session to finish it in."""
    opened = await sessions.enrol(data, caller_of(request, settings), work(), trust, origin_of(request, settings))
    return await with_cookie(opened, reader, settings, work)


@post("/api/me/certificates", operation_id="bindCertificate")
async def bind_certificate(data: JSONBody[Shown], request: AnyRequest, actor: NamedDependency[Actor],
                           work: NamedDependency[Works], trust: NamedDependency[TrustList],
                           settings: NamedDependency[Settings], reader: NamedDependency[AsyncSession]) -> views.Me:
    """Binds one more certificate of the enterprise."""
    await binding.bind_certificate(data, actor, work(), trust, origin_of(request, settings))
    return await views.me(reader, actor)


@delete("/api/me/certificates/{fingerprint:str}", operation_id="unbindCertificate")
async def unbind_certificate(fingerprint: FromPath[str], actor: NamedDependency[Actor],
                             work: NamedDependency[Works]) -> None:
    """Ends a binding, and the sessions opened with it."""
    await binding.unbind_certificate(fingerprint, actor, work())


SESSION_ROUTES: list[ControllerRouterHandler] = [
    take_challenge, sign_in, sign_in_renewed, sign_in_again, enrol, sign_out, list_sessions, end_session,
    end_all_sessions, bind_certificate, unbind_certificate,
]
