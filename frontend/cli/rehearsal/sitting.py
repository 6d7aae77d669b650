"""What an expert does, in a process that is the expert's own for the whole rehearsal."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from evaluation.scoring.sheets import PURPOSE, box_subject, commitment
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from frontend.cli.rehearsal.model import PASSWORD
from frontend.cli.rehearsal.signing import sign_paper
from storage.crypto.canonical import canonical_bytes
from storage.crypto.demo_pki import demo_uscc
from storage.crypto.sealed_box import open_box, seal_box
from storage.crypto.wraps import WrapPrivateKey

_PAGE = 64 << 10
_CHUNK = 1 << 20
Marks = Mapping[str, Mapping[str, str]]  # by bid, by number of the item


@dataclass(frozen=True, slots=True)
class Judge:
    """One person of the expert bank, as it is handed to the process that acts for it."""

    number: int
    name: str
    kind: Literal["expert", "representative"]
    region: str
    unit: str
    unit_uscc: str
    server: str
    p12: Path

    @property
    def uscc(self) -> str:
        """The number in its certificate."""
        return demo_uscc(self.name)


@cache
def _line(judge: Judge) -> ApiClient:
    """Signed in once; the process lives as long as the judge is needed."""
    client = ApiClient(judge.server, ClientIdentity.from_pkcs12(judge.p12, PASSWORD))
    client.login()
    return client


def _identity(judge: Judge) -> ClientIdentity:
    return ClientIdentity.from_pkcs12(judge.p12, PASSWORD)


def certificate_of(judge: Judge) -> str:
    """What the bank enters of it, PEM."""
    return _identity(judge).certificate.pem


def called(judge: Judge, lot: str) -> dict[str, Any] | None:
    """The own seat, None for whoever is not called: to such a one there is no committee."""
    try:
        own: dict[str, Any] | None = _line(judge).get(f"/api/lots/{lot}/committee")["me"]
    except ApiError as error:
        if error.status not in (403, 404):
            raise
        return None
    return own


def answer(judge: Judge, lot: str, accepted: bool) -> None:
    """Comes, or does not."""
    _line(judge).act(f"/api/lots/{lot}/committee/invitation",
                     {"accepted": accepted, "reason": "" if accepted else "当日另有公务"})


def sign_in(judge: Judge, lot: str) -> None:
    """Confirms who it is, and that nothing keeps it away (R-603)."""
    _line(judge).act(f"/api/lots/{lot}/committee/sign-in", {"identity": True, "conflict": False})


def elect(judge: Judge, lot: str, member: str) -> None:
    """Votes for the leader."""
    _line(judge).act(f"/api/lots/{lot}/committee/leader", {"member_id": member})


def look(judge: Judge, lot: str) -> dict[str, Any]:
    """The desk as this member sees it."""
    desk: dict[str, Any] = _line(judge).get(f"/api/lots/{lot}/evaluation")
    return desk


def read_pages(judge: Judge, lot: str) -> int:
    """The beginning and the end of every opened bid, by range; bytes read."""
    client, read = _line(judge), 0
    for bid in look(judge, lot)["bids"]:
        size = int(bid["body"]["size"])
        for first, last in ((0, min(_PAGE, size) - 1), (max(size - _PAGE, 0), size - 1)):
            part = client.get_bytes(bid["body"]["url"], first=first, last=last)
            if len(part) != last - first + 1:
                raise ValueError(f"{bid['name']}：{first}–{last} 只读到 {len(part)} 字节")
            read += len(part)
    return read


def read_whole(judge: Judge, lot: str, bid: str, which: str = "body") -> tuple[str, int]:
    """One opened bid, or its ``price_body``, range by range: SHA-256 and bytes."""
    body = next(each for each in look(judge, lot)["bids"] if each["bid"] == bid)[which]
    digest, size = sha256(), int(body["size"])
    for first in range(0, size, _CHUNK):
        digest.update(_line(judge).get_bytes(body["url"], first=first, last=min(first + _CHUNK, size) - 1))
    return digest.hexdigest(), size


def review(judge: Judge, lot: str, against: Mapping[tuple[str, str], str]) -> str:
    """Every clause of every bid; ``against``: reasons by bid and clause. The step it leads to."""
    desk = look(judge, lot)
    votes = [{"bid": bid["bid"], "item": item["number"], "passes": (bid["bid"], item["number"]) not in against,
              "reason": against.get((bid["bid"], item["number"]), ""), "page": ""}
             for bid in desk["bids"] for item in desk["method"]["review_items"]]
    _line(judge).put(f"/api/lots/{lot}/evaluation/review", {"votes": votes})
    return str(_line(judge).act(f"/api/lots/{lot}/evaluation/review/submit", {})["step"])


def commit(judge: Judge, lot: str, marks: Marks) -> str:
    """Commits to the sheet, which goes along sealed to the own certificate; the step it leads to."""
    desk = look(judge, lot)
    member, turn = desk["me"]["member"], desk["round"]
    sheet = canonical_bytes({
        "v": 1, "kind": PURPOSE, "lot": lot, "round": turn, "member": member, "salt": secrets.token_hex(32),
        "scores": {bid: dict(row) for bid, row in marks.items()}})
    box = seal_box(sheet, _identity(judge).certificate, purpose=PURPOSE, subject=box_subject(lot, turn, member))
    return str(_line(judge).act(f"/api/lots/{lot}/evaluation/scores/commit", {
        "round": turn, "commitment": commitment(sheet), "box": box})["step"])


def sheets_seen(judge: Judge, lot: str) -> int:
    """How many score sheets this member can read now."""
    return sum(each["sheet"] is not None for each in look(judge, lot)["sheets"])


def _kept_sheet(judge: Judge, lot: str, desk: Mapping[str, Any]) -> str:
    """The own sheet out of the box that the platform keeps and cannot open: any device of the member has it back."""
    key, own = _identity(judge).key, desk["own_sheet"]
    if not isinstance(key, WrapPrivateKey):
        raise ValueError("this certificate opens nothing")
    subject = box_subject(lot, own["round"], desk["me"]["member"])
    return open_box(own["box"], key, purpose=PURPOSE, subject=subject).decode()


def reveal(judge: Judge, lot: str) -> tuple[str, list[str]]:
    """Reveals the own sheet: the step it leads to, or the numbers of the rules that refuse."""
    desk = look(judge, lot)
    try:
        told = _line(judge).act(f"/api/lots/{lot}/evaluation/scores/reveal", {
            "round": desk["own_sheet"]["round"], "sheet": _kept_sheet(judge, lot, desk)})
        return str(told["step"]), []
    except ApiError as error:
        if not error.rules:
            raise
        return str(desk["step"]), [rule["number"] for rule in error.rules]


def explain(judge: Judge, lot: str) -> int:
    """Gives a reason for every alert that concerns its own scores; how many."""
    desk = look(judge, lot)
    own = [each for each in desk["alerts"] if each["alias"] == desk["me"]["alias"] and not each["reason"]]
    for each in own:
        _line(judge).act(f"/api/lots/{lot}/evaluation/alerts/{each['id']}/reason",
                         {"text": "该方案的施工组织与现场条件不符，维持原评分。（演练理由）"})
    return len(own)


def dissent(judge: Judge, lot: str, text: str) -> None:
    """Writes a different opinion (R-340)."""
    _line(judge).act(f"/api/lots/{lot}/evaluation/report/dissent", {"text": text})


def lay_out(judge: Judge, lot: str, expected: str = "ranked") -> str:
    """The leader's last words, and the report for everyone's signature, or of two envelopes that of the technical
    part; the paper's id."""
    path = f"/api/lots/{lot}/evaluation/report"
    _line(judge).put(path, {"remarks": "评标过程正常。（演练）", "to_settle": "合同谈判时明确分包范围。（演练）"})
    return str(_line(judge).act(f"{path}/lay-out", {"expected": expected})["paper"])


def take_prices(judge: Judge, lot: str) -> str:
    """The leader takes the prices of the second opening; the step it leads to (R-318)."""
    return str(_line(judge).act(f"/api/lots/{lot}/evaluation/prices", {})["step"])


def sign_report(judge: Judge, paper: str) -> None:
    """One signature among those of the committee."""
    sign_paper(_line(judge), paper)

