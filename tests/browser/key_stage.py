"""A platform that admits a USB key's program, and people whose keys are there or in a telephone."""

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from frontend.cli.bid_release import release_when_open
from frontend.cli.bid_work import BidWork
from frontend.cli.client import ApiClient
from tests.browser.hall_stage import Stage
from tests.identities import People
from tests.stage import PASSWORD
from tests.token_program import TokenProgram

CLIPBOARD = ["clipboard-read", "clipboard-write"]


@dataclass
class Keys(Stage):
    """A platform that admits a USB key's program at one port."""

    agent_port: int = 0
    people: People | None = None

    def token(self, name: str, *words: str) -> TokenProgram:
        """The program with the keys of one demo identity."""
        return TokenProgram(self.folder / f"{name}-screen", *words, str(self.folder / f"{name}.p12"))

    def agent(self, name: str) -> TokenProgram:
        """A USB key's program beside the browser."""
        program = self.token(name, "serve", "--port", str(self.agent_port), "--origin", self.address)
        program.shows("http://127.0.0.1")
        return program

    def sign_in_by_agent(self, page: Page, agent: TokenProgram, path: str) -> Page:
        """Shows the certificate of a USB key and signs in with it, two PINs typed at its program."""
        page.goto(f"/login?next={path}")
        by_agent(page, agent)
        agent.shows(f"登录 {self.address}")
        agent.types(PASSWORD)
        page.wait_for_url(f"**{path}")
        return page


def by_agent(page: Page, agent: TokenProgram) -> None:
    """Pairs, and shows the certificate; the PIN is typed at the program."""
    page.get_by_label("USB Key").check()
    page.get_by_role("button", name="连接 USB Key").click()
    code = agent.shows(r"pairing code: (\d{6})").group(1)
    page.get_by_label("配对码").fill(code)
    page.get_by_role("button", name="配对并读取证书").click()
    agent.types(PASSWORD)


def scanned(page: Page) -> str:
    """What a telephone's camera reads; here from the button beside the picture."""
    page.get_by_role("button", name="复制二维码内容").click()
    return str(page.evaluate("navigator.clipboard.readText()"))


def release_all(page: Page) -> None:
    """A custodian's one press."""
    page.get_by_role("button", name="一键放行全部投标").click()


def has_released(page: Page) -> None:
    """Nothing is left to release."""
    expect(page.get_by_role("button", name="一键放行全部投标")).to_be_hidden()


def bids(api: ApiClient, lot: str, stage: Stage, price: str) -> None:
    """Another bidder's whole bid, on the command line's way."""
    assert api.identity is not None
    file = stage.folder / f"{price}.pdf"
    file.write_bytes(b"%PDF-1.7\n" + price.encode())
    work = BidWork(api, api.identity, lot, stage.folder / f"{price}.json")
    work.submit(work.send([file], {"price": price, "duration": "365", "manager": "王建设"}).version)


def opens(api: ApiClient, lot: str) -> None:
    """Another bidder, or custodian, releases on the command line's way."""
    assert api.identity is not None
    release_when_open(api, api.identity, lot, roots=None, patience=60)
