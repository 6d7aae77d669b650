"""One node with all its rooms behind a real socket, and the office that uses it."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import uvicorn

from frontend.server.app import create_app
from storage.crypto.tls import trusted_authorities
from storage.database.engine import Sessions
from storage.database.settings import Settings
from tests.ports import draw_ports
from tests.tenders_world import Office, open_office


@pytest.fixture
async def office(settings: Settings, sessions: Sessions) -> AsyncIterator[Office]:
    """Everyone a tender needs, signed in."""
    port = draw_ports(1)[0]
    settings = settings.model_copy(update={"public_origin": f"http://127.0.0.1:{port}"})
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=port, log_config=None, lifespan="on"))
    running = asyncio.create_task(server.serve())
    while not server.started:
        assert not running.done(), "the node did not start"
        await asyncio.sleep(0.02)

    def line() -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=settings.public_origin, timeout=30, verify=trusted_authorities(),
                                 headers={"origin": settings.public_origin})

    made = await open_office(sessions, settings, line)
    yield made
    await made.close()
    server.should_exit = True
    await running
