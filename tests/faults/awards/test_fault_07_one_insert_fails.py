"""Fault 07: one INSERT of an act fails; the whole act is undone, the message is general, the ledger stands still."""

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from sqlalchemy import select, text
from structlog.testing import capture_logs

from frontend.server.logs import tell_errors
from storage.crypto.signatures import sign
from storage.database.engine import Sessions
from tests.awards_world import Evaluated
from tests.tenders_world import Person
from trading.exchange.tables import ExchangePush

_RAISES = """create function fails() returns trigger language plpgsql as $$ begin
raise exception 'row of % is too much for the secret disk', tg_table_name; end $$"""


@asynccontextmanager
async def _failing(sessions: Sessions, table: str, condition: str) -> AsyncIterator[None]:
    """No row of the table that meets the condition can be inserted meanwhile."""
    await _execute(sessions, _RAISES, f"create trigger fails before insert on {table} for each row when ({condition}) "
                                      f"execute function fails()")
    yield
    await _execute(sessions, f"drop trigger fails on {table}", "drop function fails()")


async def _execute(sessions: Sessions, *statements: str) -> None:
    async with sessions() as session:
        for statement in statements:
            await session.execute(text(statement))
        await session.commit()


async def _everything(made: Evaluated, sessions: Sessions) -> tuple[Any, ...]:
    """The award as the tenderee sees it, the lot's acts, and what was queued.

    The platform's own reaction to the publication comes in its own time, and is none of the act.
    """
    async with sessions() as session:
        queued = sorted(await session.scalars(select(ExchangePush.kind)))
    shown, acts = await made.read(), await made.acts()
    acts.pop("coefficients.committed", None)
    return {key: value for key, value in shown.items() if key != "server_time"}, acts, queued


def _is_general(answer: httpx.Response) -> bool:
    """Status 500, and no word of what failed where."""
    assert answer.status_code == 500, answer.text
    told = answer.json()
    return told["title"] == "平台内部错误，操作未生效；请重试或报告问题" and not any(
        word in answer.text for word in ("disk", "trigger", "ledger_outbox", "exchange_push", "award", "Traceback"))


async def _press(person: Person, path: str, body: object) -> httpx.Response:
    return await person.http.post(path, json=body)


async def test_fault_07_a_winner_is_confirmed_wholly_or_not_at_all(evaluated: Evaluated, sessions: Sessions) -> None:
    await evaluated.publicise()
    await evaluated.end_publicity()
    before, winner = await _everything(evaluated, sessions), (f"{evaluated.at}/winner", {"bidder": evaluated.ids[0]})
    async with _failing(sessions, "ledger_outbox", "new.action = 'winner.confirmed'"):
        with capture_logs([tell_errors]) as lines:
            assert _is_general(await _press(evaluated.office.tenderee, *winner))
        assert await _everything(evaluated, sessions) == before
    told = "".join(map(str, lines))
    assert "confirm_winner" in told, "the log says where it failed"
    assert not any(word in told for word in (evaluated.bidders[0].party.uscc, "secret disk")), "and not on which row"
    shown = await evaluated.office.tenderee.post(*winner)
    assert (shown["lot"]["stage"], shown["winner"]["name"]) == ("awarded", evaluated.bidders[0].party.name)
    assert (await evaluated.acts())["winner.confirmed"] == 1


async def test_fault_07_candidates_whose_message_cannot_be_queued_are_not_public(
        evaluated: Evaluated, sessions: Sessions) -> None:
    path, office = f"{evaluated.at}/award-texts/candidates", evaluated.office
    await office.agency.put(path, {"objection_channel": "张工"})
    await office.agency.post(f"{path}/submit", {})
    await office.tenderee.post(f"{path}/review", {"accepted": True})
    before = await _everything(evaluated, sessions)
    async with _failing(sessions, "exchange_push", "new.kind = 'notice.candidates'"):
        assert _is_general(await _press(office.agency, f"{path}/publish", {}))
        assert await _everything(evaluated, sessions) == before
        assert (await office.public.get(f"{evaluated.at}/candidates")).json()["text"] is None
    shown = await office.agency.post(f"{path}/publish", {})
    assert shown["lot"]["stage"] == "publicised"


async def test_fault_07_a_last_signature_whose_consequence_fails_does_not_stand(
        evaluated: Evaluated, sessions: Sessions) -> None:
    await evaluated.award()
    await evaluated.letters()
    paper, winner = await evaluated.verified_contract(), evaluated.bidders[0]
    path = f"/api/papers/{paper}"
    await evaluated.sign(paper, evaluated.office.tenderee, "tenderee")
    prepared = await winner.post(f"{path}/prepare", {"capacity": "winner"})
    made = b64encode(sign(winner.identity.key, b64decode(prepared["to_sign"]))).decode()
    signature = {"capacity": "winner", "signature": made}
    before, shown = await _everything(evaluated, sessions), await winner.get(path)
    async with _failing(sessions, "exchange_push", "new.kind = 'contract.signed'"):
        assert _is_general(await _press(winner, f"{path}/sign", signature))
        assert (await _everything(evaluated, sessions), await winner.get(path)) == (before, shown)
    assert (await winner.post(f"{path}/sign", signature))["completed_at"]
    assert (await evaluated.read())["lot"]["stage"] == "contracted"
