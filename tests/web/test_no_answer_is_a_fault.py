"""Schemathesis tries every operation of the OpenAPI document with what fits it and what does not: never a 5xx."""

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from sqlalchemy import text

from frontend.cli.client import ApiClient
from frontend.cli.identity import ClientIdentity
from frontend.server.permissions import PERMISSIONS
from storage.database.engine import make_engine, make_sessions
from storage.kernel.actor import PUBLIC, Actor
from storage.kernel.identifiers import new_id
from storage.kernel.permission import door_opens
from tests.bids_world import Founder, Person, World, found_world
from tests.nodes import NodeProcess
from tests.openapi_bodies import least_body, operations

_FEW = settings(max_examples=3, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck))
# What a text may hold that databases, headers and files do not like.
NASTY = ("\0", "a\0b", "\ud800", "\u202egpj.exe", "\r\nX: y", "中" * 300, "'; drop table lot; --", "{{7*7}}", "9" * 400)
_NEVER = {"signOut", "unbindCertificate", "deleteEnrolment", "editEnrolment"}  # they would end the session that tries


@pytest.fixture(scope="module")
def world(node: NodeProcess) -> World:
    """A lot open for bids, and a host of the centre beside its people."""
    async def found() -> World:
        engine = make_engine(node.settings)
        try:
            folders = node.settings.key_directory.parent / "ca", node.settings.trust_directory
            made = await found_world(make_sessions(engine), *folders)
            async with make_sessions(engine)() as session:  # the lot was written by hand, with the first code
                await session.execute(text("insert into code_serial values ('E3207000001', 100)"))
                await session.execute(text("update tender_project set lot_serial = 100"))
                await session.commit()
            made.bidders.append(await Founder(make_sessions(engine), *folders).person("中心", staff=("centre",)))
            return made
        finally:
            await engine.dispose()
    return asyncio.run(found())


def _operations(node: NodeProcess, actor: Actor) -> list[Any]:
    schema = schemathesis.openapi.from_url(f"{node.address}/api/schema/openapi.json")
    results: list[Any] = [*schema.get_all_operations()]
    found = [each.ok() for each in results]
    return [each for each in found if each.definition.raw["operationId"] not in _NEVER
            and door_opens(PERMISSIONS, each.definition.raw["operationId"], actor)]


@dataclass
class Caller:
    """Someone who calls the node, and what it was answered with a fault."""

    node: NodeProcess
    lot_id: str
    token: str | None = None
    actor: Actor = PUBLIC
    faults: list[str] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        """The session."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def call(self, case: Any) -> None:
        """One case; every other one is about a lot that is there."""
        if "lot_id" in (case.path_parameters or {}) and len(str(case.body)) % 2:
            case.path_parameters["lot_id"] = self.lot_id
        self.judge(case.call(base_url=self.node.address, headers=self.headers, timeout=20).status_code,
                   f"{case.operation.label} {case.path_parameters} {case.query} {case.body!r}")

    def judge(self, status: int, said: str) -> None:
        """503 says that a part is away, which is no fault."""
        if status >= 500 and status != 503:
            self.faults.append(f"{status} {said}"[:500])

    def try_all(self, mode: GenerationMode) -> None:
        """A few cases of every operation behind doors that open to the caller."""
        for operation in _operations(self.node, self.actor):
            with suppress(Unsatisfiable):  # nothing can be wrong about a request without fields
                _FEW(given(case=operation.as_strategy(generation_mode=mode))(self.call))()

    def try_texts(self) -> None:
        """Each text of each body and query holds what nothing likes."""
        document = httpx.get(f"{self.node.address}/api/schema/openapi.json").json()
        with httpx.Client(base_url=self.node.address, headers=self.headers, timeout=20) as http:
            for name, (method, path, operation) in operations(document).items():
                if name in _NEVER or not door_opens(PERMISSIONS, name, self.actor):
                    continue
                for nasty in NASTY:
                    query = {each["name"]: quote(nasty, errors="surrogatepass") for each in operation.get(
                        "parameters", ()) if each["in"] == "query" and each["schema"].get("type") == "string"}
                    body = _with(least_body(document, operation), nasty)
                    address = path.replace("{lot_id}", self.lot_id).replace("{kind}", "candidates")
                    address = re.sub(r"{[a-z_]*id}", str(new_id()), address)
                    address = re.sub(r"{[a-z_]*}", quote(nasty, safe="", errors="surrogatepass"), address)
                    asked = "&".join(f"{key}={value}" for key, value in query.items())
                    answer = http.request(method, f"{address}?{asked}", content=json.dumps(body),
                                          headers={"Content-Type": "application/json"})
                    self.judge(answer.status_code, f"{name} {nasty!r}")


def _with(body: Any, nasty: str) -> Any:
    """The body with another text in place of each of its own."""
    if isinstance(body, dict):
        return {key: _with(value, nasty) for key, value in body.items()}
    if isinstance(body, list):
        return [_with(value, nasty) for value in body]
    return nasty if isinstance(body, str) and "文" in body else body


def _person(world: World, name: str) -> Person:
    return {"bidder": world.bidders[0], "centre": world.bidders[-1], "tenderee": world.tenderee}[name]


@pytest.fixture(scope="module", params=["public", "bidder", "centre", "tenderee"])
def caller(request: pytest.FixtureRequest, node: NodeProcess, world: World) -> Caller:
    """Of each kind one, signed in."""
    lot, role = str(world.lot.id), str(request.param)
    if role == "public":
        return Caller(node, lot)
    line = ApiClient(node.address, ClientIdentity.of(_person(world, role).identities[0]))
    line.login()
    return Caller(node, lot, line.token, Actor("", "", frozenset({role}), new_id()))


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_operation_answers_with_a_fault(caller: Caller, mode: GenerationMode) -> None:
    caller.faults.clear()
    caller.try_all(mode)
    assert "\n".join(caller.faults) == ""


def test_no_text_makes_a_fault(caller: Caller) -> None:
    caller.faults.clear()
    caller.try_texts()
    assert "\n".join(caller.faults) == ""
