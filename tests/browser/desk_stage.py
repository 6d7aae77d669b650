"""An evaluation that people work on in browsers, and that its world goes on with between their clicks."""

import asyncio
import io
import zipfile
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from playwright.sync_api import Page

from evaluation.committees.tables import CommitteeMember
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.objects.store import ObjectStore
from tests.bids_world import Person
from tests.browser.hall_stage import Stage
from tests.committee_world import Board, found_board
from tests.desk_world import METHOD, Desk
from tests.opening_world import PRICES, background, found_hall
from tests.platform_parts import StartNode
from tests.stage import PASSWORD

T = TypeVar("T")


def pdf(title: str, pages: int = 3) -> bytes:
    """A document with so many pages, each with its title and number."""
    drawn = [f"BT /F1 28 Tf 72 700 Td ({title} - page {page}) Tj ET" for page in range(1, pages + 1)]
    leaves = " ".join(f"{4 + 2 * page} 0 R" for page in range(pages))
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Kids [{leaves}] /Count {pages} >>",
               "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    for page, words in enumerate(drawn):
        objects += [f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {5 + 2 * page} 0 R "
                    "/Resources << /Font << /F1 3 0 R >> >> >>",
                    f"<< /Length {len(words)} >> stream\n{words}\nendstream"]
    made, places = "%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(made))
        made += f"{number} 0 obj {text} endobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    return (f"{made}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
            f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(made)}\n%%EOF\n").encode()


def archive(**files: bytes) -> bytes:
    """Several files as they are sealed: stored, not compressed."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as held:
        for name, content in files.items():
            held.writestr(name.replace("__", "."), content)
    return made.getvalue()


def answer_yes(page: Page) -> None:
    """To the question that the desk asks in its own dialog before an act that cannot be taken back."""
    page.get_by_role("dialog").get_by_role("button", name="确认", exact=True).click()


class Aside:
    """A loop of its own in another thread: Playwright keeps this one busy."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits for the work done there."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(300)

    def stop(self) -> None:
        """Ends the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


class Evaluation:
    """An opened lot of three bids with a bank of experts, before a committee is asked for; and who stands before it."""

    def __init__(self, stage: Stage, board: Board, aside: Aside) -> None:
        self.stage, self.board, self.aside = stage, board, aside
        self.desk = Desk(board)
        self.run = aside.run
        hall = board.hall
        people = {"tenderee": board.tenderee, "host": hall.host, "recorder": hall.recorder,
                  "supervisor": hall.world.supervisor, "bidder": hall.world.bidders[0]}
        for name, person in people.items():
            self.keep(name, person)

    @property
    def lot(self) -> str:
        """The lot's id."""
        return str(self.board.lot_id)

    def keep(self, name: str, person: Person) -> None:
        """The person's certificate file, under that name."""
        self.stage.folder.mkdir(exist_ok=True)
        (self.stage.folder / f"{name}.p12").write_bytes(person.identities[0].to_pkcs12(PASSWORD))

    def seat(self) -> None:
        """Who was called stands by place: an expert first; each has its file ``member-0`` …"""
        self.seat_these(self.run(self.board.members()))

    def seat_these(self, members: Sequence[CommitteeMember]) -> None:
        """As ``seat``, of members that are known."""
        leader = next(each for each in members if each.capacity == "expert")
        self.desk.members = [leader, *(each for each in members if each.id != leader.id)]
        for place, member in enumerate(self.desk.members):
            self.keep(f"member-{place}", self.board.everyone[member.party_id])


async def _opened(settings: Settings, store: ObjectStore, stack: list[Any], lot: Mapping[str, Any]) -> Board:
    engine = make_engine(settings)
    stack.append(engine)
    hall = await found_hall(make_sessions(engine), settings, store)
    await hall.change_lot(**lot)
    life = background(hall)
    await life.__aenter__()
    stack.append(life)
    bodies = (pdf("Bid 1"), archive(business__pdf=pdf("Business"), design__pdf=pdf("Design", 12)), pdf("Bid 3"))
    for bidder, price, body in zip(hall.world.bidders, PRICES, bodies, strict=True):
        await hall.submit(bidder, price, body)
    await hall.change_lot(**METHOD)
    board = await found_board(hall)
    await hall.begin()
    await hall.release_all()
    await hall.conclude(await hall.announce())
    await hall.publish()
    while await hall.worker.check():
        pass
    return board


async def _close(engine: Any, *life: Any) -> None:
    for each in life:
        await each.__aexit__(None, None, None)
    await engine.dispose()


@contextmanager
def evaluation_before(start_node: StartNode, settings: Settings, store: ObjectStore, folder: Path,
                      **lot: Any) -> Iterator[Evaluation]:
    """The opened lot (``lot``: what differs in it from the beginning), as long as the block lasts.

    Its node starts when nothing is left to decrypt twice.
    """
    aside, stack = Aside(), list[Any]()
    try:
        board = aside.run(_opened(settings, store, stack, lot))
        yield Evaluation(Stage(start_node().address, folder), board, aside)
    finally:
        aside.run(_close(*stack))
        aside.stop()
