"""Keys that are not in the browser: a USB key's program and a telephone, from sign-in to the opening (R-703)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import bring_axe, violations
from tests.browser.hall_stage import submit_bid
from tests.browser.key_stage import CLIPBOARD, Keys, bids, by_agent, has_released, opens, release_all, scanned
from tests.stage import PASSWORD


def _releases_by_telephone(page: Page, keys: Keys) -> None:
    """The custodian's key is in a telephone: one code for the certificate, one PIN more for all bids of the lot."""
    page.get_by_role("button", name="换一张证书").click()
    page.get_by_label("手机证书").check()
    page.get_by_role("button", name="显示二维码").click()
    with keys.token("tenderee", "scan", "--code", scanned(page)) as phone:
        phone.types(PASSWORD)
        release_all(page)
        phone.shows("以保管人身份解开 6 个密钥信封")
        phone.types(PASSWORD)
        has_released(page)


@pytest.mark.cts("A-12")
def test_a_bidder_with_a_usb_key_and_a_custodian_with_a_telephone_open_a_lot(
        browser: Browser, keys: Keys, tmp_path: Path) -> None:
    lot = keys.publish_lot(timedelta(seconds=100), kind="rehearsal", objection_minutes=1)
    hall = f"/lots/{lot['id']}/hall"
    file = tmp_path / "投标文件.pdf"
    file.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 600)
    others = [keys.client(name) for name in ("bidder-2", "bidder-3")]
    with keys.agent("bidder-1") as agent:
        page = keys.sign_in_by_agent(keys.context(browser).new_page(), agent, f"/lots/{lot['id']}/bid")
        with ThreadPoolExecutor(1) as fingers:
            # Two manifests and the trial follow, each confirmed at the key.
            typed = fingers.submit(lambda: [agent.types(PASSWORD) for _ in range(3)])
            assert submit_bid(page, "9300000.00", file).startswith("HZ-")
            typed.result()
        for api, price in zip(others, ("9100000.00", "8888888.88"), strict=True):
            bids(api, lot["id"], keys, price)
        page.goto(hall)
        host = keys.sign_in(keys.context(browser), "host", hall)
        custodian = keys.sign_in(keys.context(browser, permissions=CLIPBOARD), "tenderee", hall)
        keys.wait_for_hour(lot)
        host.get_by_role("button", name="开始解密").click()
        opens(keys.client("supervisor"), lot["id"])
        _releases_by_telephone(custodian, keys)
        page.get_by_role("button", name="一键解密").click()
        for _ in range(2):  # both wraps are opened in one act; what is released is signed in another
            agent.types(PASSWORD)
        for api in others:
            opens(api, lot["id"])
        expect(page.get_by_text("已解密 3")).to_be_visible()
        assert "以投标人（或收件人）身份解开 2 个密钥信封" in agent.screen
        assert PASSWORD not in agent.screen


def test_no_page_but_the_platforms_own_uses_the_key(browser: Browser, keys: Keys) -> None:
    """Another origin, another host name, a guessed code, a page without a token: the program answers none of them."""
    root = f"http://127.0.0.1:{keys.agent_port}/yunkai-key/1/"
    ours = {"Origin": keys.address}
    with keys.agent("bidder-2") as agent:
        rebound = ours | {"Host": f"evil.example:{keys.agent_port}"}
        strangers: list[dict[str, str]] = [{}, {"Origin": "https://evil.example"}, rebound]
        for headers in strangers:
            answer = httpx.post(f"{root}pair", headers=headers, json={})
            assert answer.status_code == 403
            assert "access-control-allow-origin" not in answer.headers
        assert httpx.post(f"{root}ask", headers=ours, json={}).status_code == 401
        httpx.post(f"{root}pair", headers=ours, json={})
        code = agent.shows(r"pairing code: (\d{6})").group(1)
        wrong = [f"{(int(code) + i) % 10**6:06}" for i in (1, 2, 3)]
        assert [httpx.post(f"{root}pair", headers=ours, json={"code": each}).status_code for each in wrong] == [403] * 3
        assert httpx.post(f"{root}pair", headers=ours, json={"code": code}).status_code == 403, "three tries a code"
        foreign = browser.new_page()
        foreign.goto(f"{keys.address.replace('127.0.0.1', 'localhost')}/api/time")
        assert foreign.evaluate("(url) => fetch(url).then(() => 'read', () => 'refused')", f"{root}status") == "refused"


def test_refusing_at_the_key_and_calling_off_at_the_page(browser: Browser, keys: Keys) -> None:
    context = keys.context(browser, permissions=CLIPBOARD)
    bring_axe(context)
    page, ailments = context.new_page(), list[str]()
    page.goto("/login")
    page.get_by_label("USB Key").check()
    page.get_by_role("button", name="连接 USB Key").click()
    expect(page.get_by_role("alert")).to_contain_text("没有找到签名程序")
    ailments += violations(page, "no agent")
    with keys.agent("bidder-1") as agent:
        by_agent(page, agent)
        agent.types("not the PIN")
        agent.shows("wrong PIN")
        agent.types("")
        expect(page.get_by_role("alert")).to_contain_text("签名程序或手机上拒绝了这次请求")
    page.get_by_role("button", name="换一张证书").click()
    page.get_by_label("手机证书").check()
    page.get_by_role("button", name="显示二维码").click()
    ailments += violations(page, "code")
    code = scanned(page)
    page.get_by_role("button", name="取消").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    with keys.token("bidder-1", "scan", "--code", code) as phone:
        phone.shows("扫码失败 failed", seconds=60)
    page.get_by_role("button", name="显示二维码").click()
    with keys.token("bidder-1", "scan", "--code", scanned(page)) as phone:
        phone.types(PASSWORD)
        phone.shows(f"登录 {keys.address}")
        phone.types(PASSWORD)
        page.wait_for_url("**/tasks")
        page.goto("/me")
        expect(page.get_by_text("手机 ·")).to_be_visible()
    assert ailments == []
