"""What secures a bid from the command line: the letter that is sealed along, and the warning where nothing is."""

import sys
from dataclasses import dataclass
from pathlib import Path

from bidding.guarantees.application import SignedLetter
from frontend.cli.bid_letter import verdict_line
from frontend.cli.bid_screen import confirmed, end, screen
from frontend.cli.bid_work import BidWork
from frontend.cli.guarantee_work import GuaranteeWork
from frontend.cli.letter_file import load_letter, save_letter
from storage.crypto.canonical import Json

_LETTER_PATIENCE = 60.0
_WAYS = "保函：yunkai bid letter，随后 send --letter；保证金：yunkai bid deposit"


@dataclass(frozen=True, slots=True)
class Security:
    """How a bidder asks for it on the command line; ``is_waived``: without any, and without being asked again."""

    file: Path | None = None
    order: str | None = None
    is_waived: bool = False


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A letter with the file it stands in."""

    letter: SignedLetter
    file: Path

    @property
    def parts(self) -> tuple[Json, Path]:
        """The member ``guarantee`` of an opening statement, and where it is kept."""
        return self.letter.to_json(), self.file


def letter_for(work: BidWork, asked: Security, folder: Path) -> KeptLetter | None:
    """The letter to seal along: of the file, of the order, or the one of the bid that is under way.

    Raises ``Refused`` for a lot that takes none, or an order whose letter is not there.
    """
    if sum((bool(asked.file), bool(asked.order), asked.is_waived)) > 1:
        end("--letter、--order、--without-security 只能用一个")
    if asked.is_waived:
        return None
    desk = GuaranteeWork(work.api, work.identity, work.lot)
    if asked.order:
        letter = desk.letter(asked.order, _LETTER_PATIENCE)
        file = save_letter(letter, asked.order, folder)[0]
    elif kept := asked.file or work.kept_letter():
        letter, file = load_letter(kept), kept
    else:
        return None
    if desk.desk()["required"] is None:
        end("本标段不接受保函：请去掉 --letter 或 --order")
    _tell(desk, letter, file)
    return KeptLetter(letter, file)


def _tell(desk: GuaranteeWork, letter: SignedLetter, file: Path) -> None:
    """That the letter goes along, and what of its fields will not stand at the opening; it is the bidder's to judge."""
    screen.print(f"随开标一览表密封保函 {file.name}", markup=False)
    rules = desk.judge(letter, {"name": letter.data.get("issuer"), "kind": letter.data.get("type"), "uscc": ""}, None)
    for each in rules:
        if each["satisfied"] is False:
            screen.print(verdict_line(each), style="yellow", markup=False)


def warn(work: BidWork, *, has_letter: bool, is_waived: bool) -> None:
    """The platform's warnings; without a letter or a deposit the bidder says at a terminal whether to go on.

    A missing deposit is judged at the opening, so without a terminal the command warns and goes on (R-120).
    """
    warnings = work.desk()["warnings"]
    unsecured = [] if has_letter else [each for each in warnings if "amount" in each]
    for each in [*(each for each in warnings if "amount" not in each), *unsecured]:
        screen.print(f"{each['number']} {each['text']}", style="yellow", markup=False)
    if not unsecured:
        return
    screen.print(_WAYS, style="yellow", markup=False)
    if is_waived or not sys.stdin.isatty():
        return
    if not confirmed("本机未附保函，保证金也未足额到账，仍要递交？ Submit without security?"):
        end("未递交")
