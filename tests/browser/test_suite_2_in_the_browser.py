"""A lot of suite 2 in real browsers: SM2 pairs in a file and a USB key, SM3, SM4, and a stranger who checks it all."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from frontend.cli.client import ApiClient
from tests.browser.hall_stage import submit_bid
from tests.browser.key_stage import Keys, bids, has_released, opens, release_all
from tests.identities import declared
from tests.stage import PASSWORD
from trading.parties.model import AGREEMENT_VERSION


def _sm_bidder(keys: Keys, name: str) -> ApiClient:
    """One more enterprise, which enrols with a dual pair."""
    assert keys.people is not None
    client = keys.people.client(keys.people.identity(name, kind="sm2"))
    client.enrol(declared(name), AGREEMENT_VERSION)
    client.post("/api/me/enrolment/declare")
    return client


@pytest.mark.cts("A-12")
def test_a_lot_of_suite_2_is_bid_for_opened_and_checked(browser: Browser, keys: Keys, tmp_path: Path) -> None:
    lot = keys.publish_lot(timedelta(seconds=120), kind="rehearsal", objection_minutes=1, suite=2)
    hall = f"/lots/{lot['id']}/hall"
    file = tmp_path / "投标文件.pdf"
    file.write_bytes(b"%PDF-1.7\n" + bytes(range(256)) * 600)
    page = keys.sign_in(keys.context(browser), "bidder-sm", f"/lots/{lot['id']}/bid")
    assert submit_bid(page, "9300000.00", file).startswith("HZ-")
    others = [_sm_bidder(keys, name) for name in ("连云港新浦建设有限公司", "连云港墟沟建设有限公司")]
    for api, price in zip(others, ("9100000.00", "8888888.88"), strict=True):
        bids(api, lot["id"], keys, price)
    page.goto(hall)
    host = keys.sign_in(keys.context(browser), "host", hall)
    deputy = keys.sign_in(keys.context(browser), "deputy", hall)
    with keys.agent("tenderee-sm") as agent:
        custodian = keys.sign_in_by_agent(keys.context(browser).new_page(), agent, hall)
        keys.wait_for_hour(lot)
        host.get_by_role("button", name="开始解密").click()
        release_all(custodian)
        agent.shows("以保管人身份解开 6 个密钥信封")
        agent.types(PASSWORD)
        has_released(custodian)
    opens(keys.client("supervisor-sm"), lot["id"])
    page.get_by_role("button", name="一键解密").click()
    for api in others:
        opens(api, lot["id"])
    expect(page.get_by_text("已解密 3")).to_be_visible()
    host.get_by_role("button", name="唱标").click()
    expect(page.get_by_text("9,300,000.00").first).to_be_visible()
    page.get_by_role("button", name="确认无误并签名").click()
    host.get_by_role("button", name="进入异议环节").click()
    host.get_by_role("button", name="结束异议").click()
    host.get_by_role("button", name="结束开标，生成记录").click()
    host.get_by_role("button", name="以主持人身份签署").click()
    expect(deputy.get_by_text("主持人：")).to_be_visible()
    deputy.get_by_role("button", name="以记录人身份签署").click()
    expect(page.get_by_text("已公布").first).to_be_visible()
    page.goto(f"/verify?lot={lot['id']}")
    page.get_by_role("button", name="读取并核对").click()
    card = page.locator("article").first
    expect(card.get_by_text("核对通过")).to_be_visible()
    expect(card.get_by_text("重新解密开标一览表：与唱标一致").first).to_be_visible()
