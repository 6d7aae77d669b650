"""What a rehearsal is to do: how many bidders, how large, and the fate of each."""

import math
import random
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Self

from storage.crypto.authority import KeyKind
from storage.crypto.demo_pki import demo_uscc

_UNITS = {"": 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")
LIMIT = Decimal(9_000_000)
_SLOWEST = 12_000_000  # bytes a second that a modest machine seals, stores and reads back
_EACH = 2.0  # seconds of a bid beside its bytes
_SECURING, _SECURED = 25.0, 1.5  # seconds until bank and issuer have answered everyone: at all, and for each bidder
_ENROLMENT = 0.3  # seconds of one enrolment among several on such a machine while it does nothing else
_MOST = 4.0
LETTER = "01投标函.pdf"  # the paper that names the price
FEWEST = 4  # one of them never decrypts, and R-108 asks for three bids
PASSWORD = "yunkai-rehearsal"  # of files in a temporary folder that hold keys of a demo CA


class Security(StrEnum):
    """What a bidder brings for its deposit."""

    NONE = "none"
    LETTER = "letter"
    CASH = "cash"
    PIECEMEAL = "piecemeal"  # first from an account that is not its own basic one, then half, then the rest
    SHORT = "short"  # half of it, and no more


class Fate(StrEnum):
    """What becomes of a bidder."""

    PLAIN = "plain"
    REPLACES = "replaces"
    SILENT = "silent"  # submits, and never decrypts
    WITHDRAWS = "withdraws"
    LATE = "late"  # uploads in time, and submits after T


# What the first bidders without a fate of their own bring; those after them bring cash and letters in turn.
_FIRST = (Security.PIECEMEAL, Security.LETTER, Security.SHORT)


@dataclass(frozen=True, slots=True)
class Plan:
    """The size of a rehearsal; ``bidders`` stand at the opening, two more withdraw and come late."""

    bidders: int
    size: int
    seed: int
    processes: int
    asked_seconds: float | None = None
    pace: float = 1.0  # how many times as long as on a quiet machine everything takes
    suite: int = 1  # of the lot; 2 is SM2, SM3, SM4 throughout
    whole: bool = False  # on to the archive, with deposits, letters, experts and everyone outside
    two_envelopes: bool = False  # technical first, prices of those who passed second

    @property
    def seconds_to_bid(self) -> float:
        """From publication to T: as asked, or what sealing and uploading should take."""
        uploads = self.bidders + 3
        secured = _SECURING + self.bidders * _SECURED if self.whole else 0
        estimate = self.pace * (10 + secured + uploads * (self.size / _SLOWEST + _EACH / self.processes))
        return self.asked_seconds or estimate

    @property
    def window(self) -> int:
        """Minutes of the decryption window, a second each."""
        return round(self.pace * (6 + self.bidders))

    def after_enrolment(self, seconds: float) -> Self:
        """The same at the pace that this machine has just shown: other work on it may be under way.

        The root: enrolments wait for the one node, which is cold yet, and suffer more than sealing and uploading do.
        """
        return replace(self, pace=min(_MOST, max(1.0, math.sqrt(seconds / (self.bidders + 2) / _ENROLMENT))))


@dataclass(frozen=True, slots=True)
class Bidder:
    """One enterprise of the rehearsal, as it is handed to the process that acts for it."""

    number: int
    fate: Fate
    name: str
    server: str
    folder: Path
    key_kind: KeyKind
    seed: int
    security: Security = Security.NONE
    two_envelopes: bool = False

    @property
    def uscc(self) -> str:
        """Its unified social credit code, sound by R-804 and of the demo's range."""
        return demo_uscc(self.name)

    @property
    def p12(self) -> Path:
        """Its certificate and key."""
        return self.folder / "identity.p12"

    def files(self, version: int) -> list[Path]:
        """What the body of a version consists of, where there are two envelopes of the technical one."""
        return [path for path in self._papers(version) if not self._is_priced(path)]

    def price_files(self, version: int) -> list[Path]:
        """The body of the price envelope; none where there is but one envelope."""
        return [path for path in self._papers(version) if self._is_priced(path)]

    def _papers(self, version: int) -> list[Path]:
        return sorted((self.folder / f"version-{version}").iterdir())

    def _is_priced(self, path: Path) -> bool:
        return self.two_envelopes and path.name == LETTER

    @property
    def letter(self) -> Path:
        """Its guarantee letter, opened and checked, where it has one."""
        return self.folder / "letter.json"

    @property
    def versions(self) -> int:
        """How many versions it submits."""
        return 2 if self.fate is Fate.REPLACES else 1

    def values(self, version: int) -> dict[str, str]:
        """The opening statement of a version."""
        chance = random.Random(f"{self.seed}/{self.number}/{version}/price")
        price = LIMIT * Decimal(chance.randint(8500, 9990)) / Decimal(10_000) + Decimal(chance.randint(0, 99)) / 100
        return {"price": f"{price:.2f}", "duration": str(chance.randint(280, 365)),
                "manager": chance.choice(("王建国", "李海州", "陈云台", "周连岛", "孙东海"))}


def cast(plan: Plan, servers: tuple[str, ...], folder: Path, mark: str) -> list[Bidder]:
    """The bidders of a plan; ``mark`` keeps the names of one rehearsal apart from those of another."""
    fates = [Fate.REPLACES, Fate.SILENT, *[Fate.PLAIN] * (plan.bidders - 2), Fate.WITHDRAWS, Fate.LATE]
    return [Bidder(
        number=number, fate=fate, name=f"演练第{number}号投标人{mark}有限公司", server=servers[number % len(servers)],
        folder=folder / f"bidder-{number:03}", key_kind=_kind(plan, number), seed=plan.seed,
        security=_security(fate, number) if plan.whole else Security.NONE, two_envelopes=plan.two_envelopes)
        for number, fate in enumerate(fates, start=1)]


def _kind(plan: Plan, number: int) -> KeyKind:
    """In a lot of suite 1 every kind of certificate bids: register once, use everywhere (R-005)."""
    return "sm2" if plan.suite == 2 else ("rsa", "ec-p256", "sm2")[number % 3]


def _security(fate: Fate, number: int) -> Security:
    """Of the first three who are opened none is rejected for it: R-108 and the competition need them."""
    by_fate = {Fate.REPLACES: Security.LETTER, Fate.WITHDRAWS: Security.CASH, Fate.PLAIN: _plain(number - 3)}
    return by_fate.get(fate, Security.NONE)


def _plain(place: int) -> Security:
    return _FIRST[place] if place < len(_FIRST) else (Security.LETTER, Security.CASH)[place % 2]


def bytes_of(text: str) -> int:
    """"50MB" as bytes; raises ``ValueError``."""
    found = _SIZE.fullmatch(text.strip())
    if found is None or found[2].upper() not in _UNITS:
        raise ValueError(f"应如 300kB、50MB、4GB：{text}")
    return int(Decimal(found[1]) * _UNITS[found[2].upper()])
