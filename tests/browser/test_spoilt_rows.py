"""The hall's page where the platform's own rows of a bid are altered: whose fault it is stands there, in words."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.objects.store import ObjectStore
from tests.browser.accessibility import bring_axe, violations
from tests.browser.hall_stage import Stage
from tests.nodes import NodeProcess
from tests.opening_world import PRICES, found_hall
from tests.stage import PASSWORD

PEOPLE = ("keeper", "first", "second", "third")


@dataclass
class Begun:
    """A lot whose decryption has begun; its people's certificate files lie in the folder by their names here."""

    lot_id: str
    names: tuple[str, ...]
    bids: tuple[str, ...]


async def _begin(settings: Settings, folder: Path) -> Begun:
    engine, store = make_engine(settings), ObjectStore.from_settings(settings)
    hall = await found_hall(make_sessions(engine), settings, store)
    for bidder, price in zip(hall.world.bidders, PRICES, strict=True):
        await hall.submit(bidder, price)
    await hall.begin()
    await hall.worker.stamp()
    people = [hall.world.custodians[0], *hall.world.bidders]
    for name, person in zip(PEOPLE, people, strict=True):
        (folder / f"{name}.p12").write_bytes(person.identities[0].to_pkcs12(PASSWORD))
    await engine.dispose()
    store.close()
    return Begun(str(hall.lot.id), tuple(each.party.name for each in hall.world.bidders),
                 tuple(str(version.bid_id) for version in hall.versions))


def _spoil(settings: Settings, bid: str, column: str) -> None:
    """As whoever can write to PostgreSQL."""
    with psycopg.connect(settings.database_url.replace("+psycopg", "")) as connection:
        done = connection.execute(
            f"update envelope set {column} = '{{}}' from bid_version where bid_version.id = bid_version_id "
            "and bid_id = %s and kind = 'whole/statement'", (bid,))
        assert done.rowcount == 1


def _release(page: Page, button: str) -> None:
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("alert").first).to_be_visible()


@pytest.mark.cts("A-112")
def test_whose_rows_are_spoilt_is_told_with_whose_fault_it_is(
        browser: Browser, web_client: None, settings: Settings, node: NodeProcess, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as aside:
        begun = aside.submit(asyncio.run, _begin(settings, tmp_path)).result()
    _, second, third = begun.bids
    _spoil(settings, second, "manifest")
    _spoil(settings, third, "header")
    stage, hall = Stage(node.address, tmp_path), f"/lots/{begun.lot_id}/hall"
    with stage.context(browser) as context:
        bring_axe(context)
        page = stage.sign_in(context, "keeper", hall)
        _release(page, "一键放行全部投标")
        told = page.get_by_role("alert").get_by_role("listitem")
        expect(told).to_have_count(2)
        for place in (2, 3):
            line = told.filter(has_text=f"第{place}号 {begun.names[place - 1]}")
            expect(line).to_contain_text("记录受损（平台责任），没有释放它的密钥，请告知主持人；其他投标文件不受影响")
        assert violations(page, "spoilt rows") == []
        page.screenshot(path=tmp_path / "keeper.png", full_page=True)
    for name in ("second", "third"):
        with stage.context(browser) as context:
            page = stage.sign_in(context, name, hall)
            _release(page, "一键解密")
            expect(page.get_by_role("alert")).to_contain_text("平台责任")
            expect(page.get_by_role("alert")).to_contain_text("请告知主持人")
            page.screenshot(path=tmp_path / f"{name}.png", full_page=True)
