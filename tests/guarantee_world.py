"""A lot that asks for a deposit, and an issuer of guarantee letters as a program of its own beside the platform."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from bidding.bids.commands.submitting import Seal, submit_bid
from bidding.bids.model import BODY, KINDS, statement_size
from bidding.bids.statement import statement_bytes
from bidding.guarantees.application import SignedLetter
from frontend.cli.client import ApiClient
from frontend.cli.guarantee_work import GuaranteeWork
from frontend.cli.identity import ClientIdentity
from frontend.cli.rehearsal.programs.serving import own_key, public_text
from storage.crypto.demo_pki import DemoPki, Identity, demo_uscc
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.tls import trusted_authorities
from storage.kernel.clock import process_now
from tests.bids_http import signed_in
from tests.bids_world import FIELDS, Client, Person, seal_object
from tests.nodes import ROOT, NodeProcess
from tests.opening_world import Hall
from tests.ports import draw_ports
from tests.waiting import is_up, until
from trading.tenders.tables import Lot

CONTACT = {"name": "李联系", "phone": "0518-85551234"}
_PASSWORD = "issuer"


class IssuerProcess:
    """The issuer's program on a port of its own, with an identity of the demo CA."""

    def __init__(self, name: str, pki: DemoPki, keys: PlatformKeys, platform: str, folder: Path,
                 options: Sequence[str] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.uscc, self.kind = name, demo_uscc(name), "bank"
        self.identity: Identity = pki.issue(organisation=name, uscc=self.uscc, kind="ec-p256", now=process_now())
        signer = folder / "signer.p12"
        signer.write_bytes(self.identity.to_pkcs12(_PASSWORD))
        self.key = own_key(folder / "callback.pem")
        self.port = draw_ports(1)[0]
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / "issuer.log"
        root = folder / "root.pem"
        root.write_text(keys.document.chain[-1].pem)
        self._command = [
            sys.executable, "-m", "frontend.cli.rehearsal.programs.issuer", "--port", str(self.port), "--platform",
            platform, "--key", str(folder / "callback.pem"), "--signer", str(signer), "--password", _PASSWORD,
            "--name", name, "--kind", self.kind, "--state", str(folder / "state.json"), "--root", str(root), *options]
        self.start()

    def start(self) -> None:
        """Launches it, and waits until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, cwd=ROOT, env=dict(os.environ), stdout=log,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        until(lambda: is_up(f"{self.address}/healthz"), told=self.log.read_text)

    @property
    def state(self) -> dict[str, Any]:
        """What it did so far, by its own word."""
        found: dict[str, Any] = httpx.get(f"{self.address}/state", timeout=10, verify=trusted_authorities()).json()
        return found

    @property
    def entry(self) -> dict[str, str]:
        """What the centre enters into the list."""
        return {"name": self.name, "uscc": self.uscc, "kind": self.kind, "address": f"{self.address}/orders",
                "public_key": public_text(self.key), "box_certificate": self.identity.certificate.pem}

    def stop(self) -> None:
        """Ends it."""
        self.process.terminate()
        self.process.wait(20)


class EarlyDesk(GuaranteeWork):
    """Asks for letters from the day before the deadline's on: a hall moves its deadline to now, by a day at most."""

    def application(self, desk: Mapping[str, Any], contact: Mapping[str, str], amends: str | None) -> dict[str, Any]:
        made = super().application(desk, contact, amends)
        return made | {"begin": (date.fromisoformat(made["begin"]) - timedelta(days=1)).isoformat()}


@dataclass
class Guarantees:
    """The lot's people at one node, with an issuer on the list."""

    hall: Hall
    node: NodeProcess
    issuer: IssuerProcess
    listed: dict[str, Any]

    @property
    def lot(self) -> str:
        """The lot's id."""
        return str(self.hall.lot.id)

    def client(self, person: Person) -> ApiClient:
        """Signed in."""
        return signed_in(self.node, person)

    def desk(self, person: Person) -> GuaranteeWork:
        """A bidder at its desk for letters."""
        return EarlyDesk(self.client(person), ClientIdentity.of(person.identities[0]), self.lot)

    def letter(self, person: Person) -> SignedLetter:
        """Applied for, issued, fetched and opened."""
        desk = self.desk(person)
        return desk.letter(desk.apply(self.listed, CONTACT)["number"])


async def ask_for_deposit(hall: Hall, forms: Sequence[str] = ("cash", "bank")) -> None:
    """The lot asks for 200,000 yuan, in these forms."""
    async with hall.world.sessions() as session:
        lot = await session.get_one(Lot, hall.lot.id)
        lot.estimate, lot.deposit, lot.deposit_forms = Decimal(12_000_000), Decimal(200_000), list(forms)
        await session.commit()
    hall.world.lot = lot


def list_issuer(hall: Hall, node: NodeProcess, issuer: IssuerProcess) -> dict[str, Any]:
    """One person of the centre proposes, another approves."""
    proposed = signed_in(node, hall.host).act("/api/guarantee-issuers", issuer.entry)
    decided = signed_in(node, hall.recorder).act(f"/api/guarantee-issuers/{proposed['id']}/decide", {"accepted": True})
    assert decided["status"] == "active"
    return dict(decided)


async def submit_with(hall: Hall, bidder: Person, price: str, letter: SignedLetter | None) -> None:
    """A bid whose opening statement carries the letter."""
    client = Client(hall.world, bidder, hall.store)
    version = await hall.start(client)
    told = statement_bytes({"price": price, "days": "365"}, FIELDS, size=statement_size(hall.lot.deposit),
                           guarantee=letter.to_json() if letter else None)
    for kind in KINDS:
        content = b"%PDF-1.7 bid" if kind == BODY else told
        sealed = seal_object(hall.world, bidder, version, kind, content)
        envelope = await client.open(version, sealed)
        await client.send(envelope, sealed.parts)
        await client.complete(envelope, sealed)
    await hall.uploaded(version)
    await submit_bid(version.id, bidder.actor, hall.world.work(), Seal(hall.keys, hall.settings))
    hall.versions.append(version)
