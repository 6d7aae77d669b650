"""Fault 40 on the page: whatever a company calls itself and its lots, nothing of it runs or becomes markup."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import Browser, expect
from sqlalchemy import text

from storage.database.engine import make_engine, make_sessions
from tests.bids_world import World, found_world
from tests.browser.hall_stage import PATIENCE
from tests.nodes import NodeProcess

NAME = "甲<img src=x onerror=\"window.hit=1\"><script>window.hit=1</script>" \
       "{{constructor.constructor('window.hit=1')()}}公司"


async def _founded(node: NodeProcess) -> World:
    engine = make_engine(node.settings)
    try:
        folders = node.settings.key_directory.parent / "ca", node.settings.trust_directory
        world = await found_world(make_sessions(engine), *folders)
        async with make_sessions(engine)() as session:
            await session.execute(text("update party set name = :name"), {"name": NAME})
            await session.execute(text("update lot set title = :name, content = :name"), {"name": NAME})
            await session.commit()
        return world
    finally:
        await engine.dispose()


def test_fault_40_a_script_in_a_name_is_text_on_every_page(browser: Browser, web_client: None,
                                                           node: NodeProcess) -> None:
    with ThreadPoolExecutor(1) as aside:  # Playwright's own loop runs in this thread
        world = aside.submit(asyncio.run, _founded(node)).result()
    context = browser.new_context(base_url=node.address)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    for path in (f"/lots/{world.lot.id}", f"/lots/{world.lot.id}/hall"):
        page.goto(path)
        expect(page.get_by_text("<script>window.hit=1</script>").first).to_be_visible()
        assert page.evaluate("window.hit") is None
        assert page.locator("img[src=x]").count() == 0
    assert refused == [], "the pages ask for nothing that the policy refuses"
    context.close()
