"""What a bidder does for its deposit, each act in a process of its own: at the platform, and at the bank."""

import json
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from frontend.cli.client import ApiClient
from frontend.cli.guarantee_work import GuaranteeWork
from frontend.cli.rehearsal.acting import desk
from frontend.cli.rehearsal.model import Bidder, Security
from storage.crypto.trust import read_trust_list
from storage.kernel.errors import Refused

_CONTACT = {"name": "演练联系人", "phone": "0518-00000000"}
_PAUSE_SECONDS = 0.3
STRANGE = "6222 0000 1111 2222"  # an account that is nobody's basic account


def ask(bidder: Bidder, lot: str) -> None:
    """Asks the bank for an account, or an issuer for a letter; who brings nothing asks for nothing."""
    if bidder.security is Security.NONE:
        return
    with desk(bidder) as (api, identity):
        if bidder.security is Security.LETTER:
            work = GuaranteeWork(api, identity, lot)
            work.apply(work.issuers()[0], _CONTACT)
        else:
            api.act(f"/api/lots/{lot}/deposit/account")


def bring(bidder: Bidder, lot: str, bank: str, trust: Path, patience: float) -> list[str]:
    """Fetches, opens and checks the letter, or pays at the bank; the verdicts it is shown, in order."""
    match bidder.security:
        case Security.NONE:
            return [_shown(bidder, lot)]
        case Security.LETTER:
            return [_keep_letter(bidder, lot, trust, patience)]
        case _:
            return _pay(bidder, lot, bank, patience)


def _shown(bidder: Bidder, lot: str) -> str:
    with desk(bidder) as (api, _):
        letter = api.get(f"/api/lots/{lot}/guarantee")
        page = api.get(f"/api/lots/{lot}/deposit")
        return str(page["status"]) if page["asked"] and not letter["has_letter"] else "unasked"


def _keep_letter(bidder: Bidder, lot: str, trust: Path, patience: float) -> str:
    with desk(bidder) as (api, identity):
        work = GuaranteeWork(api, identity, lot)
        order = work.desk()["orders"][0]
        letter = work.letter(order["number"], patience)
        issuer = next(each for each in work.issuers() if each["id"] == order["issuer"]["id"])
        failed = work.check(letter, issuer, read_trust_list(trust))
        if failed:
            raise Refused("保函核验不通过", rules=[each["number"] for each in failed])
        bidder.letter.write_text(json.dumps(letter.to_json(), ensure_ascii=False))
        return "letter"


def _pay(bidder: Bidder, lot: str, bank: str, patience: float) -> list[str]:
    with desk(bidder) as (api, _):
        page = _until(api, lot, patience, lambda page: bool(page["account"] and page["account"]["number"]))
        whole = Decimal(page["asked"]["amount"])
        half, own = whole / 2, page["payer"]["account"]
        paid = {Security.CASH: [(own, whole)], Security.SHORT: [(own, half)],
                Security.PIECEMEAL: [(STRANGE, whole), (own, half), (own, half)]}[bidder.security]
        for number, (account, amount) in enumerate(paid, start=1):
            _transfer(bank, page, account, amount)
            page = _until(api, lot, patience, partial(_has_payments, number))
        return [str(each["verdict"]) for each in sorted(page["payments"], key=lambda each: each["received_at"])]


def _has_payments(number: int, page: Mapping[str, Any]) -> bool:
    return len(page["payments"]) >= number


def _transfer(bank: str, page: Mapping[str, Any], account: str, amount: Decimal) -> None:
    httpx.post(f"{bank}/payments", timeout=10, trust_env=False, json={
        "account": page["account"]["number"], "payer_name": page["payer"]["name"], "payer_account": account,
        "amount": f"{amount:.2f}"}).raise_for_status()


def _until(api: ApiClient, lot: str, patience: float, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    until = time.monotonic() + patience
    while True:
        page: dict[str, Any] = api.get(f"/api/lots/{lot}/deposit")
        if holds(page):
            return page
        if time.monotonic() > until:
            raise TimeoutError("银行没有及时回话")
        time.sleep(_PAUSE_SECONDS)


def refunded(bidder: Bidder, lot: str, patience: float) -> list[str]:
    """Waits until nothing of its money is out any more; the reasons of its refunds."""
    with desk(bidder) as (api, _):
        page = _until(api, lot, patience, lambda page: bool(page["refunds"]) and all(
            each["done_at"] for each in page["refunds"]) and not any(
            each["state"] in {"held", "refunding"} for each in page["payments"]))
        return [str(each["reason"]) for each in page["refunds"]]
