"""A bidder over HTTP and S3 against a real node; and what must hold of every receipt after a fault."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

from bidding.bids.receipt_verification import verify_receipt
from frontend.cli.bid_work import BidWork
from frontend.cli.client import ApiClient
from frontend.cli.identity import ClientIdentity
from tests.bids_world import Person, World
from tests.nodes import NodeProcess

VALUES = {"price": "8730000.00", "days": "365"}


def signed_in(node: NodeProcess, who: Person, *, patience: float = 30.0) -> ApiClient:
    """A client with a session."""
    api = ApiClient(node.address, ClientIdentity.of(who.identities[0]), patience=patience)
    api.login()
    return api


def work_of(node: NodeProcess, world: World, who: Person, folder: Path, *, patience: float = 30.0) -> BidWork:
    """A bidder at work in the world's lot; its state survives in ``folder``."""
    folder.mkdir(exist_ok=True)
    api = signed_in(node, who, patience=patience)
    return BidWork(api, ClientIdentity.of(who.identities[0]), str(world.lot.id), folder / f"{who.party.id}.json")


def paper(folder: Path, size: int = 9_000_000) -> Path:
    """A bid of two parts."""
    path = folder / "bid.pdf"
    path.write_bytes(b"%PDF-1.7" + bytes(range(256)) * (size // 256))
    return path


def query(node: NodeProcess, statement: str) -> Sequence[Any]:
    """Rows straight from the node's database."""
    engine = create_engine(node.settings.database_url)
    try:
        with engine.connect() as connection:
            return connection.execute(text(statement)).all()
    finally:
        engine.dispose()


def require_receipts_stand(node: NodeProcess, work: BidWork, numbers: Sequence[str]) -> None:
    """Each acknowledged receipt exists once, verifies alone, and its ledger entry proves it."""
    found = [number for (number,) in query(node, "select number from receipt order by number")]
    assert found == sorted(set(numbers))
    for number in numbers:
        document = work.receipt(number)
        assert document["proof"] is not None, "the ledger has the act within seconds"
        checked = verify_receipt(document, roots=None, ledger_key=document["proof"]["key"])
        assert checked.is_in_ledger
