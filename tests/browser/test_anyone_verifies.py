"""A stranger with a browser re-checks an opening from what is public, and finds out what was changed."""

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from bidding.opening.commands.closing import close_bidding
from bidding.opening.commands.periods import NextStep, begin_decryption, close_window
from frontend.cli.client import ApiClient
from frontend.cli.identity import ClientIdentity
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from storage.objects.store import ObjectStore
from tests.browser.accessibility import bring_axe, violations
from tests.nodes import ROOT, NodeProcess
from tests.opening_world import PRICES, Hall, found_hall
from tests.waiting import eventually

T = TypeVar("T")


@dataclass
class Published:
    """What the public holds of an opening, and one bidder's receipt."""

    lot_id: str
    bundle: dict[str, Any]
    receipt: dict[str, Any]


def _aside(act: Coroutine[Any, Any, T]) -> T:
    """In another thread: Playwright's loop runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, act).result()


async def _open_a_lot(settings: Settings, address: str) -> Published:
    """Three bids are submitted and two of them opened; the third bidder never decrypts."""
    engine, store = make_engine(settings), ObjectStore.from_settings(settings)
    hall = await found_hall(make_sessions(engine), settings, store)
    await hall.world.set_deadline((process_now() + timedelta(seconds=30)).replace(microsecond=0))
    for bidder, price in zip(hall.world.bidders, PRICES, strict=True):
        await hall.submit(bidder, price)
    await _at_the_hour(hall)
    await hall.release_all(hall.world.bidders[:2])
    await _until_decrypted(hall, 2)
    await hall.end_window()
    await close_window(hall.lot.id, hall.world.work())
    await hall.conclude(await hall.announce())
    await hall.publish()
    bundle, receipt = await hall.bundle(), await asyncio.to_thread(_receipt_of, hall, address)
    await engine.dispose()
    store.close()
    return Published(str(hall.lot.id), bundle, receipt)


async def _at_the_hour(hall: Hall) -> None:
    """The deadline the bids were sealed for comes by itself; moved by hand, no stranger would believe the opening."""
    deadline = hall.lot.deadline_at
    assert deadline is not None
    await asyncio.sleep((deadline - process_now()).total_seconds() + 0.2)
    await close_bidding(hall.lot.id, hall.world.work(), hall.keys)
    await begin_decryption(hall.lot.id, NextStep("frozen"), hall.host.actor, hall.world.work())
    await hall.worker.stamp()


async def _until_decrypted(hall: Hall, count: int) -> None:
    """The node's own workers take part, so the last round here may not be the last."""
    async def decrypted() -> bool:
        return bool((await hall.snapshot())["figures"]["decrypted"] == count)
    await eventually(decrypted)


def _receipt_of(hall: Hall, address: str) -> dict[str, Any]:
    client = ApiClient(address, ClientIdentity.of(hall.world.bidders[0].identities[0]))
    client.login()
    number = client.get("/api/me/bids")["items"][0]["receipt"]
    return dict(client.get(f"/api/receipts/{number}"))


def _drop(page: Page, folder: Path, name: str, content: bytes | dict[str, Any]) -> None:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode())
    page.get_by_label("选择或拖入要验证的文件").set_input_files(file)
    expect(_card(page, name).locator(".verdict")).to_be_visible()


def _card(page: Page, name: str) -> Any:
    return page.locator("article").filter(has=page.get_by_role("heading", name=name, exact=True))


def _changed(bundle: dict[str, Any], *path: str | int, to: Any) -> dict[str, Any]:
    """A copy with one value changed."""
    copy: dict[str, Any] = json.loads(json.dumps(bundle))
    at: Any = copy
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = to
    return copy


@pytest.mark.cts("B-019")
def test_a_stranger_checks_a_whole_opening_in_the_browser(
        browser: Browser, web_client: None, settings: Settings, node: NodeProcess, tmp_path: Path) -> None:
    public = _aside(_open_a_lot(settings, node.address))
    context = browser.new_context(base_url=node.address, locale="zh-CN")
    bring_axe(context)
    page = context.new_page()
    sent: list[str] = []
    page.goto(f"/verify?lot={public.lot_id}")
    page.on("request", lambda request: sent.append(f"{request.method} {request.url}"))
    page.get_by_role("button", name="读取并核对").click()
    card = _card(page, f"lot-{public.lot_id}.json")
    expect(card.get_by_text("核对通过")).to_be_visible()
    for told in ("8,730,000.00 元", "8,500,000.50 元", "重新解密开标一览表：与唱标一致", "未解密：没有唱标",
                 "不多不少", "次签名当时均有效、未吊销，其中递交 3/3 份"):
        expect(card.get_by_text(told).first).to_be_visible()

    number = public.receipt["number"]
    _drop(page, tmp_path, f"{number}.json", public.receipt)
    expect(_card(page, f"{number}.json").get_by_text("核对通过")).to_be_visible()
    pdf = page.request.get(f"/api/lots/{public.lot_id}/opening-record/pdf").body()
    _drop(page, tmp_path, "record.pdf", pdf)
    expect(_card(page, "record.pdf").get_by_text("签名成立：内容没有改动，证书签署时有效")).to_be_visible()
    expect(_card(page, "record.pdf").get_by_text("与已核对的开标记录登记的文件摘要一致")).to_be_visible()
    _drop(page, tmp_path, "sm2.pdf", (ROOT / "tests" / "vectors" / "sm-signed.pdf").read_bytes())
    for told in ("证书所载签署人：国密测试有限公司", "没有时间戳；签署人自报 2026/11/26 23:58:56"):
        expect(_card(page, "sm2.pdf").get_by_text(told).first).to_be_visible()
    assert violations(page, "/verify with evidence") == []

    _roots_are_the_readers_choice(page, tmp_path, public.receipt, settings.trust_directory)
    _changes_are_found(page, tmp_path, public, pdf)
    _what_the_platform_spoilt_is_named(page, settings, public, tmp_path)
    assert [each for each in sent if not each.startswith("GET ")] == [], "nothing is uploaded"


