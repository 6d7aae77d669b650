"""A published lot, its custodians and its bidders, as rows; and a bidder's client that seals and uploads."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from bidding.bids.commands.drafting import StartVersion, start_version
from bidding.bids.commands.uploading import (
    AnnounceParts,
    CompleteEnvelope,
    OpenEnvelope,
    PartDigest,
    announce_parts,
    complete_envelope,
    open_envelope,
)
from bidding.bids.holding import slot_of
from bidding.bids.model import BODY, KINDS, WHOLE, fields_in, statement_size
from bidding.bids.statement import statement_bytes
from bidding.bids.tables import BidVersion, Envelope
from storage.crypto.canonical import to_base64
from storage.crypto.context import read_context
from storage.crypto.demo_pki import DemoPki, Identity, demo_uscc, open_demo_pki
from storage.crypto.envelope import Part, Recipient, Sealing, seal
from storage.crypto.header import Header
from storage.crypto.manifest import Manifest, manifest_over, sign_manifest
from storage.crypto.tls import trusted_authorities
from storage.database.engine import Sessions
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import process_now
from storage.kernel.identifiers import lot_code, new_id, project_code
from storage.objects.store import ObjectStore
from trading.parties.identity import bound
from trading.parties.queries import actor_for
from trading.parties.tables import BoundCertificate, Party, PartyVersion
from trading.tenders.tables import Lot, Project, TenderProject
from trading.trust.folder import TrustFolder

FIELDS = [{"key": "price", "label": "投标总价", "kind": "money", "required": True},
          {"key": "days", "label": "工期", "kind": "days", "required": True}]


@dataclass
class Person:
    """A party with the identities it holds; the first is the one it signs in with."""

    party: Party
    identities: list[Identity] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        """The party as it acts."""
        return actor_for(self.party, self.identities[0].certificate.fingerprint, "127.0.0.1")

    @property
    def recipients(self) -> list[Recipient]:
        """Its certificates, as secrets are wrapped to them: of a dual pair the encryption half."""
        return [Recipient(each.recipient.certificate.tag, each.recipient.certificate.public_key)
                for each in self.identities]


@dataclass
class World:
    """One lot open for bids, with three custodians (two needed)."""

    sessions: Sessions
    pki: DemoPki
    lot: Lot
    tenderee: Person
    agency: Person
    supervisor: Person
    bidders: list[Person]

    @property
    def tender_code(self) -> str:
        """The code of the lot's tender project, which its founder gave it."""
        return self.lot.code[:17]

    def work(self) -> Work:
        """A fresh unit of work."""
        return Work(self.sessions)

    @property
    def custodians(self) -> list[Person]:
        """In the order of share indices."""
        return [self.tenderee, self.agency, self.supervisor]

    async def set_deadline(self, moment: datetime) -> None:
        """Moves the deadline by hand, as no act of the platform does."""
        async with self.sessions() as session:
            lot = await session.get_one(Lot, self.lot.id)
            lot.deadline_at, lot.documents_until = moment, moment - timedelta(milliseconds=1)
            await session.commit()
        self.lot = lot

    async def close(self) -> None:
        """The deadline is now."""
        await self.set_deadline(process_now())


