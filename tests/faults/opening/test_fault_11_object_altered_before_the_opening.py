"""Fault 11: an object altered, truncated or gone is found at the opening, and is the platform's fault; where the tender
document has a remedy its bidder brings the very bytes again (R-144)."""

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bidding.bids.housekeeping import sweep_sealed
from bidding.bids.model import BODY, STATEMENT
from bidding.bids.tables import Envelope, ObjectDamage
from bidding.opening.commands.periods import close_window
from bidding.opening.commands.restoring import (
    CompleteRestoration,
    RestoreParts,
    complete_restoration,
    restore_parts,
)
from bidding.opening.remedy_verification import judge_releases
from bidding.opening.verification import Anchors, verify_bundle
from storage.crypto.errors import ObjectAltered
from storage.crypto.tls import trusted_authorities
from storage.kernel.errors import Invalid, NotAllowed, NotFound, Refused, RulesUnmet
from storage.ledger.model import LedgerBroken
from storage.objects.store import ObjectStore
from tests.bids_world import Person
from tests.opening_world import PRICES, Hall


async def _key(hall: Hall, place: int, kind: str) -> str:
    async with hall.world.sessions() as session:
        query = select(Envelope.object_key).where(
            Envelope.bid_version_id == hall.versions[place].id, Envelope.kind == kind)
        return (await session.execute(query)).scalar_one()


async def _statement_key(hall: Hall, place: int) -> str:
    return await _key(hall, place, STATEMENT)


async def _replace(store: ObjectStore, key: str, data: bytes | None) -> None:
    """As an intruder with the store's keys would."""
    await store.remove(key)
    with pytest.raises(NotFound):
        await store.stat(key)
    if data is not None:
        await store.put(key, data)


@pytest.mark.cts("A-112")
async def test_fault_11_what_the_platform_lost_or_spoilt_is_its_own_fault(hall: Hall) -> None:
    first, second, third = [await _statement_key(hall, place) for place in range(3)]
    whole = await hall.store.get_range(first, 0, 1 << 20)
    await _replace(hall.store, first, whole[:-1] + bytes([whole[-1] ^ 1]))
    await _replace(hall.store, second, None)
    await _replace(hall.store, third, (await hall.store.get_range(third, 0, 1 << 20)) + b"\0")
    await hall.begin()
    await hall.release_all()
    shown = (await hall.snapshot())["bids"]
    assert [(bid["state"], bid["cause"], bid["at_fault"]) for bid in shown] == [
        ("withdrawn_by_fault", "object-altered", "platform"), ("withdrawn_by_fault", "object-missing", "platform"),
        ("withdrawn_by_fault", "object-altered", "platform")]
    recorded = await hall.entries("bid.withdrawn_by_fault")
    assert len(recorded) == 3
    assert all(payload["evidence"] for _, payload in recorded)
    assert [row["price"] for row in await hall.announce()] == [None] * 3


async def _parts(hall: Hall, bidder: Person, kind: str, *numbers: int) -> Any:
    command = RestoreParts(kind, list(numbers))
    return await restore_parts(hall.lot.id, command, bidder.actor, hall.world.work, hall.store)


async def _complete(hall: Hall, bidder: Person, kind: str) -> Any:
    return await complete_restoration(hall.lot.id, CompleteRestoration(kind), bidder.actor, hall.world.work, hall.store)


async def _send(address: Any, data: bytes) -> int:
    async with httpx.AsyncClient(timeout=30, verify=trusted_authorities()) as http:
        return (await http.put(address.url, content=data, headers=address.headers)).status_code


async def _bring_again(hall: Hall, bidder: Person, kind: str, data: bytes) -> None:
    found = await _parts(hall, bidder, kind, 1)
    assert await _send(found.parts[0], data[:-1] + bytes([data[-1] ^ 1])) >= 400, "the store takes signed bytes alone"
    with pytest.raises(Refused, match="还有 1 个分片没有完整到达"):
        await _complete(hall, bidder, kind)
    assert await _send(found.parts[0], data) == 200
    assert (await _parts(hall, bidder, kind)).held == [1]
    await _complete(hall, bidder, kind)


