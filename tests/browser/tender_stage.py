"""One rehearsal tender from its opening on: everyone has a browser, and the experts a program line beside theirs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

from frontend.cli.rehearsal import sitting
from frontend.cli.rehearsal.model import PASSWORD as KEPT_UNDER
from frontend.cli.rehearsal.sitting import Judge
from storage.database.settings import Settings
from storage.kernel.identifiers import lot_code, project_code
from storage.objects.store import ObjectStore
from tests.bids_world import Person
from tests.browser.accessibility import bring_axe, violations
from tests.browser.desk_stage import Evaluation, evaluation_before
from tests.platform_parts import StartNode

SIZE = 5
# A rehearsal's publicity lasts seconds. Two candidates, so that a third bid stays out of the public's sight.
REHEARSAL = {"code": lot_code(project_code("X", "320700", "0001", 1), 1), "trade_kind": "rehearsal", "rehearsal": True,
             "award": {"candidates": 2, "names_winner": False, "first_ranked_wins": True}}


class Tender:
    """The people of one tender, each before a page of its own, and what was wrong on any of them."""

    def __init__(self, browser: Browser, evaluation: Evaluation) -> None:
        self.browser, self.evaluation, self.stage = browser, evaluation, evaluation.stage
        self.pages: dict[str, Page] = {}
        self.found: list[str] = []
        for number, person in enumerate(self.bidders, 1):
            evaluation.keep(f"bidder-{number}", person)

    @property
    def lot(self) -> str:
        """The lot's id."""
        return self.evaluation.lot

    @property
    def bidders(self) -> list[Person]:
        """In the order of their bids; the third has no page."""
        return self.evaluation.board.hall.world.bidders

    @property
    def names(self) -> list[str]:
        """Names of the members, which nobody may see before the result."""
        return [self._member(place).party.name for place in range(SIZE)]

    def alias(self, place: int) -> str:
        """What the member of that place is called."""
        return self.evaluation.desk.members[place].alias

    def _member(self, place: int) -> Person:
        return self.evaluation.board.everyone[self.evaluation.desk.members[place].party_id]

    def page(self, name: str, path: str = "", fresh: bool = False) -> Page:
        """The page of that person at that place under the lot; the first time it signs in, but for the visitor."""
        path = path if path.startswith("/") else f"/lots/{self.lot}/{path}"
        if name not in self.pages:
            self.pages[name] = self._arrives(name, path)
        elif fresh or not self.pages[name].url.endswith(path):
            self.pages[name].goto(path)
        return self.pages[name]

    def _arrives(self, name: str, path: str) -> Page:
        context = self.stage.context(self.browser)
        bring_axe(context)
        if name == "visitor":
            page = context.new_page()
            page.goto(path)
        else:
            page = self.stage.sign_in(context, name, path)
        page.on("pageerror", lambda error: self.found.append(f"{name}: {error}"))
        page.on("dialog", lambda dialog: dialog.accept())
        return page

    def members(self, first: int = 0, last: int = SIZE, path: str = "evaluation") -> list[Page]:
        """The members' pages, by place."""
        return [self.page(f"member-{place}", path) for place in range(first, last)]

    def look(self, name: str, what: str) -> None:
        """What axe finds here at every width."""
        self.found += violations(self.pages[name], f"{name}: {what}")

    def judge(self, place: int) -> Judge:
        """The member of that place at its own program, with the certificate it has in its browser."""
        person = self._member(place)
        file = self.stage.folder / f"judge-{place}.p12"
        if not file.exists():
            file.write_bytes(person.identities[0].to_pkcs12(KEPT_UNDER))
        return Judge(place, person.party.name, "expert", person.party.region, "", "", self.stage.address, file)

    def review(self, place: int) -> None:
        """Every bid passes every clause, over the program line."""
        sitting.review(self.judge(place), self.lot, {})

    def commit(self, place: int, rows: Sequence[tuple[str, str]]) -> None:
        """Commits to scores for design and credit, a pair a bid, over the program line."""
        judge = self.judge(place)
        bids = [each["bid"] for each in sitting.look(judge, self.lot)["bids"]]
        marks = {bid: {"2": design, "3": credit} for bid, (design, credit) in zip(bids, rows, strict=True)}
        sitting.commit(judge, self.lot, marks)

    def get(self, name: str, path: str) -> Any:
        """What the interface answers to that person's browser, without the page."""
        return self.pages[name].request.get(path)


@contextmanager
def opened_tender(browser: Browser, start_node: StartNode, settings: Settings, store: ObjectStore,
                  folder: Path) -> Iterator[Tender]:
    """The opened lot of three bids, its signed record, its bank of experts."""
    with evaluation_before(start_node, settings, store, folder, **REHEARSAL) as evaluation:
        yield Tender(browser, evaluation)