class Founder:
    """Writes parties and a lot, as enrolment and publication would have."""

    def __init__(self, sessions: Sessions, keys: Path, trust: Path) -> None:
        self.sessions, self.now = sessions, process_now()
        self.pki = open_demo_pki(keys, trust, now=self.now)
        self.trust = TrustFolder(trust)

    async def person(self, name: str, *roles: str, staff: tuple[str, ...] = (), kinds: tuple[str, ...] = ("ec-p256",),
                     ) -> Person:
        """A verified party with one certificate of each kind."""
        await self.trust.prepare(lambda: Work(self.sessions))
        uscc = demo_uscc(name)
        party = Party(id=new_id(), uscc=uscc, name=name, name_key=name, region="320700", roles=list(roles),
                      staff_roles=list(staff), status="verified", agreement_version="2026-01", agreed_at=self.now,
                      created_at=self.now, is_demo=True)
        data = PartyVersion(id=new_id(), party_id=party.id, number=1, data={"name": name, "uscc": uscc}, salt="00" * 16,
                            status="verified", created_at=self.now, changed_at=self.now)
        person = Person(party)
        async with self.sessions() as session:
            session.add(party)
            await session.flush()
            session.add(data)
            for kind in kinds:
                session.add_all(self.certify(person, kind))
            await session.commit()
        return person

    def certify(self, person: Person, kind: str) -> list[BoundCertificate]:
        """One more certificate for a person, with SM2 a dual pair, as rows to add."""
        identity = self.pki.issue(organisation=person.party.name, uscc=person.party.uscc, kind=kind,  # type: ignore[arg-type]
                                  now=self.now)
        person.identities.append(identity)
        rows = [bound(identity.certificate, person.party.id, self.now)]
        if identity.encryption is not None:
            rows.append(bound(identity.encryption.certificate, person.party.id, self.now,
                              signing=identity.certificate.fingerprint))
        return rows

    async def lot(self, tenderee: Person, agency: Person, custodians: list[Person], closes_in: timedelta,
                  serial: int = 1, suite: int = 1) -> Lot:
        """A lot that takes bids from an hour ago until ``closes_in`` from now."""
        code = project_code("E", "320700", "0001", serial)
        shared = {"tenderee_id": tenderee.party.id, "agency_id": agency.party.id, "created_at": self.now}
        project = Project(id=new_id(), code=code, name="连云港河道整治", region="320700", **shared)
        tender = TenderProject(id=new_id(), project_id=project.id, code=code, name="连云港河道整治",
                               trade_kind="works", **shared)
        lot = Lot(
            id=new_id(), tender_project_id=tender.id, code=lot_code(code, 1), title="河道整治一标段", region="320700",
            trade_kind="works", edition="2026", stage="selling", k=2, suite=suite, announced_fields=FIELDS,
            documents_from=self.now - timedelta(hours=1), documents_until=self.now + closes_in - timedelta(seconds=1),
            documents_issued_at=self.now - timedelta(hours=1), deadline_at=self.now + closes_in,
            published_at=self.now - timedelta(hours=1), custodians=[
                {"index": index, "party_id": str(each.party.id), "name": each.party.name, "role": "custodian",
                 "certificate": each.identities[0].recipient.certificate.fingerprint}
                for index, each in enumerate(custodians, 1)], **shared)
        async with self.sessions() as session:
            for row in (project, tender, lot):
                session.add(row)
                await session.flush()
            await session.commit()
        return lot


async def found_world(sessions: Sessions, keys: Path, trust: Path, *, bidders: int = 3,
                      closes_in: timedelta = timedelta(hours=1), suite: int = 1) -> World:
    """A world with so many bidders; the first has an EC and an RSA certificate, the others one of EC. In a lot of
    suite 2 everyone who bids or keeps a share has a dual pair of SM2."""
    usual = "ec-p256" if suite == 1 else "sm2"
    founder = Founder(sessions, keys, trust)
    tenderee = await founder.person("江苏某水利局", "tenderee", kinds=(usual,))
    agency = await founder.person("江苏某招标代理", "agency", kinds=("rsa" if suite == 1 else "sm2",))
    supervisor = await founder.person("连云港行政监督", staff=("supervisor",), kinds=(usual,))
    people = [await founder.person(f"江苏第{number}建设有限公司", "bidder",
                                   kinds=("ec-p256", "rsa") if number == suite == 1 else (usual,))
              for number in range(1, bidders + 1)]
    lot = await founder.lot(tenderee, agency, [tenderee, agency, supervisor], closes_in, suite=suite)
    return World(sessions, founder.pki, lot, tenderee, agency, supervisor, people)


