"""The parts a node is made of, put together once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from frontend.server.hub import Hub
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys
from storage.crypto.tsa import EmbeddedAuthority, HttpAuthority, TimestampAuthority
from storage.database.engine import Sessions, make_engine, make_sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.idempotency.answers import NodeMark
from storage.kernel.clock import process_now
from storage.ledger.checkpoints import verifier_key
from storage.objects.store import ObjectStore
from trading.trust.folder import TrustFolder
from trading.trust.queries import GRACE


@dataclass(frozen=True)
class Parts:
    """What handlers, timers and the sequencer of one node share. No state of business lives here."""

    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    store: ObjectStore
    keys: PlatformKeys
    trust: TrustFolder
    authority: TimestampAuthority
    hub: Hub
    node: NodeMark

    def work(self) -> Work:
        """A fresh unit of work."""
        return Work(self.sessions)

    @property
    def log(self) -> str:
        """The ledger's name, and the origin of its checkpoints."""
        return f"yunkai/{self.settings.platform_id}"

    @property
    def log_key(self) -> str:
        """The verifier key of the checkpoints, as people hold it: name+id+key."""
        return verifier_key(self.log, self.keys.checkpoint.public_key())


@asynccontextmanager
async def assemble(settings: Settings) -> AsyncIterator[Parts]:
    """Opens the parts, and closes them in reverse."""
    keys = load_platform_keys(settings.key_directory, name=settings.platform_name, now=process_now())
    authority = HttpAuthority(settings.tsa_url) if settings.tsa_url else EmbeddedAuthority(keys.timestamp)
    engine = make_engine(settings)
    store = ObjectStore.from_settings(settings)
    try:
        node = await NodeMark.take(engine)
        sessions = make_sessions(engine, **{GRACE: settings.revocation_grace_hours})
        yield Parts(settings=settings, engine=engine, sessions=sessions, store=store, keys=keys,
                    trust=TrustFolder(settings.trust_directory), authority=authority, hub=Hub(), node=node)
        await node.leave()
    finally:
        store.close()
        await engine.dispose()
