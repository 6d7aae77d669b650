"""The HTTP face of confirming: a program asks and takes, a person in a browser looks and decides."""

import secrets
from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from trading.parties import confirming, views
from trading.parties.confirming import AskedView, Coded, Confirm, ProgramView
from trading.parties.session_routes import SAYS_FAILURES, SignedInView, caller_of

_PRIVATE = {"Cache-Control": "no-store"}


class TakenView(msgspec.Struct):
    """``state``: waiting, confirmed or expired; once, where it was confirmed, the session with its new token."""

    state: str
    signed_in: SignedInView | None = None


@post("/api/login/confirmation", operation_id="askConfirmation", status_code=201, opt=SAYS_FAILURES)
async def ask_confirmation(request: Request[Any, Any, Any], actor: NamedDependency[Actor],
                           work: NamedDependency[Works], settings: NamedDependency[Settings]) -> Response[AskedView]:
    """A code for a program of the command line whose party has a security key, to be confirmed in a browser."""
    caller = caller_of(request, settings)
    asked = await confirming.ask_confirmation(actor, caller, work(), settings.public_origin)
    return Response(asked, status_code=201, headers=_PRIVATE)


@post("/api/login/confirmation/take", operation_id="takeConfirmation", status_code=200)
async def take_confirmation(request: Request[Any, Any, Any], actor: NamedDependency[Actor],
                            work: NamedDependency[Works], settings: NamedDependency[Settings],
                            reader: NamedDependency[AsyncSession]) -> Response[TakenView]:
    """Whether the program's question was confirmed; the session's new token, once."""
    token = secrets.token_urlsafe(32)
    taken = await confirming.take_confirmation(actor, caller_of(request, settings), token, work())
    body = TakenView(taken.state.value)
    if taken.actor is not None and taken.ends_at is not None:
        shown = await views.me(reader, taken.actor)
        body.signed_in = SignedInView(token, taken.ends_at, views.actor_view(taken.actor), shown.warnings)
    return Response(body, status_code=200, headers=_PRIVATE)


@post("/api/me/confirmations/find", operation_id="findProgram", status_code=200)
async def find_program(data: JSONBody[Coded], actor: NamedDependency[Actor],
                       work: NamedDependency[Works]) -> Response[ProgramView]:
    """What program of one's own party asks under this code, from where and since when."""
    return Response(await confirming.find_program(data, actor, work()), status_code=200, headers=_PRIVATE)


@post("/api/me/confirmations", operation_id="confirmProgram", status_code=204, opt=SAYS_FAILURES)
async def confirm_program(data: JSONBody[Confirm], actor: NamedDependency[Actor], work: NamedDependency[Works],
                          settings: NamedDependency[Settings]) -> None:
    """Confirms the program by a touch of one's security key."""
    await confirming.confirm_program(data, actor, work(), settings.public_origin)


@post("/api/me/confirmations/refuse", operation_id="refuseProgram", status_code=204)
async def refuse_program(data: JSONBody[Coded], actor: NamedDependency[Actor], work: NamedDependency[Works]) -> None:
    """Refuses the program, and signs it out."""
    await confirming.refuse_program(data, actor, work())


CONFIRMING_ROUTES: list[ControllerRouterHandler] = [
    ask_confirmation, take_confirmation, find_program, confirm_program, refuse_program,
]
