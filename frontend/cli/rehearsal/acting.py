"""What a bidder does, each act in a process of its own, over the public interfaces alone."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from bidding.bids.model import TECHNICAL
from frontend.cli.bid_content import content_of
from frontend.cli.bid_release import release_when_open
from frontend.cli.bid_tender import fetch_tender
from frontend.cli.bid_work import BidWork
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from frontend.cli.rehearsal.model import PASSWORD, Bidder, Fate, Security
from storage.crypto.canonical import to_base64
from storage.kernel.clock import from_wire

_CHUNK = 8 << 20


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a bidder sealed and sent; ``body_sha256`` is of the plaintext of the last version."""

    number: int
    bytes: int
    seconds: float
    receipts: tuple[str, ...]
    body_sha256: str
    body_size: int


@contextmanager
def desk(bidder: Bidder) -> Iterator[tuple[ApiClient, ClientIdentity]]:
    """A bidder signed in, with its identity."""
    identity = ClientIdentity.from_pkcs12(bidder.p12, PASSWORD)
    with ApiClient(bidder.server, identity) as api:
        api.login()
        yield api, identity


@contextmanager
def _work(bidder: Bidder, lot: str) -> Iterator[BidWork]:
    with desk(bidder) as (api, identity):
        yield BidWork(api, identity, lot, bidder.folder / "state.json")


def enrol(bidder: Bidder) -> str:
    """Agreement, certificate, data, declaration (A-25); returns the status the platform gives at once."""
    identity = ClientIdentity.from_pkcs12(bidder.p12, PASSWORD)
    with ApiClient(bidder.server, identity) as api:
        api.enrol({
            "name": bidder.name, "uscc": bidder.uscc, "region": "320700", "legal_representative": "演练法定代表人",
            "address": "江苏省连云港市演练路 1 号", "contact": "演练联系人", "phone": "0518-00000000",
            "bank_name": "演练银行连云港分行", "bank_account": f"0000 {bidder.uscc}", "roles": ["bidder"],
        }, api.get("/api/agreement")["version"])
        shown = api.post("/api/me/enrolment/declare")
        return str(shown["party"]["versions"][0]["status"])


def download(bidder: Bidder, lot: str) -> int:
    """Fetches the tender package, every file compared with its digest (A-87); returns the bytes."""
    with desk(bidder) as (api, _):
        files = fetch_tender(api, lot, bidder.folder / "tender")
        return sum(path.stat().st_size for path in files)


def deliver(bidder: Bidder, lot: str) -> Delivered:
    """Seals, uploads, tries the decryption, submits; replaces or withdraws as its fate has it."""
    began, sent, receipts = time.monotonic(), 0, []
    letter = json.loads(bidder.letter.read_text()) if bidder.letter.exists() else None
    with _work(bidder, lot) as work:
        for version in range(1, bidder.versions + 1):
            state = work.send(bidder.files(version), bidder.values(version), letter,
                              price_files=bidder.price_files(version))
            work.trial(state.version)
            sent += sum(each.size for each in state.objects.values())
            if bidder.fate is not Fate.LATE:
                receipts.append(str(work.submit(state.version)["number"]))
                work.path.unlink()
        if bidder.fate is Fate.WITHDRAWS:
            receipts.append(str(work.withdraw()["number"]))
            if bidder.security is Security.CASH:
                work.api.act(f"/api/lots/{lot}/deposit/refund")
        elif bidder.fate is not Fate.LATE:
            work.api.post(f"/api/lots/{lot}/hall/sign-in", {})
    digest, size = digest_of(bidder.files(bidder.versions))
    return Delivered(bidder.number, sent, time.monotonic() - began, tuple(receipts), digest, size)


def digest_of(files: list[Path]) -> tuple[str, int]:
    """SHA-256 and bytes of the body that these files become."""
    content, digest = content_of(files), sha256()
    for offset in range(0, content.size, _CHUNK):
        digest.update(content.read(offset, _CHUNK))
    return digest.hexdigest(), content.size


def submit_late(bidder: Bidder, lot: str) -> list[str]:
    """Submits what was uploaded in time, and begins anew; the numbers of the rules that refuse, none if it went."""
    with _work(bidder, lot) as work:
        versions = work.desk()["bid"]["versions"]
        tries = (f"/api/bid-versions/{versions[0]['id']}/submit", f"/api/lots/{lot}/bid/versions")
        found = []
        for path, body in zip(tries, (None, {"certificate": work.identity.fingerprint}), strict=True):
            try:
                work.api.act(path, body)
                return []
            except ApiError as error:
                found += [rule["number"] for rule in error.rules]
        return found


def keep_receipts(bidder: Bidder, lot: str, receipts: tuple[str, ...], folder: Path) -> list[Path]:
    """Each receipt as JSON with its ledger proof, and as signed PDF."""
    with _work(bidder, lot) as work:
        return [path for number in receipts for path in work.save_receipt(number, folder)]


def release(bidder: Bidder, lot: str, roots: frozenset[str]) -> float:
    """Checks the opening notice, and releases; returns the instant of the answer (seconds since the epoch)."""
    with desk(bidder) as (api, identity):
        release_when_open(api, identity, lot, roots=roots, patience=60)
        return from_wire(api.get("/api/time")["now"]).timestamp()


def object_to(bidder: Bidder, lot: str, text: str) -> str:
    """Raises an objection in the hall (R-109); returns its id."""
    with desk(bidder) as (api, _):
        return str(api.act(f"/api/lots/{lot}/hall/objections", {"text": text})["id"])


def confirm(bidder: Bidder, lot: str) -> None:
    """Signs the bidder's own announced line (R-510); raises ``ValueError`` where it is not what was sealed.

    Before the second opening of two envelopes nobody's line has a price.
    """
    with desk(bidder) as (api, identity):
        hall: dict[str, Any] = api.get(f"/api/lots/{lot}/hall")
        row = next(row for row in hall["announced"]["rows"] if row["bid"] == hall["me"]["bid"])
        sealed = hall["lot"]["two_envelopes"] and hall["envelope"] == TECHNICAL
        if row["price"] != (None if sealed else bidder.values(bidder.versions)["price"]):
            raise ValueError(f"{bidder.name}：唱标报价 {row['price']} 不是所密封的报价")
        signature = identity.sign(b"ebid/1 confirm\0" + bytes.fromhex(row["row_sha256"]))
        api.act(f"/api/lots/{lot}/hall/confirmation",
                {"row_sha256": row["row_sha256"], "signature": to_base64(signature)})


def read_back(bidder: Bidder, bid: str) -> tuple[str, int]:
    """The opened body as the platform decrypts it on the fly: SHA-256 and bytes."""
    with desk(bidder) as (api, _):
        data = api.get_bytes(f"/api/bids/{bid}/body")
        return sha256(data).hexdigest(), len(data)
