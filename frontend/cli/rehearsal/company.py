"""The bidders of a rehearsal as one body: each act is done for all of them in processes side by side."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from frontend.cli.rehearsal import acting
from frontend.cli.rehearsal.acting import Delivered
from frontend.cli.rehearsal.model import PASSWORD, Bidder, Fate, Plan, Security
from frontend.cli.rehearsal.papers import Library, compose
from frontend.cli.rehearsal.platform import Platform
from frontend.cli.rehearsal.processes import CONTEXT
from storage.kernel.clock import process_now


class Company:
    """Acts for its bidders in as many processes as the machine has processors."""

    def __init__(self, bidders: Sequence[Bidder], plan: Plan) -> None:
        self.bidders = tuple(bidders)
        self.plan = plan
        self.delivered: dict[int, Delivered] = {}
        self.passed: frozenset[str] | None = None  # of two envelopes, by social credit code: whose prices are opened
        self._pool = ProcessPoolExecutor(plan.processes, CONTEXT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    def with_fate(self, *fates: Fate) -> list[Bidder]:
        """Those with one of these fates."""
        return [bidder for bidder in self.bidders if bidder.fate in fates]

    @property
    def standing(self) -> list[Bidder]:
        """Whose bid stands at T."""
        return self.with_fate(Fate.PLAIN, Fate.REPLACES, Fate.SILENT)

    @property
    def opening(self) -> list[Bidder]:
        """Who decrypts: once it is signed who passed, those alone."""
        return [bidder for bidder in self.with_fate(Fate.PLAIN, Fate.REPLACES)
                if self.passed is None or bidder.uscc in self.passed]

    def each(self, act: Callable[..., Any], bidders: Sequence[Bidder], *what: object) -> list[Any]:
        """One act of several bidders, each in a process; the results in order."""
        return self._all(act, [(bidder, *what) for bidder in bidders])

    def with_security(self, *securities: Security) -> list[Bidder]:
        """Those who bring one of these."""
        return [bidder for bidder in self.bidders if bidder.security in securities]

    def receive_identities(self, platform: Platform) -> None:
        """Fresh certificates of the demo's CAs, as files that only this user may read."""
        pki = platform.pki()
        for bidder in self.bidders:
            bidder.folder.mkdir(mode=0o700, parents=True)
            identity = pki.issue(organisation=bidder.name, uscc=bidder.uscc, kind=bidder.key_kind, now=process_now())
            bidder.p12.write_bytes(identity.to_pkcs12(PASSWORD))

    def enrol(self) -> list[str]:
        """All enrol; the states they reach at once."""
        return self._all(acting.enrol, [(bidder,) for bidder in self.bidders])

    def compose(self, library: Library) -> int:
        """All write their bids; bytes."""
        jobs = [(bidder, version, self.plan.size, library) for bidder in self.bidders
                for version in range(1, bidder.versions + 1)]
        return sum(self._all(compose, jobs))

    def download(self, lot: str) -> int:
        """All fetch the tender package; bytes."""
        return sum(self._all(acting.download, [(bidder, lot) for bidder in self.bidders]))

    def deliver(self, lot: str) -> list[Delivered]:
        """All bring their bids as their fates have it."""
        found: list[Delivered] = self._all(acting.deliver, [(bidder, lot) for bidder in self.bidders])
        self.delivered = {each.number: each for each in found}
        return found

    def submit_late(self, lot: str) -> list[str]:
        """The rules that refuse the late one."""
        return list(self._all(acting.submit_late, [(bidder, lot) for bidder in self.with_fate(Fate.LATE)])[0])

    def keep_receipts(self, lot: str, folder: Path) -> list[Path]:
        """All fetch their receipts; the files."""
        jobs = [(bidder, lot, self.delivered[bidder.number].receipts, folder) for bidder in self.bidders]
        return [path for paths in self._all(acting.keep_receipts, jobs) for path in paths]

    def release(self, lot: str, roots: frozenset[str]) -> float:
        """All who decrypt release; the instant of the last."""
        instants: list[float] = self._all(acting.release, [(bidder, lot, roots) for bidder in self.opening])
        return max(instants)

    def object_to(self, lot: str, text: str) -> str:
        """One of them objects; the objection's id."""
        return str(self._all(acting.object_to, [(self.opening[0], lot, text)])[0])

    def confirm(self, lot: str) -> int:
        """All whose bid was opened confirm by signature; how many."""
        return len(self._all(acting.confirm, [(bidder, lot) for bidder in self.opening]))

    def read_back(self, bids: dict[str, str]) -> tuple[int, list[str]]:
        """All read their opened body back, ``bids`` by social credit code: bytes, and whose is not what it sealed."""
        found = self._all(acting.read_back, [(bidder, bids[bidder.uscc]) for bidder in self.opening])
        others = [bidder.name for bidder, (digest, _) in zip(self.opening, found, strict=True)
                  if digest != self.delivered[bidder.number].body_sha256]
        return sum(size for _, size in found), others

    def _all(self, act: Callable[..., Any], jobs: Iterable[tuple[Any, ...]]) -> list[Any]:
        """The results in order; the first failure ends it."""
        waiting = [self._pool.submit(act, *job) for job in jobs]
        return [each.result() for each in waiting]
