"""Fault 32: with database, bucket, keys and configuration in hand, no price can be had before the opening."""

from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import inspect, select, text

from bidding.bids.commands.submitting import Seal
from bidding.bids.tables import Envelope
from storage.crypto.canonical import to_base64
from storage.crypto.errors import SealBroken
from storage.crypto.header import Header, read_header
from storage.crypto.wraps import unwrap
from storage.database.engine import Sessions
from storage.database.settings import Settings
from tests.bids_fixtures import Submitted
from tests.bids_world import Client, World

PRICE = "8730000.00"


async def dump(sessions: Sessions) -> str:
    """Every row of every table, as text."""
    async with sessions() as session:
        connection = await session.connection()
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
        found = [str(row) for table in tables for row in await session.execute(text(f'select * from "{table}"'))]
    return "\n".join(found)


@pytest.mark.cts("A-96")
async def test_no_price_is_in_what_a_thief_takes(client: Client, submitted: Submitted, world: World, seal: Seal,
                                                 settings: Settings) -> None:
    await submitted(client)
    database = await dump(world.sessions)
    bucket = b"".join([await client.store.get_range(each.key, 0, each.size)
                       for each in await client.store.list_objects("")])
    files = stolen_files(settings.key_directory)
    assert "bid.submitted" in database, "the dump holds what was done"
    assert len(bucket) > 100
    for form in (PRICE, PRICE.split(".")[0], to_base64(PRICE.encode()).rstrip("="), PRICE.encode().hex()):
        assert form not in database
        assert form.encode() not in bucket + files
    async with world.sessions() as session:
        headers = [read_header(each.header.encode()) for each in (await session.scalars(select(Envelope))).all()]
    for key in platform_keys(settings.key_directory):
        for header in headers:
            assert opened_with(header, key) == 0


def stolen_files(folder: Path) -> bytes:
    """Everything that lies in the key directory."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def platform_keys(folder: Path) -> list[ec.EllipticCurvePrivateKey]:
    """Every private key of the platform that could open a wrap at all."""
    usable = []
    for path in folder.rglob("*.pem"):
        if b"PRIVATE KEY" not in path.read_bytes():
            continue
        with suppress(UnsupportedAlgorithm):  # a root of SM2 opens nothing of suite 1
            usable.append(load_pem_private_key(path.read_bytes(), None))
    found = [key for key in usable if isinstance(key, ec.EllipticCurvePrivateKey)]
    assert found
    return found


def opened_with(header: Header, key: ec.EllipticCurvePrivateKey) -> int:
    """How many wraps of a header the key opens."""
    opened = 0
    for item in header.wraps:
        try:
            unwrap(item, key, header.ctx.ch)
            opened += 1
        except SealBroken:
            pass
    return opened


async def test_one_custodian_alone_with_the_stolen_database_has_nothing(client: Client, submitted: Submitted,
                                                                        world: World) -> None:
    await submitted(client)
    async with world.sessions() as session:
        header = read_header((await session.scalars(select(Envelope))).first().header.encode())  # type: ignore[union-attr]
    keeper = world.custodians[0].identities[0]
    share = unwrap(header.wraps_for("custodian")[0], keeper.key, header.ctx.ch)
    with pytest.raises(SealBroken):
        header.join(b"\0" * 32, {1: share})
    own = unwrap(header.wraps_for("bidder")[0], client.bidder.identities[0].key, header.ctx.ch)
    with pytest.raises(SealBroken, match="份额不足"):
        header.join(own, {1: share})
