"""Enterprises for tests over HTTP: certificates of the demo CAs, clients that hold them, staff appointed beforehand."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from frontend.cli.client import ApiClient
from frontend.cli.identity import ClientIdentity
from storage.crypto.authority import KeyKind
from storage.crypto.demo_pki import DemoPki, demo_uscc, open_demo_pki
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.clock import process_now
from trading.parties.model import AGREEMENT_VERSION
from trading.parties.seed import BODIES, demo_identity, enrol_demo_body
from trading.trust.folder import TrustFolder


def declared(name: str, /, **changes: Any) -> dict[str, Any]:
    """A complete declaration of an enterprise of that name."""
    return {"name": name, "uscc": demo_uscc(name), "region": "320700", "legal_representative": "王法人",
            "address": "连云港市海州区朝阳路 1 号", "contact": "李联系", "phone": "0518-85551234",
            "bank_name": "工商银行连云港分行", "bank_account": "1107 0201 0900 0123 456", "roles": ["bidder"]} | changes


@dataclass(frozen=True)
class People:
    """Whoever speaks to one node: certificates are issued as asked, clients hold them."""

    address: str
    pki: DemoPki
    folder: Path

    def identity(self, name: str, *, kind: KeyKind = "ec-p256", days: int = 825, uscc: str | None = None,
                 age: timedelta = timedelta()) -> ClientIdentity:
        """A fresh certificate, issued ``age`` ago for ``days``, to the enterprise of that name."""
        return ClientIdentity.of(self.pki.issue(organisation=name, uscc=uscc or demo_uscc(name), kind=kind,
                                                now=process_now() - age, days=days))

    def client(self, identity: ClientIdentity | None = None) -> ApiClient:
        """A client, not signed in."""
        return ApiClient(self.address, identity, patience=5)

    def enrolled(self, name: str, /, *, certificate_name: str | None = None, **changes: Any) -> ApiClient:
        """A client that has begun to enrol: signed in, with a draft."""
        client = self.client(self.identity(certificate_name or name, uscc=demo_uscc(name)))
        client.enrol(declared(name, **changes), AGREEMENT_VERSION)
        return client

    def verified(self, name: str, /, **changes: Any) -> ApiClient:
        """A client of an enterprise that is enrolled and verified."""
        client = self.enrolled(name, **changes)
        client.post("/api/me/enrolment/declare")
        return client

    def waiting(self, name: str, /, **changes: Any) -> ApiClient:
        """A client of an enterprise whose declaration waits for the centre: its certificate bears another name."""
        client = self.enrolled(name, certificate_name=f"{name}（原名）", **changes)
        client.post("/api/me/enrolment/declare")
        return client

    def staff(self, file: str) -> ApiClient:
        """A client of a demo body that ``make_people`` enrolled: host, supervisor, security, auditor, and so on."""
        body = next(each for each in BODIES if each.file == file)
        client = self.client(ClientIdentity.of(demo_identity(body, self.pki, self.folder, process_now())))
        client.login()
        return client


def make_people(settings: Settings, address: str) -> People:
    """Opens the demo CAs in the node's trust folder and enrols the demo's staff."""
    folder = settings.key_directory.parent / "demo"
    people = People(address, open_demo_pki(settings.key_directory, settings.trust_directory, now=process_now()), folder)
    asyncio.run(_enrol_staff(settings, people))
    return people


async def _enrol_staff(settings: Settings, people: People) -> None:
    engine = make_engine(settings)
    await TrustFolder(settings.trust_directory).prepare(lambda: Work(make_sessions(engine)))
    for body in BODIES:
        if body.is_staff:
            await enrol_demo_body(body, demo_identity(body, people.pki, people.folder, process_now()),
                                  Work(make_sessions(engine)))
    await engine.dispose()
