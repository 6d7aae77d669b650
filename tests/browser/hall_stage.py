"""People who stand before a lot with a browser each."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from storage.kernel.clock import from_wire, process_now
from tests.stage import PASSWORD
from tests.stage import Stage as Platform

# Milliseconds. A dozen browsers may share a machine of two cores; a page that never shows it still fails.
PATIENCE = 90_000


class Stage(Platform):
    """The platform, and browsers before it."""

    def context(self, browser: Browser, **options: Any) -> BrowserContext:
        """A browser of one's own, in Chinese, whose page errors fail the test."""
        made = browser.new_context(base_url=self.address, locale="zh-CN", viewport={"width": 1280, "height": 900},
                                   **options)
        made.set_default_timeout(PATIENCE)
        return made

    def sign_in(self, context: BrowserContext, name: str, path: str = "/tasks") -> Page:
        """Signs in through the page, with the certificate file, and goes on to ``path``."""
        page = context.new_page()
        page.goto(f"/login?next={path}")
        page.get_by_label("证书文件").set_input_files(self.folder / f"{name}.p12")
        page.get_by_label("证书密码").fill(PASSWORD)
        page.get_by_role("button", name="打开证书").click()
        page.wait_for_url(lambda address: "/login" not in address)
        return page


def clock_error(page: Page) -> float:
    """By how many seconds the clock that the page shows is off the server's."""
    shown = from_wire(page.locator(".server-clock time").get_attribute("datetime") or "")
    return abs((shown - process_now()).total_seconds())


def fill_statement(page: Page, price: str, file: Path) -> None:
    """The opening statement and the file of a bid."""
    page.get_by_label("投标总价").fill(price)
    page.get_by_label("工期").fill("365")
    page.get_by_label("项目负责人").fill("王建设")
    page.get_by_label("投标文件", exact=True).set_input_files(file)


def submit_bid(page: Page, price: str, file: Path) -> str:
    """Fills the statement, seals, uploads, tries the key and submits, all in the page; answers the receipt's number."""
    fill_statement(page, price, file)
    page.get_by_role("button", name="加密并上传").click()
    return submit_sealed(page)


def submit_sealed(page: Page) -> str:
    """From the upload under way to the receipt, whose number is the answer."""
    page.get_by_role("button", name="试解密").click()
    page.get_by_text("您的证书能打开这份投标").wait_for()
    page.get_by_role("button", name="提交投标").click()
    page.get_by_role("heading", name="投标回执").wait_for()
    return page.locator(".receipt dd").first.inner_text().strip()
