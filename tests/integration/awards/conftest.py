"""One node with all its rooms behind a real socket, an office with four bidders, and a courier's program beside it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from frontend.server.app import create_app
from storage.crypto.demo_pki import open_demo_pki
from storage.crypto.tls import trusted_authorities
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.clock import process_now
from tests.awards_world import Courier, Evaluated, House, evaluated_lot
from tests.ports import draw_ports
from tests.tenders_world import enrolled, open_office


@pytest.fixture
def courier(tmp_path: Path) -> Iterator[Courier]:
    """A courier with its key; a test starts it."""
    made = Courier(tmp_path)
    yield made
    made.stop()


@pytest.fixture
async def house(settings: Settings, sessions: Sessions, courier: Courier) -> AsyncIterator[House]:
    """Everyone the way to a contract needs, signed in."""
    port = draw_ports(1)[0]
    settings = settings.model_copy(update={
        "public_origin": f"http://127.0.0.1:{port}", "courier_url": f"{courier.address}/orders",
        "courier_key": courier.public_key()})
    # A slow machine must not hang up on a line that its client is about to use.
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=port, log_config=None, lifespan="on",
                                           timeout_keep_alive=120))
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done(), "the node did not start"
        await asyncio.sleep(0.02)

    def line() -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=settings.public_origin, timeout=30, verify=trusted_authorities(),
                                 headers={"origin": settings.public_origin})

    office = await open_office(sessions, settings, line)
    pki = open_demo_pki(settings.key_directory, settings.trust_directory, now=process_now())
    more = [await enrolled(sessions, pki, line(), name, "bidder")
            for name in ("徐州云龙路桥有限公司", "盐城大丰水利工程有限公司")]
    yield House(settings, office, [office.bidder, office.rival, *more])
    await office.close()
    for person in more:
        await person.http.aclose()
    server.should_exit = True
    await running


@pytest.fixture
async def evaluated(house: House, work: Callable[[], Work], sessions: Sessions) -> Evaluated:
    """A works lot whose ranking was received: three ranked, one rejected."""
    return await evaluated_lot(house.office, work, sessions, house.bidders)
