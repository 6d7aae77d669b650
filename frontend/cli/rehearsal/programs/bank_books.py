"""The bank's books: sub-accounts, moves, orders, and the calls that wait to be told. One JSON file."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from uuid import uuid4

from storage.kernel.clock import from_wire, process_now, shanghai, to_wire

PREFIX = "88"  # the range of numbers that belongs to the deposit account
Move = dict[str, Any]


class BookRefused(Exception):
    """The bank does not book this."""


class Books:
    """Every change is written before it is answered."""

    def __init__(self, path: Path, holder: str, bank: str) -> None:
        self._path, self._holder, self._bank = path, holder, bank
        blank: dict[str, Any] = {"accounts": [], "moves": [], "orders": {}, "calls": [], "refused": []}
        self._state = json.loads(path.read_text(encoding="utf-8")) if path.exists() else blank

    @property
    def waiting(self) -> list[dict[str, Any]]:
        """Calls not yet taken by the platform, in order."""
        return list(self._state["calls"])

    @property
    def refused(self) -> list[dict[str, Any]]:
        """Calls the platform refused for good."""
        return list(self._state["refused"])

    def next_call(self) -> tuple[dict[str, Any], bytes]:
        """The first call that waits, and its bytes: the same each time it is sent."""
        call = self._state["calls"][0]
        return call, json.dumps(call, ensure_ascii=False, sort_keys=True).encode()

    def told(self, call: dict[str, Any], refusal: str) -> None:
        """The platform has taken it, or will not."""
        self._state["calls"].remove(call)
        if refusal:
            self._state["refused"].append({"call": call, "refusal": refusal})
        self._save()

    def take(self, message_id: str, kind: str, order: Mapping[str, Any]) -> str:
        """Carries an order out, once, and answers the acknowledgement's number."""
        known = self._state["orders"].get(message_id)
        if known is None:
            known = f"YH-{secrets.token_hex(6).upper()}"
            self._carry_out(kind, order)
            self._state["orders"][message_id] = known
            self._save()
        return str(known)

    def _carry_out(self, kind: str, order: Mapping[str, Any]) -> None:
        match kind:
            case "deposit.account.open":
                self._open(str(order["account"]))
            case "deposit.refund":
                self._pay_out("refund", order, Decimal(order["principal"]), Decimal(order["interest"]))
            case "deposit.transfer":
                self._pay_out("transfer", order, Decimal(order["amount"]), Decimal(0))
            case _:
                raise BookRefused(f"不受理的指令：{kind}")

    def _open(self, number: str) -> None:
        if number not in self._state["accounts"]:
            self._state["accounts"].append(number)
        self._call("account.opened", account=number, holder=self._holder, bank=self._bank)

    def _pay_out(self, kind: str, order: Mapping[str, Any], principal: Decimal, interest: Decimal) -> None:
        reason = self._objection(kind, order, principal)
        if reason:
            self._call("order.failed", order=order["order"], reason=reason)
            return
        move = self._book(kind, order["account"], order["to_name"], order["to_account"], principal, process_now())
        move["interest"] = f"{interest:.2f}"
        self._call("order.done", order=order["order"], serial=move["serial"], at=move["at"])

    def _objection(self, kind: str, order: Mapping[str, Any], principal: Decimal) -> str:
        """A refund goes to who paid, and nothing leaves that is not there (R-402)."""
        if kind == "refund":
            paid = next((each for each in self._state["moves"] if each["serial"] == order["serial"]), None)
            if paid is None or (paid["name"], paid["counter_account"]) != (order["to_name"], order["to_account"]):
                return "收款人与原付款人不一致"
        return "余额不足" if principal > self._balance(str(order["account"])) else ""

    def receive(self, payment: Mapping[str, Any]) -> str:
        """Money comes to a number of ours; answers the bank's serial."""
        try:
            amount = Decimal(str(payment["amount"]))
            account, name, own = (str(payment[key]) for key in ("account", "payer_name", "payer_account"))
            at = from_wire(str(payment["value_at"])) if payment.get("value_at") else process_now()
        except (KeyError, InvalidOperation, ValueError) as error:
            raise BookRefused(f"转账要素不全：{error}") from error
        if not account.startswith(PREFIX) or amount <= 0:
            raise BookRefused("账号不属于本专户，或金额不合规")
        move = self._book("in", account, name, own, amount, at)
        self._call("payment.received", serial=move["serial"], account=account, payer_name=name, payer_account=own,
                   amount=f"{amount:.2f}", value_at=move["at"])
        self._save()
        return str(move["serial"])

    def state_balance(self, day: str) -> dict[str, Any]:
        """Tells the platform what is held now, in principal."""
        now = process_now()
        balance = f"{self._balance(''):.2f}"
        call = self._call("balance.stated", day=day or shanghai(now).date().isoformat(), at=to_wire(now),
                          balance=balance)
        self._save()
        return {"id": call["id"], "balance": balance}

    def account(self, number: str) -> dict[str, Any]:
        """A sub-account as the bank sees it."""
        return {"account": number, "open": number in self._state["accounts"],
                "balance": f"{self._balance(number):.2f}"}

    def moves(self, account: str) -> list[Move]:
        """Booked moves, of one sub-account or of all."""
        return [each for each in self._state["moves"] if not account or each["account"] == account]

    def _balance(self, number: str) -> Decimal:
        sign = {"in": 1, "refund": -1, "transfer": -1}
        return sum((sign[each["kind"]] * Decimal(each["amount"]) for each in self.moves(number)), Decimal(0))

    def _book(self, kind: str, account: str, name: str, counter: str, amount: Decimal, at: datetime) -> Move:
        move: Move = {"serial": f"{shanghai(at):%Y%m%d}{secrets.randbelow(10**10):010d}", "kind": kind,
                      "account": account, "name": name, "counter_account": counter, "amount": f"{amount:.2f}",
                      "at": to_wire(at)}
        self._state["moves"].append(move)
        return move

    def _call(self, kind: str, **facts: object) -> dict[str, Any]:
        call = {"v": 1, "id": str(uuid4()), "kind": kind, **facts}
        self._state["calls"].append(call)
        return call

    def _save(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._state, ensure_ascii=False), encoding="utf-8")
        fresh.replace(self._path)
