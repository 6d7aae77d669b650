"""A node, a lot that asks for a deposit, and an issuer beside it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.objects.store import ObjectStore
from tests.guarantee_world import Guarantees, IssuerProcess, ask_for_deposit, list_issuer
from tests.nodes import NodeProcess
from tests.opening_world import found_hall


@pytest.fixture
async def guarantees(node: NodeProcess, sessions: Sessions, settings: Settings, object_store: ObjectStore,
                     tmp_path: Path) -> AsyncIterator[Guarantees]:
    """A bank's program runs, and stands on the list; three bidders have not done anything yet."""
    hall = await found_hall(sessions, settings, object_store)
    await ask_for_deposit(hall)
    issuer = await asyncio.to_thread(IssuerProcess, "江苏海州银行", hall.world.pki, hall.keys, node.address,
                                     tmp_path / "bank")
    listed = await asyncio.to_thread(list_issuer, hall, node, issuer)
    yield Guarantees(hall, node, issuer, listed)
    issuer.stop()
