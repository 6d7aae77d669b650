"""A whole opening in real browsers: host, recorder, custodians, three bidders, a public viewer, a context each."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from frontend.cli.bid_recipe import RecipeFile
from frontend.cli.bid_restoring import Restorer
from storage.crypto.recovery import new_code
from storage.database.settings import Settings
from storage.objects.store import ObjectStore
from tests.browser.accessibility import bring_axe, violations
from tests.browser.hall_stage import Stage, fill_statement, submit_sealed
from tests.browser.sealing_world import run

PRICES = {"bidder-1": "9300000.00", "bidder-2": "9100000.00", "bidder-3": "8888888.88"}
WITH_CODE = "bidder-3"
WITH_RECIPE = {"bidder-1": "command line", "bidder-2": "page"}
STAFF = ("host", "deputy", "tenderee", "supervisor")


def _bid_with_code(page: Page, price: str, file: Path, folder: Path, ailments: list[str]) -> str:
    """Bids with a recovery code, which is shown once as a sheet that prints alone; answers the code."""
    page.get_by_label("同时制作可打印的恢复码").check()
    fill_statement(page, price, file)
    page.get_by_role("button", name="加密并上传").click()
    sheet = page.get_by_role("dialog", name="投标文件恢复码")
    code = sheet.get_by_role("group", name="恢复码").inner_text().strip()
    ailments += violations(page, "recovery code")
    page.screenshot(path=folder / "recovery-code.png")
    page.emulate_media(media="print")
    expect(page.locator("#app")).to_be_hidden()
    expect(sheet.get_by_text("朝阳路改造一标段")).to_be_visible()
    expect(sheet.get_by_role("button")).to_have_count(0)
    page.pdf(path=folder / "recovery-code.pdf", prefer_css_page_size=True)
    page.emulate_media(media="screen")
    sheet.get_by_role("button", name="已打印或抄下，继续加密").click()
    assert submit_sealed(page).startswith("HZ-")
    assert code not in page.content(), "it is shown once"
    return code


def _bid_with_recipe(page: Page, price: str, file: Path, recipe: Path) -> None:
    """Bids with a resealing recipe, which is saved as a file once all is sent, and again for whom it did not reach."""
    page.get_by_label("同时保存复原单").check()
    fill_statement(page, price, file)
    page.screenshot(path=recipe.with_suffix(".form.png"), full_page=True)
    with page.expect_download() as saved:
        page.get_by_role("button", name="加密并上传").click()
    saved.value.save_as(recipe)
    page.screenshot(path=recipe.with_suffix(".png"), full_page=True)
    with page.expect_download() as again:
        page.get_by_role("button", name="再次保存复原单").click()
    assert again.value.path().read_bytes() == recipe.read_bytes()
    assert submit_sealed(page).startswith("HZ-")


def _lose(settings: Settings, bid: str) -> None:
    """The platform loses both stored objects of the bid."""
    query = "select object_key from envelope join bid_version on bid_version.id = bid_version_id where bid_id = %s"
    with psycopg.connect(settings.database_url.replace("+psycopg", "")) as connection:
        keys = [key for (key,) in connection.execute(query, (bid,))]
    assert len(keys) == 2
    store = ObjectStore.from_settings(settings)
    for key in keys:
        run(store.remove(key))
    store.close()


def _decrypt_by_plaintext(page: Page, file: Path, recipe: Path, ailments: list[str]) -> None:
    """Other files are refused before anything is sent; the right ones open the bid while too few custodians have
    released, and bring again what the platform lost."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/releases/" in request.url else None)
    other = file.parent / "改" / file.name
    other.parent.mkdir()
    other.write_bytes(file.read_bytes()[:-1] + b"?")
    page.get_by_text("可凭复原单和投标文件原文解密").click()
    page.get_by_label("复原单文件").set_input_files(recipe)
    page.get_by_label("投标文件原文").set_input_files(other)
    page.get_by_role("button", name="以原文解密").click()
    expect(page.get_by_text("所选文件不是当时加密的原文")).to_be_visible()
    assert sent == []
    ailments += violations(page, "remedy by plaintext")
    page.screenshot(path=recipe.with_name("by-plaintext.png"), full_page=True)
    page.get_by_label("投标文件原文").set_input_files(file)
    page.get_by_label("保管人份额不足，自行提交保管密钥").check()
    page.get_by_role("button", name="以原文解密").click()
    for told in ("原文与复原单逐字节复现了签名清单：2 个对象", "自行提交保管密钥，记入账本",
                 "已复原开标一览表（平台原因）", "已复原投标文件正文（平台原因）", "已解密，全文校验无误"):
        expect(page.get_by_text(told)).to_be_visible()
    page.screenshot(path=recipe.with_name("restored.png"), full_page=True)


