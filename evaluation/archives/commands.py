"""Closing a lot's file: the package is made, tested in all four ways, put away, and the lot archived (R-009, R-810)."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from bidding.deposits.queries import refunds_are_settled
from bidding.guarantees.queries import letters_are_settled
from bidding.opening.bundle import Shelf
from evaluation.archives.assembling import assemble
from evaluation.archives.testing import four_tests
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.trust import TrustList
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, NotFound, NotSignedIn
from storage.objects.store import ObjectStore
from trading.awards.commands.archiving import archive_lot
from trading.awards.tables import Award
from trading.tenders.permissions import Right, may
from trading.tenders.queries import lock_lot
from trading.tenders.queries import lot as lot_of


@dataclass(frozen=True, slots=True)
class Registry:
    """What archiving needs beside the database."""

    settings: Settings
    store: ObjectStore
    keys: PlatformKeys
    trust: TrustList


@dataclass(frozen=True, slots=True)
class Archived:
    """A package as it was put away."""

    sha256: str
    size: int
    tests: dict[str, bool]


async def archive(lot_id: UUID, actor: Actor, works: Works, registry: Registry) -> Archived:
    """CONTRACTED becomes ARCHIVED; raises ``RulesUnmet`` R-811 with a package that fails a test, and keeps nothing."""
    _require_centre(actor)
    async with works() as uow:
        shelf = Shelf(uow.session, registry.store, registry.keys, registry.settings)
        content = await assemble(shelf, await lot_of(uow.session, lot_id))
        key = shelf.vkey
    tests = await four_tests(content, key, registry.trust)
    digest = sha256(content).hexdigest()
    if all(tests.values()):
        await registry.store.put(object_key(lot_id, digest), content, "application/json")
    async with works() as uow:
        lot = await lock_lot(uow, lot_id)
        settled = await refunds_are_settled(uow.session, lot_id) and await letters_are_settled(uow.session, lot_id)
        await archive_lot(uow, lot, package_sha256=digest, tests=tests, refunds_are_settled=settled, actor=actor)
        await uow.commit()
    return Archived(digest, len(content), tests)


def object_key(lot_id: UUID, digest: str) -> str:
    """Where a package lies: under its own digest, so that it cannot be exchanged unnoticed."""
    return f"archives/{lot_id}/{digest}.json"


def _require_centre(actor: Actor) -> None:
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not actor.has("centre"):
        raise NotAllowed("归档由交易中心办理")


async def package_of(lot_id: UUID, actor: Actor, works: Works) -> tuple[str, str]:
    """Object key and digest of a lot's package, for its tenderee, agency, the centre and the supervisor."""
    async with works() as uow:
        lot, award = await lot_of(uow.session, lot_id), await uow.session.get(Award, lot_id)
    if award is None or award.package_sha256 is None or not may(actor, Right.READ_DRAFT, lot):
        raise NotFound("没有可以查看的归档包")
    return object_key(lot_id, award.package_sha256), award.package_sha256
