"""A bidder's way to a guarantee letter, without a browser: apply under seal, wait, open, check, lay into the bid."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bidding.guarantees.application import SignedLetter, opened_letter, sealed_application
from bidding.guarantees.judging import read_revealed, verdict_of
from bidding.guarantees.model import LetterFacts
from bidding.guarantees.rules import form_is_admitted, is_signed_by_its_issuer
from frontend.cli.client import ApiClient
from frontend.cli.identity import ClientIdentity
from storage.crypto.certificates import parse_certificate
from storage.crypto.errors import NotSupported
from storage.crypto.trust import TrustList
from storage.crypto.wraps import WrapPrivateKey
from storage.kernel.clock import from_wire, process_now
from storage.kernel.errors import Refused

_PAUSE_SECONDS = 0.3
# Who signed decides both, and that is told by a chain to a recognised root.
_BY_SIGNATURE = frozenset({is_signed_by_its_issuer.number, form_is_admitted.number})


@dataclass
class GuaranteeWork:
    """One bidder at its desk for letters in one lot."""

    api: ApiClient
    identity: ClientIdentity
    lot: str

    def desk(self) -> dict[str, Any]:
        """What the lot asks, and what this bidder applied for."""
        found: dict[str, Any] = self.api.get(f"/api/lots/{self.lot}/guarantee")
        return found

    def issuers(self) -> list[dict[str, Any]]:
        """Who issues letters of a form this lot takes."""
        forms = (self.desk()["required"] or {"forms": []})["forms"]
        return [each for each in self.api.get("/api/guarantee-issuers")["items"]
                if each["kind"] in forms and each["status"] == "active"]

    def apply(self, issuer: Mapping[str, Any], contact: Mapping[str, str], amends: str | None = None) -> dict[str, Any]:
        """Seals an application over exactly what the lot asks, and hands it in; ``contact``: name and phone."""
        desk = self.desk()
        if desk["required"] is None:
            raise Refused("本标段不接受保函")
        box = sealed_application(self.application(desk, contact, amends), parse_certificate(issuer["box_certificate"]),
                                 issuer["id"])
        order: dict[str, Any] = self.api.act(f"/api/lots/{self.lot}/guarantee/orders", {
            "issuer_id": issuer["id"], "box": box, "amends": amends})
        return order

    def application(self, desk: Mapping[str, Any], contact: Mapping[str, str], amends: str | None) -> dict[str, Any]:
        """What is asked of the issuer, in plain; ``desk`` is that of a lot that takes letters."""
        required = desk["required"]
        return {
            "project": desk["lot"]["title"], "lot": required["lot_code"], "lot_title": desk["lot"]["title"],
            "bidder": required["applicant"], "contact": dict(contact), "beneficiary": required["beneficiary"],
            "amount": required["amount"], "begin": required["begin_by"], "end": required["end_from"],
            "reply_certificate": self.identity.recipient.pem, "amends": amends}

    def letter(self, number: str, seconds: float = 60) -> SignedLetter:
        """Waits for the letter of an order and opens it; raises ``Refused`` when it was refused or does not come."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            order = next((each for each in self.desk()["orders"] if each["number"] == number), None)
            if order is None:
                raise Refused(f"没有编号为 {number} 的保函申请")
            if order["status"] == "issued":
                return self.open(order)
            if order["status"] == "refused":
                raise Refused(f"出具机构未予出具：{order['reason']}")
            time.sleep(_PAUSE_SECONDS)
        raise Refused("出具机构尚未出具保函，请稍后再查", order=number)

    def open(self, order: Mapping[str, Any]) -> SignedLetter:
        """Opens the sealed letter of an issued order with this bidder's key."""
        key = self.identity.recipient_key
        if not isinstance(key, WrapPrivateKey):
            raise NotSupported("这张证书不能解密", field="certificate")
        return opened_letter(order["letter_box"], key, order["number"])

    def issuer_of(self, number: str) -> dict[str, Any]:
        """The listed issuer of an own order; raises ``Refused`` for another's order, or once it left the list."""
        order = next((each for each in self.desk()["orders"] if each["number"] == number), None)
        if order is None:
            raise Refused(f"没有编号为 {number} 的保函申请")
        found = next((each for each in self.api.get("/api/guarantee-issuers")["items"]
                      if each["id"] == order["issuer"]["id"]), None)
        if found is None:
            raise Refused(f"“{order['issuer']['name']}”已不在出具机构名录中")
        return dict(found)

    def check(self, letter: SignedLetter, issuer: Mapping[str, Any], trust: TrustList) -> list[dict[str, Any]]:
        """The rules the letter does not meet, as the platform will judge it at the opening (R-414)."""
        return [each for each in self.judge(letter, issuer, trust) if not each["satisfied"]]

    def judge(self, letter: SignedLetter, issuer: Mapping[str, Any], trust: TrustList | None) -> list[dict[str, Any]]:
        """Every rule of R-414, ``{number, title, satisfied}``; None for what cannot be judged without a trust list."""
        rules = asyncio.run(self._judged(letter, issuer, trust or TrustList(())))
        return [each | {"satisfied": None} if trust is None and each["number"] in _BY_SIGNATURE else each
                for each in rules]

    async def _judged(self, letter: SignedLetter, issuer: Mapping[str, Any],
                      trust: TrustList) -> tuple[dict[str, Any], ...]:
        desk = self.desk()
        required, reading = desk["required"], await read_revealed(letter.to_json(), trust, process_now())
        named = reading.letter is not None and (reading.letter.issuer, reading.letter.type) == (
            issuer["name"], issuer["kind"])
        signed = any(each.uscc == issuer["uscc"] for each in reading.signers)
        validity = date.fromisoformat(required["end_from"]) - date.fromisoformat(required["begin_by"])
        return verdict_of(LetterFacts(
            letter=reading.letter, issuer_kind=issuer["kind"] if signed else None, signed_by_issuer=named,
            digest_agrees=reading.digest_agrees, required=Decimal(required["amount"]),
            forms=frozenset(required["forms"]), beneficiary=required["beneficiary"], lot_code=required["lot_code"],
            bidder=required["applicant"]["name"], uscc=required["applicant"]["uscc"],
            deadline_at=from_wire(desk["lot"]["deadline_at"]), validity_days=validity.days)).rules
