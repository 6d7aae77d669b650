"""An issuer's desk: takes the platform's orders, keeps them in a file, and calls back until it was heard."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bidding.guarantees.application import opened_application, sealed_letter
from frontend.cli.rehearsal.programs.letters import House, issue_letter, letter_data
from frontend.cli.rehearsal.programs.orders import checked_order
from storage.crypto.callbacks import HEADER, sign_callback
from storage.crypto.tls import trusted_authorities
from storage.crypto.wraps import WrapPrivateKey
from storage.kernel.clock import process_now
from storage.kernel.errors import DomainError, Invalid

_PAUSE_SECONDS = 0.3
_EMPTY: dict[str, Any] = {"messages": {}, "orders": {}, "surrendered": [], "claims": {}, "outbox": []}


@dataclass
class Desk:
    """One issuer at work. What it owes the platform stands in ``state`` and survives its own end."""

    house: House
    platform: str
    key: Ed25519PrivateKey = field(repr=False)
    path: Path
    roots: frozenset[str] | None = None
    refuses_claims: bool = False
    state: dict[str, Any] = field(default_factory=lambda: json.loads(json.dumps(_EMPTY)))

    def load(self) -> None:
        """What an earlier run left."""
        if self.path.exists():
            self.state = json.loads(self.path.read_text())

    def _save(self) -> None:
        staged = self.path.with_suffix(".new")
        staged.write_text(json.dumps(self.state, ensure_ascii=False))
        staged.replace(self.path)

    async def take(self, message: Mapping[str, Any]) -> dict[str, str]:
        """Takes a message of the queue and answers its acknowledgement; the same again gets the same answer."""
        payload = checked_order(message, self.roots, process_now())
        known = self.state["messages"].get(message["id"])
        if known is None:
            await self._act(str(message["kind"]), payload)
            known = {"sha256": message["sha256"], "acknowledgement": f"SL-{secrets.token_hex(6)}"}
            self.state["messages"][message["id"]] = known
            self._save()
        if known["sha256"] != message["sha256"]:
            raise Invalid("同一编号的报文内容不同")
        return {"id": str(message["id"]), **known}

    async def _act(self, kind: str, payload: Mapping[str, Any]) -> None:
        match kind:
            case "guarantee.order":
                await self._issue(payload)
            case "guarantee.surrender":
                self.state["surrendered"].append({"order": payload["order"], "number": payload["number"]})
            case "guarantee.claim":
                self._answer_claim(payload)
            case _:
                raise Invalid("不认识的报文")

    async def _issue(self, payload: Mapping[str, Any]) -> None:
        """Reads the application, takes the premium, and writes the letter; refuses what it cannot read."""
        issuer, order, now = str(payload["issuer"]), str(payload["order"]), process_now()
        key = self.house.identity.key
        if not isinstance(key, WrapPrivateKey):
            raise Invalid("本机构的证书不能解密")
        try:
            application = opened_application(payload["box"], key, issuer)
            data = letter_data(self.house, order, application, now)
            letter = await issue_letter(self.house, data, now)
            box = sealed_letter(letter, str(application["reply_certificate"]), order)
        except (DomainError, ValueError, KeyError) as error:
            reason = error.message if isinstance(error, DomainError) else "申请内容不完整"
            self._owe(issuer, {"kind": "guarantee.refused", "order": order, "reason": reason})
            return
        self.state["orders"][order] = {"number": data["number"], "amount": data["amount"], "lot": data["lot"]}
        self._owe(issuer, {"kind": "guarantee.paid", "order": order})
        self._owe(issuer, {"kind": "guarantee.issued", "order": order, "letter": box})

    def _answer_claim(self, payload: Mapping[str, Any]) -> None:
        claim = str(payload["claim"])
        self.state["claims"][claim] = {"number": payload["number"], "amount": payload["amount"]}
        answer = {"kind": "claim.refused", "claim": claim, "reason": "不符合赔付条件"} if self.refuses_claims else \
            {"kind": "claim.paid", "claim": claim}
        self._owe(str(payload["issuer"]), answer)

    def _owe(self, issuer: str, told: dict[str, Any]) -> None:
        self.state["outbox"].append({"issuer": issuer, "body": {"v": 1, "id": str(uuid4()), **told}})

    async def call_back(self, stop: asyncio.Event) -> None:
        """Sends what is owed, in order, each until the platform took it."""
        async with httpx.AsyncClient(timeout=20, verify=trusted_authorities()) as client:
            while not stop.is_set():
                if not self.state["outbox"] or not await self._send(client, self.state["outbox"][0]):
                    await asyncio.sleep(_PAUSE_SECONDS)

    async def _send(self, client: httpx.AsyncClient, owed: dict[str, Any]) -> bool:
        body = json.dumps(owed["body"], ensure_ascii=False).encode()
        channel = f"issuer:{owed['issuer']}"
        headers = {HEADER: sign_callback(self.key, channel, process_now(), body), "Content-Type": "application/json"}
        try:
            answer = await client.post(f"{self.platform}/api/callbacks/issuers/{owed['issuer']}", content=body,
                                       headers=headers)
        except httpx.HTTPError:
            return False
        if answer.status_code == httpx.codes.OK:
            self.state["outbox"].remove(owed)
            self._save()
            return True
        return False