async def _refused(act: Any) -> list[str]:
    with pytest.raises(RulesUnmet) as refused:
        await act
    return [rule.number for rule in refused.value.rules]


async def _damage(hall: Hall) -> dict[str, bytes]:
    """The first and the second bid lose their statements, the third its body; gives what had been stored."""
    keys = [await _key(hall, place, kind) for place, kind in enumerate((STATEMENT, STATEMENT, BODY))]
    whole = [await hall.store.get_range(key, 0, 1 << 20) for key in keys]
    await _replace(hall.store, keys[0], whole[0][:-1] + bytes([whole[0][-1] ^ 1]))
    for key in keys[1:]:
        await _replace(hall.store, key, None)
    return dict(zip(keys, whole, strict=True))


async def _an_intruder_is_found_out(hall: Hall, bidder: Person, data: bytes) -> None:
    """With the store's own keys other bytes can be put under way: they are read back, and do not count."""
    await _parts(hall, bidder, STATEMENT)
    async with hall.world.sessions() as session:
        row = (await session.scalars(select(ObjectDamage).where(ObjectDamage.bid_id == hall.versions[0].bid_id))).one()
    await hall.store.put_part(str(row.new_key), str(row.upload_id), 1, data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(ObjectAltered, match="分段与清单不符"):
        await _complete(hall, bidder, STATEMENT)
    assert (await hall.entries("bid.restoration_refused"))[0][1]["kind"] == STATEMENT


@pytest.mark.cts("A-112", "B-019")
async def test_fault_11_where_the_document_has_a_remedy_its_bidder_brings_the_very_bytes_again(hall: Hall) -> None:
    first, second, third = hall.world.bidders
    stored = await _damage(hall)
    keys, contents = [*stored], [*stored.values()]
    await hall.change_lot(remedy="backup")
    await hall.begin()
    await hall.worker.stamp()
    await hall.release_all()
    while await hall.worker.check():
        pass
    shown = await hall.snapshot()
    assert [(bid["state"], bid["cause"], bid["at_fault"], bid["next"]) for bid in shown["bids"]] == [
        ("damaged", "object-altered", "platform", "restore"), ("damaged", "object-missing", "platform", "restore"),
        ("decrypted", None, None, "nobody")]
    assert shown["bids"][2]["body_check"] == "failed"
    assert "restore_object" in (await hall.snapshot(third.actor))["may"]
    assert await _refused(hall.announce()) == ["R-506", "R-144/3"]
    await hall.change_lot(remedy="none")
    assert await _refused(_parts(hall, first, STATEMENT, 1)) == ["R-144"]
    await hall.change_lot(remedy="backup")
    with pytest.raises(NotAllowed):
        await _parts(hall, hall.host, STATEMENT, 1)
    for kind, numbers, error in ((BODY, (1,), Refused), (STATEMENT, (2,), Invalid)):
        with pytest.raises(error):
            await _parts(hall, first, kind, *numbers)
    await _an_intruder_is_found_out(hall, first, contents[0])
    await _bring_again(hall, first, STATEMENT, contents[0])
    assert await hall.worker.decrypt() == 1
    with pytest.raises(Refused, match="没有发现这个对象受损"):
        await _complete(hall, first, STATEMENT)
    await _bring_again(hall, third, BODY, contents[2])
    while await hall.worker.check():
        pass
    shown = (await hall.snapshot())["bids"]
    assert [(bid["state"], bid["body_check"]) for bid in shown] == [
        ("decrypted", "sound"), ("damaged", "none"), ("decrypted", "sound")]
    told = [(each["cause"], each["at_fault"], each["restored_at"] is None) for bid in shown for each in bid["damages"]]
    assert told == [("object-altered", "platform", False), ("object-missing", "platform", True),
                    ("object-missing", "platform", False)], "whose fault it was stays told"
    await sweep_sealed(hall.world.sessions, hall.store, age=timedelta(seconds=-5))
    assert (await hall.store.stat(keys[0])).size == len(contents[0]), "what was altered stays as evidence"
    await hall.end_window()
    assert await _refused(_parts(hall, second, STATEMENT, 1)) == ["R-503"]
    assert await close_window(hall.lot.id, hall.world.work())
    await _is_told_and_judged(hall)


@pytest.mark.cts("A-112", "B-019")
async def test_fault_11_a_body_found_damaged_after_prices_is_brought_again_until_the_record(hall: Hall) -> None:
    first, second = hall.world.bidders[:2]
    keys = [await _key(hall, place, BODY) for place in (0, 1)]
    whole = await hall.store.get_range(keys[0], 0, 1 << 20)
    await hall.begin()
    await hall.worker.stamp()
    await hall.release_all()
    rows = await hall.announce()
    assert [row["price"] for row in rows] == [*PRICES], "nothing was known of it when prices were told"
    for key in keys:
        await _replace(hall.store, key, None)
    while await hall.worker.check():
        pass
    assert await _refused(_parts(hall, first, BODY, 1)) == ["R-144"]
    assert "restore_body" not in (await hall.snapshot(first.actor))["may"]
    await hall.change_lot(remedy="backup")
    await hall.end_window()
    assert "restore_body" in (await hall.snapshot(first.actor))["may"]
    with pytest.raises(Refused, match="没有发现这个对象受损"):
        await _parts(hall, first, STATEMENT, 1)
    await _bring_again(hall, first, BODY, whole)
    while await hall.worker.check():
        pass
    await hall.conclude(rows)
    shown = await hall.snapshot(second.actor)
    assert [bid["body_check"] for bid in shown["bids"]] == ["sound", "failed", "sound"]
    assert "restore_body" not in shown["may"]
    assert await _refused(_parts(hall, second, BODY, 1)) == ["R-500/2"]
    await hall.publish()
    bundle = await hall.bundle()
    assert [(each["place"], each["what"]) for each in json.loads(bundle["record"]["text"])["remedies"]] == [
        (1, f"restored {BODY}")]
    anchors = Anchors(bundle["ledger"]["key"], frozenset(root.fingerprint for root in hall.keys.roots))
    assert any("1 个对象曾在平台受损或缺失（平台原因）" in each.chinese for each in verify_bundle(bundle, anchors))


async def _is_told_and_judged(hall: Hall) -> None:
    """Record and bundle tell both: what the platform had lost, and that it was brought again."""
    rows = await hall.announce()
    assert [(row["price"], row["cause"]) for row in rows] == [
        (PRICES[0], None), (None, "object-missing"), (PRICES[2], None)]
    await hall.conclude(rows)
    await hall.publish()
    bundle = await hall.bundle()
    record = json.loads(bundle["record"]["text"])
    assert [(each["place"], each["what"], each["cause"]) for each in record["remedies"]] == [
        (1, f"restored {STATEMENT}", "object-altered"), (3, f"restored {BODY}", "object-missing")]
    anchors = Anchors(bundle["ledger"]["key"], frozenset(root.fingerprint for root in hall.keys.roots))
    assert any("2 个对象曾在平台受损或缺失（平台原因）" in each.chinese for each in verify_bundle(bundle, anchors))
    acts: dict[str, list[dict[str, Any]]] = {}
    for each in (each for each in bundle["ledger"]["entries"] if "payload" in each):
        acts.setdefault(json.loads(each["entry"])["action"], []).append(each["payload"])
    changes: dict[Callable[[], dict[str, Any]], str] = {
        lambda: {"bid.object_damaged": []}: "却没有其受损的记录",
        lambda: {"bid.object_restored": acts["bid.object_restored"][:1]}: "开标记录所载的补救与账本不符"}
    for change, noticed in changes.items():
        with pytest.raises(LedgerBroken, match=noticed):
            list(judge_releases(bundle, {**copy.deepcopy(acts), **change()}, (BODY, STATEMENT), "backup"))