def _decrypt_on_the_command_line(stage: Stage, name: str, lot: str, file: Path, recipe: Path) -> None:
    """What the page kept is what the command line keeps."""
    told: list[str] = []
    client = stage.client(name)
    assert client.identity is not None
    Restorer(client, client.identity, lot, told.append).remedy(RecipeFile(recipe), [file], alone=False, roots=None)
    assert told[0] == "原文与复原单逐字节复现了签名清单：2 个对象"


def _decrypt_by_code(page: Page, code: str, folder: Path, ailments: list[str]) -> None:
    """A code mistyped and one of another bid are told at once, and nothing is sent; the right one is a remedy."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/releases/" in request.url else None)
    page.get_by_text("以密钥备份或恢复码解密").click()
    for wrong, told in ((code[:-1], "请对照打印件核对"), (new_code(), "恢复码不属于这份投标文件")):
        page.get_by_label("打印的恢复码").fill(wrong)
        page.get_by_role("button", name="以恢复码解密").click()
        expect(page.get_by_text(told)).to_be_visible()
    assert sent == []
    ailments += violations(page, "remedy")
    page.screenshot(path=folder / "remedy.png", full_page=True)
    page.get_by_label("打印的恢复码").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="以恢复码解密").click()
    expect(page.get_by_text("已按招标文件的补救方案").first).to_be_visible()


def _sign_record(page: Page, capacity: str) -> None:
    page.get_by_role("button", name=f"以{capacity}身份签署").click()


@pytest.mark.cts("A-106", "A-107", "A-108", "A-110", "A-111", "A-113", "A-114", "B-017")
def test_a_lot_opens_before_everyones_eyes(
        browser: Browser, stage: Stage, settings: Settings, tmp_path: Path) -> None:
    lot = stage.publish_lot(timedelta(seconds=150), kind="rehearsal", objection_minutes=1, remedy="backup")
    hall, bid = f"/lots/{lot['id']}/hall", f"/lots/{lot['id']}/bid"
    file = tmp_path / "投标文件.pdf"
    file.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 6_000)
    pages: dict[str, Page] = {}
    problems, ailments, code = list[str](), list[str](), ""
    for name, price in PRICES.items():
        context = stage.context(browser)
        bring_axe(context)
        pages[name] = stage.sign_in(context, name, bid)
        pages[name].on("pageerror", lambda error: problems.append(str(error)))
        if name == WITH_CODE:
            code = _bid_with_code(pages[name], price, file, tmp_path, ailments)
        else:
            _bid_with_recipe(pages[name], price, file, tmp_path / f"{name}-recipe.json")
        pages[name].goto(hall)
    for name in STAFF:
        context = stage.context(browser)
        bring_axe(context)
        pages[name] = stage.sign_in(context, name, "/custody" if name == "tenderee" else hall)
    keeper = pages["tenderee"].get_by_role("listitem").filter(has_text=str(lot["code"]))
    expect(keeper.get_by_text("在签名的开标通知出现之前")).to_be_visible()
    expect(keeper.get_by_role("button")).to_have_count(0)
    watching = stage.context(browser)
    bring_axe(watching)
    public = watching.new_page()
    public.on("pageerror", lambda error: problems.append(str(error)))
    public.goto(hall)
    expect(public.get_by_text("投标截止时间之前，任何人")).to_be_visible()
    assert "演示东海路桥" not in public.content(), "nobody shows before the hour (A-107)"

    stage.wait_for_hour(lot)
    expect(public.get_by_text("投标集合摘要")).to_be_visible()
    expect(public.get_by_text("加密").first).to_be_visible()
    ailments += violations(public, "frozen")
    _lose(settings, stage.client("bidder-2").get(f"/api/lots/{lot['id']}/hall")["me"]["bid"])
    pages["host"].get_by_role("button", name="开始解密").click()
    keeper.get_by_role("button", name="一键放行全部投标").click()
    expect(keeper.get_by_text("已放行 3，待放行 0，共 3")).to_be_visible()
    ailments += violations(pages["tenderee"], "custody")
    pages["tenderee"].screenshot(path=tmp_path / "custody.png", full_page=True)
    for name in PRICES:
        if name == WITH_CODE:
            _decrypt_by_code(pages[name], code, tmp_path, ailments)
        elif WITH_RECIPE[name] == "page":
            _decrypt_by_plaintext(pages[name], file, tmp_path / f"{name}-recipe.json", ailments)
        else:
            _decrypt_on_the_command_line(stage, name, lot["id"], file, tmp_path / f"{name}-recipe.json")
    pages["supervisor"].get_by_role("button", name="一键放行全部投标").click()
    expect(public.get_by_text("已解密 3")).to_be_visible()
    assert "8,888,888.88" not in public.content(), "no price is dribbled (R-508)"
    ailments += violations(public, "decrypted")
    pages["host"].get_by_role("button", name="唱标").click()
    for text in ("9,300,000.00", "9,100,000.00", "8,888,888.88", "捌佰捌拾捌万捌仟捌佰捌拾捌元捌角捌分", "-11.11%"):
        expect(public.get_by_text(text).first).to_be_visible()
    ailments += violations(public, "announced")

    _objections(pages)
    _confirm_and_sign(pages)
    expect(public.get_by_text("已公布").first).to_be_visible()
    expect(public.get_by_text("链条完整")).to_be_visible()
    ailments += violations(public, "published")
    assert ailments == []
    _a_reconnect_loses_nothing(public)
    _record_is_a_signed_pdf(public, lot["id"], tmp_path)
    assert problems == []


def _objections(pages: dict[str, Page]) -> None:
    pages["host"].get_by_role("button", name="进入异议环节").click()
    bidder = pages["bidder-2"]
    bidder.get_by_label("对开标提出异议").fill("请确认工期按日历天计算")
    bidder.get_by_role("button", name="提出异议").click()
    pages["host"].get_by_label("答复", exact=True).fill("按日历天计算")
    pages["host"].get_by_role("button", name="当场答复").click()
    expect(bidder.get_by_text("按日历天计算", exact=False).last).to_be_visible()
    pages["host"].get_by_role("button", name="结束异议").click()


def _confirm_and_sign(pages: dict[str, Page]) -> None:
    pages["bidder-3"].get_by_role("button", name="确认无误并签名").click()
    for name in ("bidder-1", "bidder-2"):
        pages[name].get_by_role("button", name="确认无误并签名").click()
    pages["host"].get_by_role("button", name="结束开标，生成记录").click()
    _sign_record(pages["host"], "主持人")
    expect(pages["deputy"].get_by_text("主持人：")).to_be_visible()
    _sign_record(pages["deputy"], "记录人")


def _a_reconnect_loses_nothing(public: Page) -> None:
    """After a reload the screen says the same, for it shows the database and the ledger (R-1111)."""
    before = public.locator("table").first.inner_text()
    public.reload()
    expect(public.get_by_text("已公布").first).to_be_visible()
    expect(public.locator("table").first).to_have_text(before, use_inner_text=True)


def _record_is_a_signed_pdf(public: Page, lot_id: str, folder: Path) -> None:
    answer: Any = public.request.get(f"/api/lots/{lot_id}/opening-record/pdf")
    assert answer.ok
    content = answer.body()
    (folder / "record.pdf").write_bytes(content)
    assert content.startswith(b"%PDF")
    assert content.count(b"/ByteRange") >= 3, "host, recorder and platform sign"
