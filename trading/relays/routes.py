"""The HTTP face of relays; the side's token goes in a header, so that no address holds it."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.work import Works
from trading.relays import commands, queries
from trading.relays.requests import Answered, Asked, Claimed, Opened

Token = Annotated[str, HeaderParameter(name="X-Relay-Token", max_length=100)]


class HeldView(msgspec.Struct):
    """One side's token, shown this once."""

    id: str
    token: str
    expires_at: datetime


class AskedView(msgspec.Struct):
    """The number under which the question stands, and until when."""

    number: int
    expires_at: datetime


@post("/api/key-relays", operation_id="openKeyRelay")
async def open_key_relay(data: JSONBody[Opened], work: NamedDependency[Works]) -> HeldView:
    """A relay for a page that shows a code to be scanned; good for two minutes until it is claimed."""
    held = await commands.open_relay(data, work())
    return HeldView(held.id, held.token, held.expires_at)


@post("/api/key-relays/{relay_id:str}/claim", operation_id="claimKeyRelay", status_code=200)
async def claim_key_relay(relay_id: FromPath[str], data: JSONBody[Claimed], work: NamedDependency[Works]) -> HeldView:
    """Ties the relay to the telephone that has scanned the code, once."""
    held = await commands.claim_relay(relay_id, data, work())
    return HeldView(held.id, held.token, held.expires_at)


@post("/api/key-relays/{relay_id:str}/question", operation_id="askKeyRelay")
async def ask_key_relay(relay_id: FromPath[str], data: JSONBody[Asked], token: Token, work: NamedDependency[Works],
                        ) -> AskedView:
    """The page's question, sealed; it takes the place of the one before."""
    return AskedView(*await commands.ask(relay_id, token, data, work()))


@get("/api/key-relays/{relay_id:str}/question", operation_id="readKeyQuestion")
async def read_key_question(relay_id: FromPath[str], token: Token, reader: NamedDependency[AsyncSession],
                            ) -> queries.QuestionView:
    """What the telephone is asked now."""
    return await queries.question_view(reader, relay_id, token)


@put("/api/key-relays/{relay_id:str}/answer", operation_id="answerKeyQuestion", status_code=204)
async def answer_key_question(relay_id: FromPath[str], data: JSONBody[Answered], token: Token,
                              work: NamedDependency[Works]) -> None:
    """The telephone's answer, sealed, once a question."""
    await commands.answer(relay_id, token, data, work())


@get("/api/key-relays/{relay_id:str}/answer", operation_id="readKeyAnswer")
async def read_key_answer(relay_id: FromPath[str], token: Token, reader: NamedDependency[AsyncSession],
                          ) -> queries.AnswerView:
    """Whether a telephone has come, and what it has answered."""
    return await queries.answer_view(reader, relay_id, token)


@delete("/api/key-relays/{relay_id:str}", operation_id="closeKeyRelay")
async def close_key_relay(relay_id: FromPath[str], token: Token, work: NamedDependency[Works]) -> None:
    """Ends the relay, from either side."""
    await commands.close_relay(relay_id, token, work())


ROUTES: list[ControllerRouterHandler] = [
    open_key_relay, claim_key_relay, ask_key_relay, read_key_question, answer_key_question, read_key_answer,
    close_key_relay,
]
