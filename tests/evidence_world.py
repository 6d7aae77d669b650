"""What strangers hold after an opening, as files: a receipt, the signed record, the exported lot, and whom to trust."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import select

from bidding.bids.receipt_pdf import receipt_pdf
from bidding.bids.tables import Receipt
from bidding.opening.commands.periods import close_window
from bidding.opening.commands.recording import read_pdf
from bidding.opening.tables import Opening
from storage.crypto.tsa import EmbeddedAuthority
from storage.ledger.checkpoints import verifier_key
from storage.ledger.proofs import sealed_proof
from tests.opening_world import Hall


@dataclass(frozen=True)
class Evidence:
    """The files of one folder; ``key`` is the log's verifier key, ``root`` the platform's root as a PEM file."""

    folder: Path
    key: str

    @property
    def receipt(self) -> Path:
        """JSON."""
        return self.folder / "receipt.json"

    @property
    def receipt_pdf(self) -> Path:
        """The same for people."""
        return self.folder / "receipt.pdf"

    @property
    def bundle(self) -> Path:
        """JSON; of three bids two were opened."""
        return self.folder / "lot.json"

    @property
    def record(self) -> Path:
        """PDF, signed by host, recorder and platform; the record's JSON and its proof are inside."""
        return self.folder / "record.pdf"

    @property
    def root(self) -> Path:
        """PEM."""
        return self.folder / "root.pem"

    @property
    def trust(self) -> Path:
        """A trust list as a folder: the demo's CAs and the platform's own."""
        return self.folder / "trust"

    @property
    def anchors(self) -> list[str]:
        """What a stranger brings along to the command line."""
        return ["--key", self.key, "--root", str(self.root), "--trust", str(self.trust)]

    def documents(self) -> dict[str, dict[str, Any]]:
        """The JSON evidence, read."""
        return {path.stem: json.loads(path.read_text()) for path in (self.receipt, self.bundle)}


async def gather_evidence(hall: Hall, folder: Path) -> Evidence:
    """Opens the hall's lot without its last bidder, and keeps what the public gets."""
    key = verifier_key(f"yunkai/{hall.settings.platform_id}", hall.keys.checkpoint.public_key())
    evidence = Evidence(folder, key)
    await hall.begin()
    await hall.worker.stamp()
    await hall.release_all(hall.world.bidders[:-1])
    await hall.end_window()
    await close_window(hall.lot.id, hall.world.work())
    await hall.conclude(await hall.announce())
    await hall.publish()
    evidence.bundle.write_text(_compact(await hall.bundle()))
    await _write_papers(hall, evidence)
    evidence.root.write_text("".join(each.pem for each in hall.keys.roots))
    evidence.trust.mkdir()
    for file in hall.settings.trust_directory.iterdir():
        if file.suffix in (".pem", ".crl"):
            (evidence.trust / file.name).write_bytes(file.read_bytes())
    (evidence.trust / "platform.pem").write_bytes(evidence.root.read_bytes())
    for number, listed in enumerate(hall.keys.crls):
        (evidence.trust / f"platform-{number}.crl").write_bytes(listed)
    return evidence


def _compact(document: dict[str, Any]) -> str:
    """As the platform gives it out: no blanks."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


async def _write_papers(hall: Hall, evidence: Evidence) -> None:
    async with hall.world.sessions() as session:
        opening = await session.get_one(Opening, hall.lot.id)
        receipt = (await session.scalars(select(Receipt).order_by(Receipt.number).limit(1))).one()
        proof = await sealed_proof(session, receipt.act_id, evidence.key)
    document = {"number": receipt.number, "kind": receipt.kind, "body": receipt.body, "signature": receipt.signature,
                "proof": cast(dict[str, Any], proof)}
    evidence.receipt.write_text(_compact(document))
    evidence.record.write_bytes(await read_pdf(hall.store, opening.record_pdf_key or ""))
    evidence.receipt_pdf.write_bytes(await receipt_pdf(receipt, hall.store, hall.keys, hall.settings,
                                                       EmbeddedAuthority(hall.keys.timestamp)))
