"""Bids that are uploaded and checked, as rows: for tests of the one transaction that submits."""

from dataclasses import dataclass
from uuid import UUID

from bidding.bids.holding import slot_of
from bidding.bids.model import KINDS, BidStatus, EnvelopeState, VersionStatus
from bidding.bids.tables import Bid, BidVersion, Envelope
from storage.crypto.context import context_hash
from storage.crypto.demo_pki import demo_uscc
from storage.kernel.actor import Actor
from storage.kernel.clock import process_now
from storage.kernel.identifiers import new_id
from tests.bids_world import Person, World
from trading.parties.queries import actor_for
from trading.parties.tables import BoundCertificate, Party
from trading.tenders.tables import Lot

_HEX = "ab" * 32


@dataclass(frozen=True)
class Ready:
    """A version that may be submitted, and the bidder whose it is."""

    version_id: UUID
    actor: Actor


async def make_ready(world: World, count: int) -> list[Ready]:
    """So many bidders, each with a version both of whose envelopes are checked.

    Their seals name this very second, so that the deadline may be set once all of them stand: however long that takes.
    """
    await world.set_deadline(process_now().replace(microsecond=0))
    made = [_bid(world, number) for number in range(count)]
    async with world.sessions() as session:
        for kind in (Party, BoundCertificate, Bid, BidVersion, Envelope):
            session.add_all(row for _, rows in made for row in rows if isinstance(row, kind))
            await session.flush()
        await session.commit()
    return [ready for ready, _ in made]


def ready_of(world: World, bidder: Person) -> tuple[Ready, list[object]]:
    """A ready version of an existing bidder, with its rows to add."""
    return _version(world, bidder.party, bidder.identities[0].certificate.fingerprint, world.lot)


def _bid(world: World, number: int) -> tuple[Ready, list[object]]:
    now, name = process_now(), f"连云港第{number}工程有限公司"
    party = Party(id=new_id(), uscc=demo_uscc(name), name=name, name_key=name, roles=["bidder"], staff_roles=[],
                  status="verified", agreement_version="2026-01", agreed_at=now, created_at=now)
    identity = world.pki.issue(organisation=name, uscc=party.uscc, kind="ec-p256", now=now)
    shown = identity.certificate
    bound = BoundCertificate(
        fingerprint=shown.fingerprint, party_id=party.id, subject_name=name, issuer=shown.issuer, uscc=shown.uscc,
        serial=shown.serial, pem=shown.pem, key_kind=shown.key_kind, not_before=shown.not_before,
        not_after=shown.not_after, bound_at=now)
    ready, rows = _version(world, party, shown.fingerprint, world.lot)
    return ready, [party, bound, *rows]


def _version(world: World, party: Party, fingerprint: str, lot: Lot) -> tuple[Ready, list[object]]:
    now = process_now()
    bid = Bid(id=new_id(), lot_id=lot.id, party_id=party.id, status=BidStatus.NOT_SUBMITTED, last_number=1,
              created_at=now)
    version = BidVersion(
        id=new_id(), bid_id=bid.id, number=1, status=VersionStatus.UPLOADED, certificate=fingerprint,
        certificate_serial="01", party_version=1, bidder_name=party.name, bidder_uscc=party.uscc,
        tender_code=world.tender_code, opens_at=lot.deadline_at, created_at=now)
    slot = slot_of(lot, version)
    envelopes = [Envelope(
        id=new_id(), bid_version_id=version.id, kind=kind, header="{}", header_sha256=_HEX,
        context_sha256=context_hash(slot.context(kind)).hex(), object_key=f"sealed/{new_id()}", upload_id="none",
        sealed_to=[fingerprint],
        size=50_000_000, part_count=6, state=EnvelopeState.CHECKED, first_byte_at=now, last_byte_at=now,
        checked_at=now, manifest="{}", manifest_sha256=_HEX, parts_root=_HEX, signature=b"", etag="e",
        timestamp_token=b"", checked_parts=6, created_at=now) for kind in KINDS]
    return Ready(version.id, actor_for(party, fingerprint, "127.0.0.1")), [bid, version, *envelopes]
