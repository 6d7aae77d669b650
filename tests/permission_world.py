"""Everyone who may try every door of the platform, and tries that change nothing.

The application is the node's own, with its own rows in PostgreSQL. Only the last step of a unit of work is held back
while doors are tried: where it would commit, the answer is ``WOULD_COMMIT``, and what it would have recorded is noted.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

import frontend.server.app as node_app
import frontend.server.parts as node_parts
from frontend.server.composition import ROUTES
from storage.database.engine import Sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.errors import DomainError
from tests.openapi_bodies import Json, least_body, least_query, operations

WOULD_COMMIT = 299
_HANDLERS: list[Any] = [*ROUTES]
REFUSALS = {str(each.opt["record_refusal"]) for each in _HANDLERS if (each.opt or {}).get("record_refusal")}
# What a path names, when it is asked in a lot: the thing of the lot's first bidder, or the newest.
_SUBJECTS = {
    "notice_id": "select id from notice where lot_id = :lot order by id desc limit 1",
    "file_id": "select id from document_file where lot_id = :lot order by id desc limit 1",
    "project_id": "select p.project_id from tender_project p join lot l on l.tender_project_id = p.id "
                  "where l.id = :lot",
    "tender_project_id": "select tender_project_id from lot where id = :lot",
    "bid_id": "select id from bid where lot_id = :lot and party_id = :bidder",
    "version_id": "select v.id from bid_version v join bid b on b.id = v.bid_id where b.lot_id = :lot "
                  "and b.party_id = :bidder limit 1",
    "envelope_id": "select e.id from envelope e join bid_version v on v.id = e.bid_version_id "
                   "join bid b on b.id = v.bid_id where b.lot_id = :lot and b.party_id = :bidder limit 1",
    "letter_id": "select id from award_letter where lot_id = :lot and kind = 'award' limit 1",
    "paper_id": "select id from paper where stream = 'lot:' || cast(:lot as text) order by id desc limit 1",
    "member_id": "select id from committee_member where lot_id = :lot limit 1",
    "expert_id": "select id from expert limit 1",
    "party_id": "select :bidder",
    "template_id": "select id from record_template limit 1",
    "session_id": "select id from login_session where party_id = :bidder order by opened_at limit 1",
    "fingerprint": "select fingerprint from bound_certificate where party_id = :bidder limit 1",
}


# Where the least body says too little for the act to be reached.
_NOTHING = "AAAA"
BODIES: dict[str, Json] = {
    "withdrawBid": {"signature": _NOTHING}, "completeEnvelope": {"signature": _NOTHING},
    "completeDocumentSignature": {"signature": _NOTHING}, "drawCommittee": {"nonce": "A" * 43 + "="}}
_FILE = {"params": {"name": "图纸.pdf", "kind": "drawing"}, "content": b"%PDF-1.7"}


class HeldWork(Work):
    """A unit of work that stops short of committing while doors are tried."""

    is_held = False
    attempted: ClassVar[list[str]] = []

    async def commit(self) -> None:
        """As the real one; held back, all but records of refusals answer ``WOULD_COMMIT``."""
        if not HeldWork.is_held:
            await super().commit()
            return
        await self.session.flush()
        actions = [draft.action for draft in self._drafts]
        await self.session.rollback()
        if not set(actions) <= REFUSALS:
            HeldWork.attempted += actions
            raise DomainError("held back", status=WOULD_COMMIT)


@asynccontextmanager
async def nothing_beside(_: object) -> AsyncIterator[None]:
    """No sequencer and no timers run beside the handlers."""
    yield


@dataclass(frozen=True)
class Member:
    """Someone at the door: its token, its party, and its grants: ``tenderee``, ``tenderee:own`` and so on."""

    token: str
    party_id: UUID
    grants: frozenset[str]
    capacity: str = "tenderee"  # in which it would sign


@dataclass(frozen=True)
class Scene:
    """One lot at one moment of its life, and what everybody is to it."""

    name: str
    stage: str
    lot: UUID
    bidder: UUID
    cast: Mapping[str, Member]


@dataclass
class Doors:
    """The node's application without a socket, and its OpenAPI document."""

    http: httpx.AsyncClient
    sessions: Sessions
    settings: Settings
    document: Json

    def another(self) -> httpx.AsyncClient:
        """One more line to the same application."""
        return httpx.AsyncClient(transport=self.http._transport, base_url=self.settings.public_origin, timeout=60)

    async def subjects(self, scene: Scene) -> dict[str, str]:
        """What the paths' names stand for in a scene; what is missing there is missing here."""
        found: dict[str, str] = {}
        async with self.sessions() as session:
            for name, query in _SUBJECTS.items():
                row = (await session.execute(text(query), {"lot": scene.lot, "bidder": scene.bidder})).scalar()
                if row is not None:
                    found[name] = str(row)
        return found | {"kind": "candidates", "act": "suspend", "lot_id": str(scene.lot)}

    async def knock(self, operation_id: str, member: Member, subjects: Json) -> httpx.Response:
        """One try, which changes nothing."""
        token, (method, path, sent) = member.token, self._request(operation_id, subjects)
        if "capacity" in (sent.get("json") or {}):
            sent["json"]["capacity"] = member.capacity
        HeldWork.is_held, HeldWork.attempted = True, []
        try:
            return await self.http.request(method, path, headers={"authorization": f"Bearer {token}"} if token else {},
                                           **sent)
        finally:
            HeldWork.is_held = False

    def _request(self, operation_id: str, subjects: Json) -> tuple[str, str, Json]:
        method, path, operation = operations(self.document)[operation_id]
        for name in [each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"]:
            path = path.replace("{" + name + "}", str(subjects.get(name, uuid4())))
        if operation_id == "attachFile":
            return method, path, _FILE
        body = least_body(self.document, operation)
        if operation_id in BODIES:
            body = {**(body or {}), **BODIES[operation_id]}
        return method, path, {"params": least_query(self.document, operation), "json": body}


@asynccontextmanager
async def open_doors(settings: Settings, sessions: Sessions, patch: pytest.MonkeyPatch) -> AsyncIterator[Doors]:
    """The application, started."""
    patch.setattr(node_parts, "Work", HeldWork)
    patch.setattr(node_app, "running", nothing_beside)
    app: Any = node_app.create_app(settings)
    inbox: asyncio.Queue[Any] = asyncio.Queue()
    outbox: asyncio.Queue[Any] = asyncio.Queue()
    living: asyncio.Task[None] = asyncio.create_task(app({"type": "lifespan", "state": {}}, inbox.get, outbox.put))
    await inbox.put({"type": "lifespan.startup"})
    assert (await outbox.get())["type"] == "lifespan.startup.complete"
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=settings.public_origin, timeout=60) as http:
        yield Doors(http, sessions, settings, (await http.get("/api/schema/openapi.json")).json())
    await inbox.put({"type": "lifespan.shutdown"})
    await living