def _what_the_platform_spoilt_is_named(page: Page, settings: Settings, public: Published, folder: Path) -> None:
    """The row of one opened bid's statement is altered; the lot is read and judged all the same, without that bid."""
    spoilt, other, _ = public.bundle["bids"]
    with psycopg.connect(settings.database_url.replace("+psycopg", "")) as connection:
        done = connection.execute(
            "update envelope set manifest = '{}' from bid_version where bid_version.id = bid_version_id "
            "and bid_id = %s and kind = 'whole/statement'", (spoilt["bid"],))
        assert done.rowcount == 1
    page.reload()
    page.get_by_role("button", name="读取并核对").click()
    card = _card(page, f"lot-{public.lot_id}.json")
    expect(card.locator(".verdict")).to_have_text("核对不通过")
    bids = {name: card.locator("section").filter(has=page.get_by_role("heading", name=name, exact=True))
            for name in (spoilt["name"], other["name"])}
    failed = card.locator("li").filter(has=page.locator(".tag.bad"))
    expect(failed).to_have_count(2)
    for point in ("密封文件", "重新解密"):
        expect(bids[spoilt["name"]].locator("li").filter(has_text=point)).to_contain_text("责任在平台")
    expect(bids[spoilt["name"]].locator(".tag.done")).to_have_count(3)
    expect(bids[other["name"]].get_by_text("8,500,000.50 元")).to_be_visible()
    page.screenshot(path=folder / "spoilt.png", full_page=True)


def _roots_are_the_readers_choice(page: Page, folder: Path, receipt: dict[str, Any], others: Path) -> None:
    """Held against the root of somebody else, a receipt's signature is sound and not trusted; its ledger holds."""
    published = page.request.get("/api/platform").json()["certificates"]
    own = page.get_by_label("改用我保存的根证书")
    own.set_input_files({"name": "no.pem", "mimeType": "text/plain", "buffer": b"nothing"})
    expect(page.get_by_text("这不是 PEM 格式的证书")).to_be_visible()
    stranger = next(file.read_bytes() for file in sorted(others.glob("*.pem")) if file.read_text() not in published)
    own.set_input_files({"name": "other.pem", "mimeType": "text/plain", "buffer": stranger})
    expect(page.get_by_text("您提供")).to_be_visible()
    _drop(page, folder, "under-another.json", receipt)
    card = _card(page, "under-another.json")
    expect(card.locator(".verdict")).to_contain_text("签名完好，但证书不能追溯")
    failed = card.locator("li").filter(has=page.locator(".tag.bad"))
    expect(failed.filter(has_text="不能追溯到下方所列根证书")).to_have_count(2)
    expect(card.locator("li").filter(has_text="账本：").filter(has=page.locator(".tag.done"))).to_have_count(1)
    own.set_input_files({"name": "kept.pem", "mimeType": "text/plain", "buffer": "\n".join(published).encode()})
    _drop(page, folder, "under-the-kept.json", receipt)
    expect(_card(page, "under-the-kept.json").get_by_text("核对通过")).to_be_visible()
    page.get_by_role("button", name="恢复平台公布的根证书").click()
    expect(page.get_by_text("您提供")).to_have_count(0)


def _changes_are_found(page: Page, folder: Path, public: Published, pdf: bytes) -> None:
    """Each change is found at its own point; what it does not touch still holds."""
    bundle = public.bundle
    opened = next(index for index, bid in enumerate(bundle["bids"]) if bid["state"] == "decrypted")
    envelope = next(index for index, each in enumerate(bundle["bids"][opened]["envelopes"]) if "object" in each)
    sealed = bundle["bids"][opened]["envelopes"][envelope]["object"]
    changes = {
        "price": (_changed(bundle, "announced", 0, "price", to="1.00"), "唱标："),
        "dropped": ({**bundle, "bids": bundle["bids"][1:]}, "不多不少"),
        "object": (_changed(bundle, "bids", opened, "envelopes", envelope, "object",
                            to=sealed[:60] + ("A" if sealed[60] != "A" else "B") + sealed[61:]), "重新解密"),
        "record": (_changed(bundle, "record", "pdf_sha256", to="0" * 64), "开标记录："),
        "hidden": (_changed(bundle, "bids", opened, "envelopes", to=[]), "密封文件"),
        "log": (_changed(bundle, "ledger", "entries", 3, "leaf", to="0" * 64), "账本："),
    }
    for name, (document, point) in changes.items():
        _drop(page, folder, f"{name}-changed.json", document)
        card = _card(page, f"{name}-changed.json")
        expect(card.get_by_text("核对不通过")).to_be_visible()
        failed = card.locator("li").filter(has=page.locator(".tag.bad"))
        expect(failed.filter(has_text=point).first).to_be_visible()
    other = {**public.receipt, "body": public.receipt["body"].replace('"clock_offset_ms":', '"clock_offset_ms":1')}
    _drop(page, folder, "receipt-changed.json", other)
    expect(_card(page, "receipt-changed.json").get_by_text("核对不通过")).to_be_visible()
    at = len(pdf) // 3
    _drop(page, folder, "bytes-changed.pdf", pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1:])
    expect(_card(page, "bytes-changed.pdf").get_by_text("核对不通过")).to_be_visible()
    _drop(page, folder, "appended.pdf", pdf + b"\n% more\n")
    expect(_card(page, "appended.pdf").get_by_text("核对不通过")).to_be_visible()
