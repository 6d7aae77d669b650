"""A hall for tests: three sealed bids submitted for real, host and recorder, custodians who release."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select, update

from bidding.bids.checking import CheckWorker
from bidding.bids.commands.submitting import Seal, submit_bid
from bidding.bids.model import ENVELOPES, envelope_of, kinds_asked
from bidding.bids.tables import BidVersion
from bidding.opening.answers import hall_answer
from bidding.opening.bundle import Shelf, lot_bundle
from bidding.opening.commands.attending import Confirm, confirm
from bidding.opening.commands.closing import close_bidding
from bidding.opening.commands.hosting import announce, close_objections, open_objections
from bidding.opening.commands.periods import NextStep, begin_decryption
from bidding.opening.commands.recording import (
    Desk,
    PrepareSignature,
    SignRecord,
    conclude,
    prepare_signature,
    sign_record,
)
from bidding.opening.commands.releasing import (
    BidderPart,
    ReleaseBid,
    ReleaseShares,
    SharePart,
    SharesTaken,
    release_bid,
    release_shares,
)
from bidding.opening.parts import SealedSecret
from bidding.opening.queries import view_hall
from bidding.opening.release_signing import release_bytes, sealed_parts
from bidding.opening.release_work import release_work
from bidding.opening.statements import confirmation_bytes
from bidding.opening.tables import DecryptionPeriod, OpenedBid, Opening
from bidding.opening.worker import OpeningWorker
from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.demo_pki import Identity
from storage.crypto.envelope import Recipient
from storage.crypto.export_seal import seal_export
from storage.crypto.header import Header, read_header
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys
from storage.crypto.session_key import session_public_key
from storage.crypto.tsa import EmbeddedAuthority
from storage.crypto.wraps import seal_release, unwrap
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.kernel.actor import PUBLIC, Actor
from storage.kernel.clock import process_now
from storage.kernel.errors import RulesUnmet, Unavailable
from storage.ledger.queries import feed
from storage.ledger.sequencer import Sequencer
from storage.ledger.tables import LedgerOutbox
from storage.objects.store import ObjectStore
from tests.bids_world import Client, Founder, Person, World, found_world, seal_object, statement
from tests.waiting import eventually
from trading.tenders.queries import lots_open_for_bids
from trading.tenders.tables import Lot

PRICES = ("8730000.00", "8500000.50", "8990000.00")


def parts_for(work: dict[str, Any], identity: Identity) -> list[dict[str, Any]]:
    """What a client does with release-work: unwrap with its key, re-wrap to the session key."""
    point, half, parts = from_base64(work["session_key"], "session_key"), identity.recipient, []
    for item in work["items"]:
        header = read_header(item["header"].encode())
        suite = header.ctx.algorithms
        wrap = next(each for each in header.wraps_for(work["role"]) if each.cert == half.certificate.tag)
        secret = unwrap(wrap, half.key, header.ctx.ch, suite)
        session = session_public_key(point, suite)
        sealed = seal_release(secret, session, role=work["role"], index=wrap.index, ch=header.ctx.ch)
        parts.append({"bid": item["bid"], "kind": item["kind"], "i": wrap.index, **sealed.to_json()})
    return parts


def signed_release(parts: list[dict[str, Any]], identity: Identity, *, remedy: bool = False) -> ReleaseBid:
    """A bidder's release, signed by that identity."""
    signature = identity.sign(release_bytes(parts[0]["bid"], sealed_parts(parts), remedy=remedy))
    made = [BidderPart(each["kind"], each["i"], each["enc"], each["ct"],
                       SealedSecret(**each["custody"]) if "custody" in each else None) for each in parts]
    return ReleaseBid(made, remedy, to_base64(signature))


