"""The recovery code on the bidder's own computer: its page, its second use for the same lot, a resume that fits it."""

from pathlib import Path
from typing import Any, cast

import pytest

from bidding.bids.model import BODY
from frontend.cli.bid_backup import secret_under
from frontend.cli.bid_recovery import code_into
from frontend.cli.bid_sealing import Terms
from frontend.cli.bid_work import BidWork
from frontend.cli.identity import ClientIdentity
from storage.crypto.context import Context
from storage.crypto.demo_pki import Identity, demo_uscc, open_demo_pki
from storage.crypto.errors import SealBroken
from storage.crypto.header import Header
from storage.crypto.recovery import new_code, read_code
from storage.kernel.clock import process_now
from storage.kernel.errors import NotFound, Refused

LOT = "E3207000001000123001"


class Platform:
    """What the platform says of the lot, no more."""

    origin = "https://trade.example"

    def __init__(self, remedy: str = "backup") -> None:
        self.remedy = remedy

    def get(self, path: str) -> dict[str, Any]:
        return {"remedy": self.remedy, "requirements": {"lot": {"code": LOT, "title": "一标段"}}}


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> list[Identity]:
    folder = tmp_path_factory.mktemp("pki")
    pki = open_demo_pki(folder / "ca", folder / "trust", now=process_now())
    return [pki.issue(organisation=name, uscc=demo_uscc(name), kind="ec-p256", now=process_now())
            for name in ("投标人", "保管一", "保管二")]


def _work(people: list[Identity], remedy: str = "backup") -> BidWork:
    return BidWork(cast("Any", Platform(remedy)), ClientIdentity.of(people[0]), "lot", Path("unused"))


def _seal(people: list[Identity], code: str | None) -> Header:
    bidder, *keepers = [each.certificate for each in people]
    context = Context(tender="E3207", lot=LOT, round=1, bidder=bidder.tag, version=1, envelope=BODY,
                      opens_at="2026-12-01T01:00:00Z", k=2, n=2, custodians=tuple(each.tag for each in keepers))
    return Terms({BODY: context}, bidder, (bidder,), tuple(keepers)).seal(BODY, code=code).header


def test_the_page_names_lot_and_bid_and_its_code_serves_the_lot_again(people: list[Identity], tmp_path: Path) -> None:
    path, first, second = tmp_path / "code.txt", _work(people), _work(people)
    code_into(first, path)
    first.show_code(1)
    page = path.read_text()
    assert all(each in page for each in (str(first.code), LOT, "一标段", "投标人", "第 1 版", Platform.origin))
    assert path.stat().st_mode & 0o077 == 0
    code_into(second, path)
    second.show_code(2)
    assert second.code == first.code
    assert "第 2 版" in path.read_text()
    path.write_text(page.replace(LOT, "E3207000001000123002"))
    with pytest.raises(Refused):
        code_into(second, path)


def test_shown_once_and_never_without_a_clause(people: list[Identity], tmp_path: Path,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    work, other = _work(people), _work(people, "none")
    code_into(work, Path("-"))
    assert capsys.readouterr().out == "", "nothing is shown before something is sealed"
    work.show_code(1)
    assert read_code(work.code or "") in capsys.readouterr().out
    with pytest.raises(Refused):
        code_into(other, tmp_path / "code.txt")
    assert other.code is None


def test_the_code_opens_what_was_sealed_under_it_and_a_resume_keeps_to_it(people: list[Identity]) -> None:
    code, work = new_code(), _work(people)
    header, plain = _seal(people, code), _seal(people, None)
    header.check_bidder_secret(secret_under(code)(header))
    with pytest.raises(SealBroken):
        secret_under(new_code())(header)
    with pytest.raises(NotFound):
        secret_under(code)(plain)
    for mine, kept in ((None, header), (code, plain), (new_code(), header)):
        work.code = mine
        with pytest.raises((Refused, SealBroken)):
            work._check_kept(kept.to_bytes().decode())
    for mine, kept in ((code, header), (None, plain)):
        work.code = mine
        work._check_kept(kept.to_bytes().decode())
