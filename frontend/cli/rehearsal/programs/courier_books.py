"""The courier's books: parcels by the platform's order number, their way, and the calls that wait. One JSON file."""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from storage.kernel.clock import from_wire, process_now, to_wire

WAY = ("accepted", "collected", "in_transit", "delivering", "signed")
PLACES = {"accepted": "连云港海州营业部", "collected": "连云港海州营业部", "in_transit": "连云港转运中心",
          "delivering": "收件地营业部", "signed": "收件地址"}


class ParcelRefused(Exception):
    """The courier does not carry this."""


class Parcels:
    """Every change is written before it is answered. ``pace``: seconds from one stop to the next; 0 stands still."""

    def __init__(self, path: Path, pace: float) -> None:
        self._path, self._pace = path, pace
        blank: dict[str, Any] = {"orders": {}, "parcels": {}, "calls": [], "refused": []}
        self._state = json.loads(path.read_text(encoding="utf-8")) if path.exists() else blank

    @property
    def waiting(self) -> int:
        """How many calls the platform has not taken."""
        return len(self._state["calls"])

    @property
    def refused(self) -> list[dict[str, Any]]:
        """Calls the platform refused for good."""
        return list(self._state["refused"])

    def take(self, message_id: str, kind: str, order: Mapping[str, Any]) -> str:
        """Takes a parcel on, once, and answers the acknowledgement's number."""
        if kind != "courier.order":
            raise ParcelRefused(f"不受理的指令：{kind}")
        if message_id not in self._state["orders"]:
            number = str(order["order"])
            if not all(str(order.get(each) or "").strip() for each in ("recipient", "phone", "address")):
                raise ParcelRefused("收件信息不全")
            self._state["parcels"][number] = {"waybill": f"YK{secrets.randbelow(10**12):012d}", "status": "",
                                              "recipient": order["recipient"], "address": order["address"],
                                              "contents": order["contents"], "moved_at": to_wire(process_now())}
            self._state["orders"][message_id] = f"KD-{secrets.token_hex(6).upper()}"
            self._move(number, WAY[0])
        return str(self._state["orders"][message_id])

    def parcel(self, number: str) -> dict[str, Any]:
        """One parcel; raises ``ParcelRefused``."""
        if number not in self._state["parcels"]:
            raise ParcelRefused("没有这张快递单")
        return dict(self._state["parcels"][number])

    def move(self, number: str, status: str) -> dict[str, Any]:
        """Moves a parcel by hand."""
        self.parcel(number)
        if status not in (*WAY, "returned"):
            raise ParcelRefused("没有这个状态")
        self._move(number, status)
        return self.parcel(number)

    def pass_time(self, now: datetime) -> None:
        """Moves every parcel whose next stop is due."""
        for number, parcel in self._state["parcels"].items() if self._pace else ():
            place = WAY.index(parcel["status"]) if parcel["status"] in WAY else len(WAY)
            is_due = (now - from_wire(parcel["moved_at"])).total_seconds() >= self._pace
            if place + 1 < len(WAY) and is_due:
                self._move(number, WAY[place + 1])

    def _move(self, number: str, status: str) -> None:
        parcel, at = self._state["parcels"][number], to_wire(process_now())
        parcel["status"], parcel["moved_at"] = status, at
        self._state["calls"].append({
            "v": 1, "id": str(uuid4()), "kind": "courier.status", "order": number, "waybill": parcel["waybill"],
            "status": status, "at": at, "place": PLACES.get(status, ""),
            "signed_by": parcel["recipient"] if status == "signed" else ""})
        self._save()

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

    def _save(self) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._state, ensure_ascii=False), encoding="utf-8")
        fresh.replace(self._path)
