"""Fault 36: a session that was stolen and then ended, a right that was withdrawn: open sockets close within five
seconds, on another node than the one that was told. Who watches an opening stays signed in; who watches anything else
idles out.
"""

import asyncio
import secrets
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from storage.database.engine import Sessions
from storage.kernel.clock import process_now
from tests.bids_world import Founder, Person, World
from tests.nodes import NodeProcess
from tests.platform_parts import StartNode
from trading.parties.living import token_digest
from trading.parties.tables import LoginSession

LIMIT_SECONDS = 5.0


@dataclass
class Places:
    """Two nodes over one database: acts go to the one, sockets hang on the other."""

    world: World
    founder: Founder
    told: NodeProcess
    watched: NodeProcess

    async def sign_in(self, person: Person, certificate: int = -1) -> str:
        """The token of a living session, opened with that certificate of the person."""
        token, now = secrets.token_urlsafe(32), process_now()
        async with self.world.sessions() as session:
            session.add(LoginSession(
                token_sha256=token_digest(token), party_id=person.party.id, opened_at=now, seen_at=now,
                certificate=person.identities[certificate].certificate.fingerprint, address="127.0.0.1"))
            await session.commit()
        return token

    async def act(self, token: str, method: str, path: str, body: object = None) -> Any:
        """One request to the node that holds no socket; the JSON of its answer."""
        async with httpx.AsyncClient(base_url=self.told.address, timeout=20) as line:
            answer = await line.request(method, path, json=body, headers={"Authorization": f"Bearer {token}"})
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def watch(self, token: str | None, lot: UUID) -> connect:
        """A socket on the other node; with the token's audience when there is one."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return connect(f"{self.watched.address.replace('http', 'ws')}/api/lots/{lot}/feed?after=-1",
                       additional_headers=headers)

    def rewrite(self, statement: str, *values: object) -> None:
        """Changes rows as the passing of time would."""
        with psycopg.connect(self.told.settings.database_url.replace("+psycopg", ""), autocommit=True) as line:
            line.execute(statement.encode(), values)


@pytest.fixture
async def places(world: World, start_node: StartNode, sessions: Sessions, tmp_path: Path) -> Places:
    """The two nodes."""
    told = await asyncio.to_thread(start_node, wait=False)
    watched = await asyncio.to_thread(start_node)
    await asyncio.to_thread(told.wait_until_ready)
    return Places(world, Founder(sessions, tmp_path / "ca", told.settings.trust_directory), told, watched)


async def _closed(socket: ClientConnection) -> int:
    """The code with which the platform closes the socket, within the limit."""
    async with asyncio.timeout(LIMIT_SECONDS):
        await socket.wait_closed()
    return socket.close_code or 0


async def _hears(socket: ClientConnection) -> bool:
    """Whether the socket is still open a little later."""
    try:
        async with asyncio.timeout(0.2):
            while True:
                await socket.recv()
    except TimeoutError:
        return True
    except ConnectionClosed:
        return False


async def test_sockets_close_when_their_session_or_their_right_is_gone(places: Places) -> None:
    world, lot = places.world, places.world.lot.id
    one_keeper, another = [await places.sign_in(await places.founder.person(name, staff=("security_administrator",)))
                           for name in ("安全一处", "安全二处")]
    one, two, three = world.bidders
    signed_out, elsewhere, here, everywhere = [await places.sign_in(each) for each in (two, two, two, three)]
    spare, main = await places.sign_in(one, 1), await places.sign_in(one, 0)
    supervisor = await places.sign_in(world.supervisor)
    async with AsyncExitStack() as stack:
        async def watching(token: str | None) -> ClientConnection:
            return await stack.enter_async_context(places.watch(token, lot))
        doomed = [await watching(token) for token in (signed_out, elsewhere, everywhere, spare, supervisor)]
        staying = [await watching(token) for token in (None, here, main)]
        assert all([await _hears(each) for each in (*doomed, *staying)])
        await places.act(signed_out, "POST", "/api/logout")
        async with world.sessions() as session:
            held = await session.get_one(LoginSession, token_digest(elsewhere))
        await places.act(here, "DELETE", f"/api/me/sessions/{held.id}")
        await places.act(everywhere, "DELETE", "/api/me/sessions")
        await places.act(main, "DELETE", f"/api/me/certificates/{one.identities[1].certificate.fingerprint}")
        path = f"/api/parties/{world.supervisor.party.id}/appointments"
        made = await places.act(one_keeper, "POST", path, {"reason": "调离"})
        await places.act(another, "POST", f"/api/appointments/{made['id']}/approve", {"reason": "同意"})
        assert await asyncio.gather(*map(_closed, doomed)) == [4401] * len(doomed)
        assert all([await _hears(each) for each in staying])
        # A socket that comes back with the dead token is a stranger's: nothing but the public's audience.
        again = await stack.enter_async_context(places.watch(signed_out, lot))
        assert await _hears(again)


async def test_who_watches_an_opening_stays_signed_in_and_others_idle_out(places: Places) -> None:
    world = places.world
    in_hall, elsewhere = [await places.sign_in(each) for each in world.bidders[:2]]
    idle = "update login_session set seen_at = clock_timestamp() - interval '14 minutes 20 seconds'"
    async with places.watch(in_hall, world.lot.id) as hall, places.watch(elsewhere, uuid4()) as other:
        for stage in ("opening", "price_opening"):
            places.rewrite("update lot set stage = %s where id = %s", stage, world.lot.id)
            places.rewrite(idle)
            async with asyncio.timeout(LIMIT_SECONDS):
                while not await _is_fresh(world.sessions, in_hall):  # noqa: ASYNC110 - the event is in the database
                    await asyncio.sleep(0.1)
        assert not await _is_fresh(world.sessions, elsewhere)
        places.rewrite(f"{idle} - interval '41 seconds' where token_sha256 = %s", token_digest(elsewhere))
        assert await _closed(other) == 4401
        assert await _hears(hall)


async def _is_fresh(sessions: Sessions, token: str) -> bool:
    async with sessions() as session:
        held = await session.get_one(LoginSession, token_digest(token))
        return (process_now() - held.seen_at).total_seconds() < 60


async def test_a_position_that_is_none_is_refused_at_the_handshake(node: NodeProcess) -> None:
    for after in ("", "x", "-2", "1e3", "9" * 40, "１", "1%00", "-1;drop"):
        address = f"{node.address.replace('http', 'ws')}/api/lots/{uuid4()}/feed?after={after}"
        with pytest.raises(InvalidStatus) as refused:
            async with connect(address):
                pass
        assert refused.value.response.status_code == 403
    assert "Traceback" not in node.log.read_text()