@dataclass
class SealedObject:
    """One sealed envelope as the client holds it."""

    kind: str
    sealing: Sealing
    parts: list[Part]
    size: int
    manifest: Manifest
    signature: bytes

    @property
    def header(self) -> str:
        """H as text."""
        return self.sealing.header.to_bytes().decode()


def seal_object(world: World, bidder: Person, version: BidVersion, kind: str, content: bytes,
                keepers: list[Recipient] | None = None, spoil: Callable[[Header], Header] = lambda header: header,
                **changed: object) -> SealedObject:
    """Seals as the tender document asks; ``changed`` fields of ctx, other ``keepers``, or a header that ``spoil``
    altered before it is signed, are wrong on purpose."""
    ctx = read_context(slot_of(world.lot, version).context(kind) | changed)  # type: ignore[arg-type, operator]
    custodians = [each.recipients[0] for each in world.custodians]
    sealing = seal(ctx, bidder.recipients[:2], keepers or custodians)
    sealing = replace(sealing, header=spoil(sealing.header))
    parts = list(sealing.encrypt_parts([content]))
    manifest = manifest_over(sealing.header, [(part.sha256, part.sm3) for part in parts], len(content))
    return SealedObject(kind, sealing, parts, len(content), manifest, sign_manifest(manifest, bidder.identities[0].key))


def statement(price: str = "8730000.00", lot: Lot | None = None, envelope: str = WHOLE) -> bytes:
    """An opening statement, as sealing.md has its plaintext; at its one length where the lot asks for one."""
    fields = fields_in(lot.announced_fields if lot and lot.two_envelopes else FIELDS, envelope)
    values = {"price": price, "days": "365"}
    return statement_bytes({field["key"]: values[field["key"]] for field in fields}, fields,
                           size=statement_size(lot and lot.deposit, envelope))


@dataclass
class Client:
    """A bidder's client that calls the commands as the routes do, and the store as a browser does."""

    world: World
    bidder: Person
    store: ObjectStore

    async def start(self) -> BidVersion:
        """A new draft."""
        return await start_version(self.world.lot.id, StartVersion(), self.bidder.actor, self.world.work())

    async def open(self, version: BidVersion, sealed: SealedObject) -> Envelope:
        """Opens the upload of an envelope."""
        command = OpenEnvelope(sealed.kind, sealed.header, sealed.size, len(sealed.parts))  # type: ignore[arg-type]
        return await open_envelope(version.id, command, self.bidder.actor, self.world.work(), self.store)

    async def send(self, envelope: Envelope, parts: list[Part]) -> None:
        """Announces parts and puts them into the store."""
        command = AnnounceParts([PartDigest(part.number, part.sha256) for part in parts])
        addresses = await announce_parts(envelope.id, command, self.bidder.actor, self.world.work(), self.store)
        async with httpx.AsyncClient(timeout=30, verify=trusted_authorities()) as http:
            for part, address in zip(parts, addresses, strict=True):
                answer = await http.put(address.url, content=part.data, headers=address.headers)
                answer.raise_for_status()

    async def complete(self, envelope: Envelope, sealed: SealedObject) -> Envelope:
        """Hands the envelope over with its signed manifest."""
        command = CompleteEnvelope(sealed.manifest.to_bytes().decode(), to_base64(sealed.signature))
        return await complete_envelope(envelope.id, command, self.bidder.actor, self.world.work(), self.store)

    async def upload(self, content: bytes = b"%PDF-1.7 bid", version: BidVersion | None = None) -> BidVersion:
        """A version with both envelopes handed over."""
        version = version or await self.start()
        for kind in KINDS:
            plain = content if kind == BODY else statement(lot=self.world.lot)
            sealed = seal_object(self.world, self.bidder, version, kind, plain)
            envelope = await self.open(version, sealed)
            await self.send(envelope, sealed.parts)
            await self.complete(envelope, sealed)
        return version


