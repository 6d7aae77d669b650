"""Two envelopes in the browser (R-318): the choice, sealing both, the first opening, the second hour, its opening."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from playwright.sync_api import Browser, BrowserContext, Page, expect

from bidding.opening.commands.prices import fix_passers
from bidding.opening.holding import opening_of
from frontend.cli.bid_release import release_when_open
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.clock import SHANGHAI, process_now
from tests.browser.accessibility import bring_axe, violations
from tests.browser.hall_stage import Stage
from tests.waiting import until
from trading.tenders.queries import lock_lot

PRICES = {"bidder-1": "8600000.00", "bidder-2": "8700000.00", "bidder-3": "8800000.00"}
FIELDS = [{"key": "price", "label": "投标总价", "kind": "money", "required": True, "priced": True},
          {"key": "duration", "label": "工期", "kind": "days", "required": True},
          {"key": "manager", "label": "项目负责人", "kind": "text", "required": True}]
PARTS = [{"number": "1", "title": "技术文件", "required": True},
         {"number": "2", "title": "报价文件", "required": True, "priced": True}]


def _eyes(context: BrowserContext) -> BrowserContext:
    """A browser whose pages carry axe."""
    bring_axe(context)
    return context


def _choose(page: Page, tender_project: str) -> list[str]:
    """The form moves the price, the letter of tender and a part for prices into the second; what axe finds there."""
    page.goto(f"/tender-projects/{tender_project}/new-lot")
    page.get_by_label("双信封：先开技术商务").check()
    expect(page.get_by_label("第二信封 1").first).to_be_checked()
    expect(page.get_by_label("第二信封 2").first).not_to_be_checked()
    parts = page.get_by_role("region", name="投标文件组成")
    expect(parts.get_by_label("名称 4")).to_have_value("报价文件")
    expect(parts.get_by_label("第二信封 1")).to_be_checked()
    doubt = page.get_by_text("“投标函”从名称看载有报价")
    expect(doubt).to_be_hidden()
    parts.get_by_label("第二信封 1").uncheck()
    expect(doubt).to_be_visible()
    return violations(page, "form of two envelopes")


def _bid(page: Page, price: str, folder: Path) -> None:
    for name in ("技术.pdf", "报价.pdf"):
        (folder / name).write_bytes(b"%PDF-1.7 " + name.encode())
    expect(page.get_by_role("heading", name="第二信封：报价")).to_be_visible()
    page.get_by_label("投标总价").fill(price)
    page.get_by_label("工期").fill("365")
    page.get_by_label("项目负责人").fill("王建设")
    page.get_by_label("投标文件", exact=True).set_input_files([folder / "技术.pdf", folder / "报价.pdf"])
    expect(page.get_by_text("从名称看，报价.pdf 载有报价")).to_be_visible()
    page.get_by_label("投标文件", exact=True).set_input_files(folder / "技术.pdf")
    expect(page.get_by_text("从名称看，报价.pdf 载有报价")).to_be_hidden()
    page.get_by_label("报价文件", exact=True).set_input_files(folder / "报价.pdf")
    page.get_by_role("button", name="加密并上传").click()
    page.get_by_role("button", name="试解密").click()
    page.get_by_text("您的证书能打开这份投标").wait_for()
    page.get_by_role("button", name="提交投标").click()
    page.get_by_role("heading", name="投标回执").wait_for()
    expect(page.locator(".receipt").get_by_text("第二信封（报价）报价文件")).to_be_visible()


def _open(stage: Stage, lot: dict[str, Any], bidders: list[str], desk: Page) -> list[str]:
    """The opening that is under way: keys are released by their holders, and what is open is announced.

    What axe finds on the custodian's page meanwhile; its task list leads there.
    """
    path = f"/api/lots/{lot['id']}/hall"
    host = stage.client("host")
    host.post(f"{path}/begin-decryption", {"expected": "frozen"})
    host.post(f"{path}/extend", {"minutes": 600, "reason": "测试机器较慢"})
    desk.goto("/tasks")
    desk.get_by_role("link", name="去办理 保管人放行").click()
    expect(desk.get_by_role("button", name="一键放行全部投标")).to_be_visible()
    found = violations(desk, "custody")
    for name in ("tenderee", "supervisor", *bidders):
        client = stage.client(name)
        assert client.identity is not None
        release_when_open(client, client.identity, lot["id"], roots=None, patience=30)
    until(lambda: host.get(path)["figures"]["decrypted"] == len(bidders))
    host.post(f"{path}/announce", {"expected": "decrypting"})
    return found


def _by_hand(settings: Settings, act: Callable[[Work], Coroutine[Any, Any, None]]) -> None:
    """An act that a committee's desk would come to, in a loop of its own: Playwright's runs in this thread."""
    async def run() -> None:
        engine = make_engine(settings)
        try:
            async with Work(make_sessions(engine)) as work:
                await act(work)
                await work.commit()
        finally:
            await engine.dispose()
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, run()).result()


def test_two_envelopes_are_chosen_in_the_form_and_sealed_in_the_browser(
        browser: Browser, stage: Stage, tmp_path: Path) -> None:
    lot = stage.publish_lot(timedelta(minutes=15), kind="rehearsal", two_envelopes=True, price_notice_minutes=30,
                            announced_fields=FIELDS, bid_parts=PARTS)
    desk = stage.sign_in(_eyes(stage.context(browser)), "tenderee", f"/lots/{lot['id']}")
    expect(desk.get_by_text("双信封：第一信封（技术商务）先开启")).to_be_visible()
    found = _choose(desk, lot["tender_project_id"])
    bidder = stage.sign_in(_eyes(stage.context(browser)), "bidder-1", f"/lots/{lot['id']}/bid")
    expect(bidder.get_by_role("heading", name="第二信封：报价")).to_be_visible()
    found += violations(bidder, "bid of two envelopes")
    _bid(bidder, PRICES["bidder-1"], tmp_path)
    assert found + violations(bidder, "receipt of two envelopes") == []


def test_a_lot_of_two_envelopes_is_opened_twice(
        browser: Browser, stage: Stage, settings: Settings, tmp_path: Path) -> None:
    lot = stage.publish_lot(timedelta(seconds=150), two_envelopes=True, price_notice_minutes=30,
                            announced_fields=FIELDS, bid_parts=PARTS)
    desk = stage.sign_in(_eyes(stage.context(browser)), "tenderee", f"/lots/{lot['id']}")
    for name, price in PRICES.items():
        context = stage.context(browser)
        _bid(stage.sign_in(context, name, f"/lots/{lot['id']}/bid"), price, tmp_path)
        context.close()
    host = stage.client("host")
    stage.wait_for_hour(lot)
    until(lambda: host.get(f"/api/lots/{lot['id']}/hall")["step"] == "frozen")
    found = _open(stage, lot, list(PRICES), desk)
    failer = stage.sign_in(_eyes(stage.context(browser)), "bidder-2", f"/lots/{lot['id']}/hall")
    found += _reads_its_own(failer)
    desk.goto(f"/lots/{lot['id']}/hall")
    expect(desk.get_by_role("heading", name="唱标：第一信封（技术商务）")).to_be_visible()
    expect(desk.get_by_text("报价在第二信封中继续密封。")).to_be_visible()
    shown = desk.content()
    assert not any(price.split(".")[0] in shown.replace(",", "") for price in PRICES.values())
    assert found + violations(desk, "first opening") + _second(desk, stage, lot, settings) == []
    failer.get_by_role("button", name="刷新").click()
    expect(failer.get_by_text("未进入第二次开标，始终密封")).to_be_visible()


def _reads_its_own(page: Page) -> list[str]:
    """A bidder goes from the hall to its own opened file; what axe finds there."""
    page.get_by_role("link", name="查看我的投标文件").click()
    opened = page.locator("section").filter(has=page.get_by_role("heading", name="我的投标文件（开标后）"))
    expect(opened.get_by_text("第二信封：报价")).to_be_visible()
    expect(opened.get_by_text("尚未开启")).to_have_count(1)
    with page.expect_download() as kept:
        opened.get_by_role("link", name="下载").click()
    assert kept.value.path().read_bytes() == "%PDF-1.7 技术.pdf".encode()
    expect(opened.locator("iframe")).to_be_visible()
    return violations(page, "own opened bid")


def _second(desk: Page, stage: Stage, lot: dict[str, Any], settings: Settings) -> list[str]:
    """What the committee comes to is written by hand: bidder-2 failed. Its own way there is tested at the desk.

    What axe finds on the way.
    """
    bids = stage.client("host").get(f"/api/lots/{lot['id']}/hall")["bids"]
    names = {name: stage.client(name).get("/api/me")["party"]["name"] for name in PRICES}
    passed = [bid["bid"] for bid in bids if bid["bidder"]["name"] != names["bidder-2"]]

    async def fix(work: Work) -> None:
        held = await lock_lot(work, UUID(lot["id"]))
        held.stage = "evaluating"
        opening = await opening_of(work.session, held.id)
        assert opening is not None
        opening.step, opening.published_at = "published", process_now()
        await fix_passers(work, held, passed, result_sha256="0" * 64, paper_sha256="0" * 64, now=process_now())

    _by_hand(settings, fix)
    desk.reload()
    expect(desk.get_by_role("heading", name="第二次开标（报价）")).to_be_visible()
    found = violations(desk, "second hour")
    hour = datetime.now(SHANGHAI) + timedelta(seconds=60)
    desk.get_by_label("第二次开标时间（北京时间）").fill(hour.strftime("%Y-%m-%dT%H:%M:%S"))
    desk.get_by_role("button", name="确定并公告").click()
    expect(desk.get_by_text("第二次开标时间 20").first).to_be_visible()
    path = f"/api/lots/{lot['id']}/hall"
    until(lambda: stage.client("host").get(path)["envelope"] == "price")
    found += _open(stage, lot, ["bidder-1", "bidder-3"], desk)
    desk.goto(f"/lots/{lot['id']}/hall")
    expect(desk.get_by_text("第二信封（报价）").first).to_be_visible()
    expect(desk.get_by_text("8,600,000.00").first).to_be_visible()
    shown = desk.content().replace(",", "")
    assert "8700000" not in shown
    assert "8700000" not in json.dumps(stage.client("host").get(path))
    return found + violations(desk, "second opening")
