"""What a bidder does about the result, each act in a process of its own."""

from typing import Any

from frontend.cli.client import ApiError
from frontend.cli.rehearsal.acting import desk
from frontend.cli.rehearsal.model import Bidder
from frontend.cli.rehearsal.signing import sign_paper

_ADDRESS = {"recipient": "演练联系人", "phone": "0518-00000000", "address": "连云港市海州区演练路1号", "consents": True}


def object_to_result(bidder: Bidder, lot: str, text: str) -> str:
    """Raises an objection within the publicity; its id (R-111)."""
    with desk(bidder) as (api, _):
        return str(api.act(f"/api/lots/{lot}/result-objections", {"text": text})["id"])


def own_ranking(bidder: Bidder, lot: str) -> list[str]:
    """Whose rows of the ranking this bidder is shown."""
    with desk(bidder) as (api, _):
        return [str(each["uscc"]) for each in api.get(f"/api/lots/{lot}/award")["ranking"] or []]


def _own_letter(api: Any, lot: str) -> dict[str, Any] | None:
    items = api.get("/api/me/award-letters")["items"]
    return next((each for each in items if each["lot"]["id"] == lot), None)


def read_letter(bidder: Bidder, lot: str) -> tuple[str, int]:
    """Fetches the own letter and confirms that it was read: kind, and bytes of the PDF."""
    with desk(bidder) as (api, _):
        letter = _own_letter(api, lot)
        if letter is None:
            return "", 0
        pdf = api.get_bytes(f"/api/award-letters/{letter['id']}/pdf")
        read = api.act(f"/api/award-letters/{letter['id']}/read", {})
        return (str(read["kind"]) if read["read_at"] and pdf.startswith(b"%PDF-") else ""), len(pdf)


def give_address(bidder: Bidder, lot: str) -> str:
    """Agrees to have the letter brought; its id."""
    with desk(bidder) as (api, _):
        letter = _own_letter(api, lot)
        if letter is None:
            raise ValueError(f"{bidder.name} 没有收到通知书")
        return str(api.act(f"/api/award-letters/{letter['id']}/address", _ADDRESS)["id"])


def service_record(bidder: Bidder, letter: str) -> dict[str, Any]:
    """The signed record of both services."""
    with desk(bidder) as (api, _):
        found: dict[str, Any] = api.get(f"/api/award-letters/{letter}/service-record")
        return found


def sign_contract(bidder: Bidder, paper: str) -> None:
    """The winner's signature."""
    with desk(bidder) as (api, _):
        sign_paper(api, paper, "winner")


def is_shown(bidder: Bidder, path: str) -> bool:
    """Whether this bidder is given what lies there."""
    with desk(bidder) as (api, _):
        try:
            api.get(path)
        except ApiError:
            return False
        return True