@dataclass
class Hall:
    """A lot with submitted bids, and everyone who acts in its hall."""

    world: World
    settings: Settings
    store: ObjectStore
    keys: PlatformKeys
    host: Person
    recorder: Person
    versions: list[BidVersion] = field(default_factory=list)

    @property
    def lot(self) -> Lot:
        return self.world.lot

    @property
    def worker(self) -> OpeningWorker:
        """A node's worker, driven round by round."""
        return OpeningWorker(works=self.world.work, settings=self.settings, store=self.store, keys=self.keys,
                             authority=EmbeddedAuthority(self.keys.timestamp))

    @property
    def desk(self) -> Desk:
        return Desk(self.settings, self.store, self.keys, EmbeddedAuthority(self.keys.timestamp))

    async def submit(self, bidder: Person, price: str, body: bytes = b"%PDF-1.7 bid",
                     keepers: list[Recipient] | None = None, spoil: Callable[[Header], Header] = lambda header: header,
                     ) -> BidVersion:
        """Seals, uploads, is checked, submits; ``keepers``, ``spoil``: wrong on purpose, see ``seal_object``."""
        version = await self.upload(bidder, price, body, keepers, spoil)
        await submit_bid(version.id, bidder.actor, self.world.work(), Seal(self.keys, self.settings))
        self.versions.append(version)
        return version

    async def upload(self, bidder: Person, price: str, body: bytes = b"%PDF-1.7 bid",
                     keepers: list[Recipient] | None = None, spoil: Callable[[Header], Header] = lambda header: header,
                     ) -> BidVersion:
        """As far as 已上传未提交."""
        client = Client(self.world, bidder, self.store)
        version = await self.start(client)
        for kind in kinds_asked(self.lot.two_envelopes):
            plain = body if kind in ENVELOPES else statement(price, self.lot, envelope_of(kind))
            sealed = seal_object(self.world, bidder, version, kind, plain, keepers, spoil)
            envelope = await client.open(version, sealed)
            await client.send(envelope, sealed.parts)
            await client.complete(envelope, sealed)
        await self.uploaded(version)
        return version

    async def start(self, client: Client) -> BidVersion:
        """A draft. Where the deadline is far, it will be moved here by hand; its seals then name a time that has come
        when the hall is opened, as if it had been extended: a stranger believes no opening before the time in a seal.
        """
        deadline = self.lot.deadline_at
        if deadline is None or deadline - process_now() < timedelta(minutes=10):
            return await client.start()
        for seconds in (2, 8, 30):  # as near as this machine can begin a draft before it
            await self.world.set_deadline(process_now() + timedelta(seconds=seconds))
            version = None
            with suppress(RulesUnmet):
                version = await client.start()
            await self.world.set_deadline(deadline)
            if version is not None:
                return version
        raise TimeoutError("a draft takes longer than half a minute to begin")

    async def uploaded(self, version: BidVersion) -> None:
        """Waits until the platform has read both objects back."""
        async def uploaded() -> bool:
            async with self.world.sessions() as session:
                return await session.scalar(
                    select(BidVersion.status).where(BidVersion.id == version.id)) == "uploaded"
        await eventually(uploaded)

    async def hour_comes(self) -> None:
        """T is now, which is no earlier than what any seal names."""
        named = max((version.opens_at for version in self.versions), default=process_now())
        left = (named - process_now()).total_seconds()
        assert left < 60, f"a seal names an hour that is {left:.0f} s away: begin drafts with Hall.start"
        await asyncio.sleep(max(0.0, left))
        await self.world.close()

    async def close(self) -> bool:
        """T is now, and the bidding is closed."""
        await self.hour_comes()
        return await close_bidding(self.lot.id, self.world.work(), self.keys)

    async def begin(self) -> None:
        """Closes the bidding and opens the decryption window."""
        assert await self.close()
        await self.begin_now()

    async def begin_now(self) -> None:
        """Opens the decryption window of a hall that is closed."""
        await begin_decryption(self.lot.id, NextStep("frozen"), self.host.actor, self.world.work())

    async def end_window(self) -> None:
        """The decryption window is over now: moved by hand, as no act of the platform can."""
        async with self.world.sessions() as session:
            await session.execute(update(DecryptionPeriod).where(DecryptionPeriod.opening_id == self.lot.id).values(
                opens_at=process_now() - timedelta(seconds=2), closes_at=process_now()))
            await session.commit()

    async def end_confirmations(self) -> None:
        """The time for confirmations is over now, by hand."""
        async with self.world.sessions() as session:
            await session.execute(update(Opening).where(Opening.lot_id == self.lot.id).values(
                confirmations_until=process_now()))
            await session.commit()

    async def change_lot(self, **values: Any) -> None:
        """Changes the lot's row by hand."""
        async with self.world.sessions() as session:
            lot = await session.get_one(Lot, self.lot.id)
            for name, value in values.items():
                setattr(lot, name, value)
            await session.commit()
        self.world.lot = lot

    async def entries(self, *actions: str) -> list[tuple[str, dict[str, Any]]]:
        """Action and payload of the lot's open acts so far, numbered or not, in order."""
        async with self.world.sessions() as session:
            # One snapshot for both reads: the sequencer may number an entry between them.
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            waiting = (await session.execute(select(LedgerOutbox.action, LedgerOutbox.payload).where(
                LedgerOutbox.stream == f"lot:{self.lot.id}", LedgerOutbox.sealed.is_(False)).order_by(
                    LedgerOutbox.id))).all()
            numbered = await feed(session, {"public"}, stream=f"lot:{self.lot.id}")
        found = [(json.loads(item["entry"])["action"], cast(dict[str, Any], item["payload"])) for item in numbered]
        found += [(action, json.loads(payload)) for action, payload in waiting]
        return [item for item in found if not actions or item[0] in actions]

    async def snapshot(self, actor: Actor = PUBLIC) -> dict[str, Any]:
        """The hall as this actor sees it."""
        async with self.world.sessions() as session:
            return hall_answer(await view_hall(session, self.lot.id, actor))

    async def work_of(self, person: Person) -> dict[str, Any]:
        """release-work."""
        async with self.world.sessions() as session:
            return await release_work(session, self.lot.id, person.actor)

    async def release_bid(self, bidder: Person, identity: Identity | None = None) -> OpenedBid:
        """A bidder's one click."""
        who = identity or bidder.identities[0]
        command = signed_release(parts_for(await self.work_of(bidder), who), who)
        return await release_bid(self.lot.id, command, bidder.actor, self.world.work(), self.keys)

    async def release_shares(self, custodian: Person) -> SharesTaken:
        """A custodian's one click."""
        parts = parts_for(await self.work_of(custodian), custodian.identities[0])
        command = ReleaseShares([SharePart(UUID(each["bid"]), each["kind"], each["enc"], each["ct"]) for each in parts])
        return await release_shares(self.lot.id, command, custodian.actor, self.world.work(), self.keys)

    async def release_all(self, bidders: Sequence[Person] | None = None) -> None:
        """Two custodians and every bidder release; the worker opens what it can."""
        for custodian in self.world.custodians[:2]:
            await self.release_shares(custodian)
        for bidder in self.world.bidders if bidders is None else bidders:
            await self.release_bid(bidder)
        while await self.worker.decrypt():
            pass

    async def announce(self) -> list[dict[str, Any]]:
        """All prices at once; gives the rows."""
        await announce(self.lot.id, NextStep("decrypting"), self.host.actor, self.world.work(),
                       self.keys)
        rows: list[dict[str, Any]] = (await self.snapshot())["announced"]["rows"]
        return rows

    async def conclude(self, rows: list[dict[str, Any]]) -> None:
        """Objections are heard, every opened bidder confirms, the record is drawn up."""
        work, lot_id, host = self.world.work, self.lot.id, self.host.actor
        await open_objections(lot_id, NextStep("announced"), host, work())
        await close_objections(lot_id, NextStep("objections"), host, work())
        people = {each.party.name: each for each in self.world.bidders}
        for row in rows:
            if row["state"] == "decrypted":
                bidder = people[row["name"]]
                signature = bidder.identities[0].sign(confirmation_bytes(row["row_sha256"]))
                await confirm(lot_id, Confirm(row["row_sha256"], to_base64(signature)), bidder.actor, work())
        await conclude(lot_id, NextStep("confirming"), host, work(), self.settings)

    async def publish(self) -> None:
        """Host and recorder sign; the second signature publishes."""
        await self.sign_record(self.host, "host")
        await self.sign_record(self.recorder, "recorder")

    async def bundle(self) -> dict[str, Any]:
        """The exported lot, once a checkpoint covers its record, as it leaves through JSON."""
        async def bundled() -> Any:
            async with self.world.sessions() as session:
                with suppress(Unavailable):
                    return await lot_bundle(Shelf(session, self.store, self.keys, self.settings), self.lot.id)
            return None
        found: dict[str, Any] = json.loads(json.dumps(await eventually(bundled)))
        return found

    def resealed(self, bundle: dict[str, Any]) -> dict[str, Any]:
        """A changed bundle under the platform's own seal: what is refused of it, other evidence refuses."""
        rest = {name: value for name, value in bundle.items() if name != "seal"}
        return seal_export(rest, self.keys.document, process_now())

    async def prepared(self, person: Person, capacity: str) -> bytes:
        """What the person is to sign of the record, once a checkpoint covers it."""
        command = PrepareSignature(capacity)  # type: ignore[arg-type]

        async def prepared() -> bytes | None:
            with suppress(Unavailable):
                return (await prepare_signature(
                    self.lot.id, command, person.actor, self.world.work, self.desk)).to_sign
            return None
        found = await eventually(prepared)
        assert found is not None
        return found

    async def sign_record(self, person: Person, capacity: str) -> None:
        """Prepares and signs, as a client with its own key does."""
        to_sign = await self.prepared(person, capacity)
        signature = to_base64(person.identities[0].sign(to_sign))
        await sign_record(self.lot.id, SignRecord(capacity, signature), person.actor,  # type: ignore[arg-type]
                          self.world.work(), self.desk)


