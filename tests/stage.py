"""A platform with its demo identities, and a published rehearsal lot, all through the public interface."""

import time
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from frontend.cli.client import ApiClient
from frontend.cli.identity import ClientIdentity
from storage.crypto.tls import trusted_authorities
from storage.kernel.clock import from_wire, process_now
from trading.parties.seed import PASSWORD

NOTICE = {"location": "连云港市海州区", "duration": "365日历天", "quality": "合格", 
          "scope": "道路、排水、照明全部施工内容",
          "qualification": "市政公用工程施工总承包二级及以上", "consortium": "不接受", "contact": "张工，0518-80000000"}
FIELDS = [{"key": "price", "label": "投标总价", "kind": "money", "required": True},
          {"key": "duration", "label": "工期", "kind": "days", "required": True},
          {"key": "manager", "label": "项目负责人", "kind": "text", "required": True}]
METHOD = {
    "announced_fields": FIELDS, "bid_parts": [{"number": "1", "title": "投标函", "required": True}],
    "review_items": [{"number": "1", "title": "资质", "stage": "qualification", "standard": "符合公告"}],
    "scoring_items": [{"number": "2", "title": "报价", "lowest": "0", "highest": "100", "standard": "按公式",
                       "group": "price", "objective": True}],
    "price_formula": {"number": "R-311", "above": "2", "below": "1", "weight": "60", "drops_extremes": True}}


def slowness(seconds: float) -> float:
    """How much longer than on a free machine people need here, who did in so many seconds what takes one."""
    return min(max(seconds, 1), 2.5)


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


@dataclass
class Stage:
    """One platform with its demo identities."""

    address: str
    folder: Path
    clients: dict[str, ApiClient] = field(default_factory=dict)

    def client(self, name: str) -> ApiClient:
        """A signed-in program line for a demo identity."""
        if name not in self.clients:
            identity = ClientIdentity.from_pkcs12(self.folder / f"{name}.p12", PASSWORD)
            self.clients[name] = ApiClient(self.address, identity, http=httpx.Client(
                timeout=120, headers={"User-Agent": "yunkai-stage"}, verify=trusted_authorities()))
            self.clients[name].login()
        return self.clients[name]

    def party(self, name: str) -> str:
        """The party id of a demo identity."""
        return str(self.client(name).get("/api/me")["party"]["id"])

    def publish_lot(self, opens_in: timedelta, kind: str = "rehearsal-quick", notice: str = "tender",
                    **changed: object) -> dict[str, Any]:
        """A lot on its way to the hour: planned, documented, signed, noticed, verified, published.

        The hour comes ``opens_in`` from now, later where the machine is busy.
        """
        began = time.monotonic()
        tenderee, agency, host = self.client("tenderee"), self.client("agency"), self.client("host")
        project = tenderee.post("/api/projects", {
            "name": "海州区朝阳路改造", "approval": "海发改〔2026〕9号", "rehearsal": True, "funding": "财政资金",
            "agency_id": self.party("agency")})
        below = tenderee.post(f"/api/projects/{project['id']}/tender-projects",
                              {"name": "朝阳路改造施工", "trade_kind": kind})
        opens_in *= slowness(time.monotonic() - began)
        now = process_now()
        lot = tenderee.post(f"/api/tender-projects/{below['id']}/lots", {
            "title": "朝阳路改造一标段", "content": "道路三公里", "estimate": "12000000", "price_limit": "10000000",
            "documents_from": _wire(now + timedelta(seconds=3)), "documents_until": _wire(now + opens_in * 0.9),
            "deadline_at": _wire((now + opens_in).replace(microsecond=0)), "opening_place": "网上开标大厅",
            "host_id": self.party("host"), "recorder_id": self.party("deputy"), "k": 2, "sign_in_minutes": 60,
            "custodians": [{"party_id": self.party(name)} for name in ("tenderee", "agency", "supervisor")],
            **METHOD, **changed})
        for path in (f"projects/{project['id']}", f"tender-projects/{below['id']}", f"lots/{lot['id']}"):
            tenderee.post(f"/api/{path}/submit")
        self._sign_document(lot["id"])
        made = agency.post(f"/api/lots/{lot['id']}/notices", {"kind": notice, "fields": NOTICE})
        path = f"/api/notices/{made['id']}"
        agency.post(f"{path}/submit")
        tenderee.post(f"{path}/review", {"accepted": True})
        host.post(f"{path}/verify", {"accepted": True})
        host.post(f"{path}/publish", {})
        return self._when_on_offer(lot["id"])

    def wait_for_hour(self, lot: dict[str, Any]) -> None:
        """Until the deadline of a lot that ``publish_lot`` gave, however late it had to be set."""
        time.sleep(max(0.0, (from_wire(lot["deadline_at"]) - process_now()).total_seconds()))

    def _when_on_offer(self, lot_id: str) -> dict[str, Any]:
        """The lot, once its documents are handed out."""
        while not (lot := dict(self.client("tenderee").get(f"/api/lots/{lot_id}")))["documents_are_on_offer"]:
            time.sleep(0.2)
        return lot

    def _sign_document(self, lot_id: str) -> None:
        tenderee = self.client("tenderee")
        path = f"/api/lots/{lot_id}/document"
        tenderee.put(path, {"fields": {}})
        tenderee.post(f"{path}/render")
        identity = tenderee.identity
        assert identity is not None
        prepared = tenderee.post(f"{path}/signature/prepare", {"certificate": identity.certificate.pem})
        signature = b64encode(identity.sign(b64decode(prepared["to_sign"]))).decode()
        tenderee.post(f"{path}/signature/complete", {"signature": signature})
