"""The parts a node is made of, put together once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from frontend.server.hub import Caps, Hub
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys, renew_embedded
from storage.crypto.tsa import EmbeddedAuthority, HttpAuthority, TimestampAuthority
from storage.database.engine import Sessions, make_engine, make_sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.idempotency.answers import NodeMark
from storage.kernel.clock import process_now
from storage.ledger.checkpoints import verifier_key
from storage.limits.gate import Gate
from storage.objects.store import ObjectStore
from trading.parties.living import POLICY
from trading.parties.model import SessionPolicy, with_key_alone
from trading.trust.folder import TrustFolder
from trading.trust.queries import GRACE

OCSP_PATH = "/api/ocsp"  # where nodes answer for the embedded authority; certificates name it, so it stays


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
    gate: Gate

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


def session_policy(settings: Settings) -> SessionPolicy:
    """How long sessions live, as the operator set it."""
    return SessionPolicy(timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours),
                         frozenset(settings.single_session_roles.replace(",", " ").split()),
                         timedelta(minutes=settings.step_up_minutes),
                         with_key_alone(settings.second_factor_roles, is_demo=settings.demo))


def caps_of(settings: Settings) -> Caps:
    """How many sockets a node takes, as the operator set it."""
    return Caps(settings.sockets_per_address, settings.sockets_per_account, settings.sockets_per_lot)


def _ocsp_address(settings: Settings) -> str:
    return f"{settings.public_origin}{OCSP_PATH}"


def renew_own(parts: Parts) -> None:
    """Renews what the embedded authority says and bears; it stamps by its new certificate from then on."""
    is_other = renew_embedded(parts.keys, parts.settings.key_directory, now=process_now(),
                              ocsp_address=_ocsp_address(parts.settings))
    if is_other and isinstance(parts.authority, EmbeddedAuthority):
        parts.authority.take(parts.keys.timestamp)


@asynccontextmanager
async def assemble(settings: Settings) -> AsyncIterator[Parts]:
    """Opens the parts, and closes them in reverse."""
    keys = load_platform_keys(settings.key_directory, name=settings.platform_name, now=process_now(),
                              ocsp_address=_ocsp_address(settings))
    authority = HttpAuthority(settings.tsa_url) if settings.tsa_url else EmbeddedAuthority(keys.timestamp)
    engine = make_engine(settings)
    store = ObjectStore.from_settings(settings)
    try:
        node = await NodeMark.take(engine)
        known = {GRACE: settings.revocation_grace_hours, POLICY: session_policy(settings)}
        sessions = make_sessions(engine, **known)
        yield Parts(settings=settings, engine=engine, sessions=sessions, store=store, keys=keys,
                    trust=TrustFolder(settings.trust_directory), authority=authority,
                    hub=Hub(caps_of(settings)), node=node, gate=Gate())
        await node.leave()
    finally:
        store.close()
        await engine.dispose()