async def found_hall(sessions: Sessions, settings: Settings, store: ObjectStore, bidders: int = 3,
                     suite: int = 1) -> Hall:
    """A lot with a host and a recorder of the centre, no bid yet; the price limit is nine million."""
    folders = settings.key_directory.parent / "ca", settings.trust_directory
    world = await found_world(sessions, *folders, bidders=bidders, suite=suite)
    founder = Founder(sessions, *folders)
    host = await founder.person("连云港交易中心主持席", staff=("centre",))
    recorder = await founder.person("连云港交易中心记录席", staff=("centre",))
    async with sessions() as session:
        lot = await session.get_one(Lot, world.lot.id)
        lot.host_id, lot.recorder_id = host.party.id, recorder.party.id
        lot.price_limit, lot.objection_minutes = Decimal(9_000_000), 0
        await session.commit()
    world.lot = lot
    keys = load_platform_keys(settings.key_directory, name=settings.platform_name, now=process_now())
    return Hall(world, settings, store, keys, host, recorder)


@asynccontextmanager
async def background(hall: Hall) -> AsyncIterator[None]:
    """Sequencer and upload checks, as a node runs them."""
    async def lots_are_open() -> bool:
        async with hall.world.sessions() as session:
            return await lots_open_for_bids(session)

    stop = asyncio.Event()
    checks = CheckWorker(hall.world.sessions, hall.world.work, hall.store, EmbeddedAuthority(hall.keys.timestamp))
    sequencer = Sequencer(hall.settings.database_url, hall.keys.checkpoint, f"yunkai/{hall.settings.platform_id}",
                          lots_are_open=lots_are_open, sealed_batch_seconds=0.2)
    tasks = [asyncio.create_task(checks.run(stop)), asyncio.create_task(sequencer.run(stop))]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)
