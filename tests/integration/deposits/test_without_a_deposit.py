"""Who bids without a deposit is warned, is not refused, and is warned alone (R-120, R-122)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from frontend.cli.client import ApiClient, ApiError
from tests.bids_http import VALUES, paper, signed_in, work_of
from tests.bids_world import Person
from tests.deposits_world import Till, ask_for_deposits
from tests.nodes import NodeProcess


def _submit(node: NodeProcess, till: Till, bidder: Person, folder: Path) -> tuple[list[Any], list[Any]]:
    """A bid over HTTP; the warnings before it and with its receipt."""
    work = work_of(node, till.world, bidder, folder)
    before = work.desk()["warnings"]
    receipt = work.submit(work.send([paper(folder, 200_000)], VALUES).version)
    assert receipt["number"].startswith("HZ-"), "a warning refuses nothing"
    return before, receipt["warnings"]


@pytest.mark.cts("A-102")
async def test_r_120_who_submits_without_a_deposit_is_warned_with_amount_and_forms(
        node: NodeProcess, till: Till, tmp_path: Path) -> None:
    before, after = await asyncio.to_thread(_submit, node, till, till.world.bidders[0], tmp_path)
    assert before == after
    [warning] = after
    assert (warning["number"], warning["amount"], warning["forms"]) == ("R-120/5", "200000.00", ["cash", "bank"])
    assert {"title", "cites"} <= set(warning)
    for words in ("投标保证金 200000.00 元（现金转账、银行保函）", "平台看不到密封的保函", "R-401", "R-412"):
        assert words in warning["text"]


async def test_money_that_came_in_full_ends_the_warning_and_half_of_it_does_not(
        node: NodeProcess, till: Till, tmp_path: Path) -> None:
    bidder = till.world.bidders[0]
    account = await till.open(bidder)
    work = await asyncio.to_thread(work_of, node, till.world, bidder, tmp_path)
    await till.pay(account, bidder, "100000.00")
    assert len((await asyncio.to_thread(work.desk))["warnings"]) == 1
    await till.pay(account, bidder, "100000.00")
    assert await asyncio.to_thread(_submit, node, till, bidder, tmp_path) == ([], [])
    other = await asyncio.to_thread(work_of, node, till.world, till.world.bidders[1], tmp_path)
    assert len((await asyncio.to_thread(other.desk))["warnings"]) == 1, "another's money secures nobody else"


async def test_money_on_its_way_back_secures_nothing(node: NodeProcess, till: Till, tmp_path: Path) -> None:
    bidder = till.world.bidders[0]
    await till.pay(await till.open(bidder), bidder)
    work = await asyncio.to_thread(work_of, node, till.world, bidder, tmp_path)
    assert (await asyncio.to_thread(work.desk))["warnings"] == []
    await asyncio.to_thread(work.api.act, f"/api/lots/{work.lot}/deposit/refund")
    assert len((await asyncio.to_thread(work.desk))["warnings"]) == 1


async def test_a_lot_that_asks_for_nothing_warns_of_nothing_and_letters_alone_are_said_alone(
        node: NodeProcess, till: Till, tmp_path: Path) -> None:
    await ask_for_deposits(till.world, forms=("insurer",))
    work = await asyncio.to_thread(work_of, node, till.world, till.world.bidders[0], tmp_path)
    [warning] = (await asyncio.to_thread(work.desk))["warnings"]
    assert "保证保险" in warning["text"]
    assert "R-401" not in warning["text"], "no cash is taken here"
    async with till.sessions() as session:
        lot = await session.get_one(type(till.world.lot), till.world.lot.id)
        lot.deposit = None
        await session.commit()
    assert await asyncio.to_thread(_submit, node, till, till.world.bidders[0], tmp_path) == ([], [])


@pytest.mark.cts("A-107")
async def test_r_122_others_are_answered_byte_for_byte_the_same_whoever_paid(
        node: NodeProcess, till: Till, tmp_path: Path) -> None:
    first, second = till.world.bidders[:2]
    path = f"/api/lots/{till.world.lot.id}"

    def seen() -> list[Any]:
        readers = [signed_in(node, each) for each in (till.world.tenderee, till.world.agency, second)]
        return [_told(client, f"{path}{page}") for client in (*readers, ApiClient(node.address))
                for page in ("/bid", "", "/hall")]

    before = await asyncio.to_thread(seen)
    await till.pay(await till.open(first), first)
    await asyncio.to_thread(_submit, node, till, first, tmp_path)
    assert await asyncio.to_thread(seen) == before


def _told(client: ApiClient, path: str) -> Any:
    try:
        answer = client.get(path)
    except ApiError as refusal:
        return refusal.status, refusal.code, refusal.title
    return {key: value for key, value in answer.items() if key not in {"now", "server_time", "position"}}
