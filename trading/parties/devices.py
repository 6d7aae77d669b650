"""The sessions of an enterprise as its own people see them: one line a device, the newest use first (R-1013)."""

import ipaddress
import re
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.kernel.actor import Actor
from trading.parties.living import holders, policy_of
from trading.parties.model import Act, SessionTimes
from trading.parties.permissions import permit_own
from trading.parties.tables import BoundCertificate, LoginSession

_PROGRAMS = ((re.compile(r"Edg/(\d+)"), "Edge"), (re.compile(r"OPR/(\d+)"), "Opera"),
             (re.compile(r"Firefox/(\d+)"), "Firefox"), (re.compile(r"Chrome/(\d+)"), "Chrome"),
             (re.compile(r"Version/(\d+)"), "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"), ("Linux", "Linux"))


class DeviceView(msgspec.Struct):
    """A living session. ``address`` is masked; ``device`` is what the program said of itself, in few words."""

    id: str
    is_this: bool
    device: str
    address: str
    certificate_serial: str
    opened_at: datetime
    seen_at: datetime
    ends_at: datetime


def masked_address(address: str) -> str:
    """The network a device is in, without the device: two of four numbers, or three groups of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.version == 4:
        return ".".join(address.split(".")[:2]) + ".*.*"
    return ":".join(found.exploded.split(":")[:3]) + ":*"


def device_of(agent: str) -> str:
    """Program and system in a User-Agent header: ``Firefox 140 · Windows``; the first word of any other program."""
    versions = ((name, pattern.search(agent)) for pattern, name in _PROGRAMS)
    version = next((f"{name} {found[1]}" for name, found in versions if found), "")
    system = next((name for key, name in _SYSTEMS if key in agent), "")
    return " · ".join(each for each in (version or agent.split(" ")[0][:40], system) if each)


async def devices(session: AsyncSession, actor: Actor) -> list[DeviceView]:
    """Every session of the actor's enterprise that lives now; raises ``NotSignedIn``."""
    party_id = permit_own(actor, Act.READ)
    query = (select(LoginSession, BoundCertificate.serial)
             .join(BoundCertificate, BoundCertificate.fingerprint == LoginSession.certificate)
             .where(LoginSession.party_id == party_id, LoginSession.ended_at.is_(None))
             .order_by(LoginSession.seen_at.desc(), LoginSession.id))
    rows = (await session.execute(query)).all()
    alive = await holders(session, [held.id for held, _ in rows])
    return [_view(held, serial, actor.session_id, session) for held, serial in rows if held.id in alive]


def _view(held: LoginSession, serial: str, this: UUID | None, session: AsyncSession) -> DeviceView:
    return DeviceView(
        id=str(held.id), is_this=held.id == this, device=device_of(held.agent), address=masked_address(held.address),
        certificate_serial=serial, opened_at=held.opened_at, seen_at=held.seen_at,
        ends_at=SessionTimes(held.opened_at, held.seen_at).ends_at(policy_of(session)))
