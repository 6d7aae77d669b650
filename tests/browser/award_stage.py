"""A lot whose ranking was received, and an issuer of letters beside the platform, for browsers to stand before."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from storage.crypto.demo_pki import open_demo_pki
from storage.crypto.platform_keys import load_platform_keys
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.actor import PLATFORM
from storage.kernel.clock import process_now
from storage.kernel.identifiers import new_id
from tests.browser.hall_stage import Stage
from tests.guarantee_world import IssuerProcess
from trading.awards.model import RankedBid
from trading.awards.receiving import receive_ranking
from trading.tenders.life import Passage, advance
from trading.tenders.model import Act
from trading.tenders.model import Stage as LotStage
from trading.tenders.queries import lock_lot

BIDDERS = ("bidder-1", "bidder-2", "bidder-3")
_PRICES = ("8730000.00", "8800000.00", "8990000.00")
_VALUES = {"price": "8730000.00", "duration": "365", "manager": "李工"}


def receive(settings: Settings, stage: Stage, lot_id: str) -> None:
    """The lot is brought to the end of its evaluation by hand; the ranking arrives as evaluation brings it."""
    own = [stage.client(name).get("/api/me")["party"] for name in BIDDERS]
    rows = [RankedBid(new_id(), UUID(party["id"]), party["name"], party["uscc"], Decimal(_PRICES[place]),
                      Decimal(95 - place), place + 1, None, _VALUES) for place, party in enumerate(own)]
    with ThreadPoolExecutor(1) as aside:
        aside.submit(asyncio.run, _receive(settings, UUID(lot_id), rows)).result()


async def _receive(settings: Settings, lot_id: UUID, rows: list[RankedBid]) -> None:
    engine = make_engine(settings)
    async with Work(make_sessions(engine)) as uow:
        lot = await lock_lot(uow, lot_id)
        lot.stage = advance(LotStage.EVALUATING, Act.END_EVALUATION, Passage(now=await uow.now()))
        await receive_ranking(uow, lot, rows, PLATFORM)
        await uow.commit()
    await engine.dispose()


@contextmanager
def issuer_on_the_list(settings: Settings, stage: Stage, folder: Path) -> Iterator[dict[str, Any]]:
    """The issuer's own program; two persons of the centre have put it on the list."""
    pki = open_demo_pki(settings.key_directory, settings.trust_directory, now=process_now())
    keys = load_platform_keys(settings.key_directory, name=settings.platform_name, now=process_now())
    issuer = IssuerProcess("演示海州银行", pki, keys, stage.address, folder)
    try:
        proposed = stage.client("host").post("/api/guarantee-issuers", issuer.entry)
        yield dict(stage.client("deputy").post(f"/api/guarantee-issuers/{proposed['id']}/decide", {"accepted": True}))
    finally:
        issuer.stop()
