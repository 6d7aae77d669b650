"""``yunkai bid release`` where the platform has damaged what it kept: told by whose fault, and nobody else waits."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bidding.bids.model import STATEMENT
from bidding.bids.tables import Envelope
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.objects.store import ObjectStore
from tests.bids_world import Person
from tests.command_line import CommandLine, Done
from tests.nodes import NodeProcess
from tests.opening_world import PRICES, Hall, found_hall


async def _lose_statement(hall: Hall, place: int) -> None:
    async with hall.world.sessions() as session:
        key = await session.scalar(select(Envelope.object_key).where(
            Envelope.bid_version_id == hall.versions[place].id, Envelope.kind == STATEMENT))
    await hall.store.remove(str(key))


async def _spoil(hall: Hall, place: int, **values: str) -> None:
    async with hall.world.sessions() as session:
        await session.execute(update(Envelope).where(
            Envelope.bid_version_id == hall.versions[place].id, Envelope.kind == STATEMENT).values(**values))
        await session.commit()


@pytest.mark.cts("A-112")
async def test_release_tells_what_the_platform_damaged(
        node: NodeProcess, sessions: Sessions, settings: Settings, object_store: ObjectStore, tmp_path: Path) -> None:
    hall = await found_hall(sessions, settings, object_store)
    for bidder, price in zip(hall.world.bidders, PRICES, strict=True):
        await hall.submit(bidder, price)
    run = CommandLine(node, tmp_path)

    async def release(who: Person) -> Done:
        return await asyncio.to_thread(run, who, "release", str(hall.lot.id), "--wait", "60")

    lost, spoilt, sound = hall.world.bidders
    await _lose_statement(hall, 0)
    await _spoil(hall, 1, manifest="?")
    await hall.begin()
    for keeper in hall.world.custodians[:2]:
        done = await release(keeper)
        assert (done.returncode, done.stdout.strip()) == (1, "已释放其余各份"), done.stderr
        assert "未能释放：第 2 号 ：平台数据库中的记录受损" in done.stderr
        assert "有投标文件未能释放，请告知主持人" in done.stderr
    done = await release(spoilt)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "记录受损（平台责任）" in done.stderr
    assert STATEMENT in done.stderr
    await _spoil(hall, 1, header="{}")
    done = await release(spoilt)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert "信封头与开标通知所载不符，记录受损（平台责任）" in done.stderr
    done = await release(hall.world.custodians[2])
    assert (done.returncode, done.stdout.strip()) == (1, "已释放其余各份"), done.stderr
    assert f"未能释放：{hall.versions[1].bid_id} 开标一览表：平台给出的信封头" in done.stderr
    done = await release(sound)
    assert (done.returncode, done.stdout.strip()) == (0, "已释放"), done.stderr
    done = await release(sound)
    assert (done.returncode, done.stdout.strip()) == (0, "此前已释放"), "a repeat is harmless, and does not wait"
    done = await release(lost)
    assert (done.returncode, done.stdout.strip()) == (1, "已释放"), done.stderr
    assert "未能完整开启：“开标一览表”平台存储的文件缺失（平台原因）" in done.stderr
