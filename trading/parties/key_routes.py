"""The HTTP face of security keys: registered, listed, asked at sign-in and for a fresh proof."""

import secrets
from dataclasses import replace
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.trust import TrustList
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from trading.parties import keys
from trading.parties.keys import KeyAnswer, KeyView, RegisterKey
from trading.parties.living import policy_of
from trading.parties.session_routes import SAYS_FAILURES, SignedInView, caller_of, cookies_of, with_cookie
from trading.parties.sessions import SignedIn


class RegisteredView(msgspec.Struct):
    """One's own keys, and where the first was just registered the session's new token, for programs."""

    keys: list[KeyView]
    token: str | None = None


@get("/api/me/keys", operation_id="listKeys")
async def list_keys(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> list[KeyView]:
    """One's own security keys."""
    return await keys.own_keys(reader, actor)


@post("/api/me/keys/begin", operation_id="beginKey", status_code=200)
async def begin_key(actor: NamedDependency[Actor], work: NamedDependency[Works],
                    settings: NamedDependency[Settings]) -> dict[str, Any]:
    """What a browser is asked in order to make a key."""
    return await keys.begin_key(actor, work(), settings.public_origin)


@post("/api/me/keys", operation_id="registerKey", status_code=201)
async def register_key(data: JSONBody[RegisterKey], actor: NamedDependency[Actor], work: NamedDependency[Works],
                       trust: NamedDependency[TrustList], settings: NamedDependency[Settings],
                       reader: NamedDependency[AsyncSession]) -> Response[RegisteredView]:
    """Registers a key that the browser made, by a signature of the certificate; with the first the session goes on as
    one that has shown it, under a new token."""
    token = secrets.token_urlsafe(32)
    is_first = await keys.register_key(data, actor, token, work(), trust, settings.public_origin)
    body = RegisteredView(await keys.own_keys(reader, actor), token if is_first else None)
    cookies = cookies_of(token, "", policy_of(reader).age, settings) if is_first else []
    return Response(body, status_code=201, cookies=cookies, headers={"Cache-Control": "no-store"})


@post("/api/login/key", operation_id="signInWithKey", opt=SAYS_FAILURES)
async def sign_in_with_key(data: JSONBody[KeyAnswer], request: Request[Any, Any, Any], work: NamedDependency[Works],
                           settings: NamedDependency[Settings], reader: NamedDependency[AsyncSession],
                           ) -> Response[SignedInView]:
    """Completes a sign-in by the key that was asked for."""
    caller, token = caller_of(request, settings), secrets.token_urlsafe(32)
    actor, device, opened_at = await keys.pass_key(data, caller, token, work(), settings.public_origin)
    opened = SignedIn(token, device, opened_at + policy_of(reader).age, actor)
    return await with_cookie(opened, reader, settings, work)


@post("/api/login/again/key/begin", operation_id="beginKeyProof", status_code=200)
async def begin_proof(actor: NamedDependency[Actor], work: NamedDependency[Works],
                      settings: NamedDependency[Settings]) -> dict[str, Any]:
    """What a browser asks of a registered key, for an act that asks for a fresh proof."""
    return await keys.begin_proof(actor, work(), settings.public_origin)


@post("/api/login/again/key", operation_id="proveByKey")
async def prove_by_key(data: JSONBody[KeyAnswer], actor: NamedDependency[Actor], work: NamedDependency[Works],
                       settings: NamedDependency[Settings], reader: NamedDependency[AsyncSession],
                       ) -> Response[SignedInView]:
    """Proves by a registered key, within the session, who is there."""
    token = secrets.token_urlsafe(32)
    opened_at = await keys.prove_by_key(data, actor, token, work(), settings.public_origin)
    opened = SignedIn(token, "", opened_at + policy_of(reader).age, replace(actor, is_fresh=True))
    return await with_cookie(opened, reader, settings, work)


KEY_ROUTES: list[ControllerRouterHandler] = [
    list_keys, begin_key, register_key, sign_in_with_key, begin_proof, prove_by_key,
]
