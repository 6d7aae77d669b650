"""Fault 36: by the address of programs a session is bound to the client certificate of its TLS. Its token, stolen, is
worth nothing without the key: not with another certificate, not by another address, not with a header made up."""

import asyncio
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from frontend.cli.client import ApiClient, ApiError, Asked, context_of
from frontend.cli.identity import ClientIdentity
from storage.crypto.demo_pki import demo_uscc
from storage.crypto.tls import trusted_authorities
from storage.embedded.ports import draw_ports
from storage.kernel.clock import process_now
from tests.faults.test_fault_36_fresh_proof import Person
from tests.identities import People, make_people
from tests.nodes import ROOT, NodeProcess, rewrite
from tests.platform_parts import StartNode
from tests.tls_proxy import ADDRESS, make_server_certificate, tls_proxy

NAME, OTHER = "江苏苍梧建设有限公司", "南京海州市政工程有限公司"


@dataclass(frozen=True)
class Doors:
    """A node behind a proxy with two doors; people come by the one for programs, or by that for pages."""

    node: NodeProcess
    programs: People
    pages: People

    def line(self, identity: ClientIdentity | None = None) -> httpx.Client:
        """A connection to the door for programs, with a certificate or without."""
        return httpx.Client(base_url=self.programs.address, verify=context_of(self.programs.address, identity),
                            timeout=20)

    def bound_to(self) -> list[str | None]:
        """What the sessions that are open are bound to, the newest last."""
        with psycopg.connect(self.node.settings.database_url.replace("+psycopg", "")) as line:
            rows = line.execute("select tls_certificate from login_session where ended_at is null order by opened_at")
            return [row[0] for row in rows]


@pytest.fixture
def doors(start_node: StartNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    """The node, the proxy as a process of its own, and clients that trust the proxy's certificate."""
    own, (pages, programs) = tmp_path / "proxy.pem", draw_ports(2)
    make_server_certificate(own)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    trusted_authorities.cache_clear()
    node = start_node(trusted_proxies=ADDRESS, public_origin=f"https://127.0.0.1:{pages}",
                      program_origin=f"https://127.0.0.1:{programs}")
    people = make_people(node.settings, node.settings.program_origin)
    roots = [node.settings.trust_directory / f"demo-{kind}.pem" for kind in ("ec-p256", "rsa")]
    with tls_proxy(node.port, pages, programs, own, roots):
        yield Doors(node, people, replace(people, address=node.settings.public_origin))
    trusted_authorities.cache_clear()


def _refusal(act: Callable[[], object]) -> ApiError:
    with pytest.raises(ApiError) as error:
        act()
    return error.value


def _reason(act: Callable[[], object]) -> Any:
    return _refusal(act).facts.get("reason")


def test_a_stolen_token_is_worth_nothing_without_the_key(doors: Doors) -> None:
    owner, thief = doors.programs.verified(NAME), doors.programs.verified(OTHER)
    assert owner.identity is not None
    assert thief.identity is not None
    assert doors.bound_to() == [owner.identity.fingerprint, thief.identity.fingerprint]
    key, body = uuid4().hex, {"reason": "看一看"}
    path = f"/api/me/certificates/{'0' * 64}"
    stolen = {"Authorization": f"Bearer {owner.token}"}
    forged = {"Client-Cert": f":{b64encode(owner.identity.certificate.der).decode()}:"}
    host = {"Host": doors.programs.address.removeprefix("https://")}
    with doors.line(owner.identity) as own, doors.line() as bare, doors.line(thief.identity) as another, \
            httpx.Client(base_url=doors.pages.address, verify=trusted_authorities(), timeout=20) as pages, \
            httpx.Client(base_url=doors.node.address, timeout=20) as past_the_proxy:
        assert own.get("/api/me", headers=stolen).json()["signed_in"] is True
        for line, more in ((bare, {}), (another, {}), (pages, {}), (past_the_proxy, {}), (bare, forged),
                           (another, forged), (pages, forged | host), (past_the_proxy, forged | host)):
            for ask in (lambda: line.get("/api/me", headers=stolen | more),  # noqa: B023
                        lambda: line.delete(path, headers=stolen | more),  # noqa: B023
                        lambda: line.post("/api/logout", headers=stolen | more),  # noqa: B023
                        lambda: line.post("/api/login/confirmation", json=body,  # noqa: B023
                                          headers=stolen | more | {"Idempotency-Key": key})):  # noqa: B023
                answer = ask()
                assert answer.status_code == 401, answer.text
                assert answer.json()["facts"]["reason"] == "client-certificate"
                assert "重新登录" in answer.json()["title"]
        assert own.get("/api/me", headers=stolen).json()["signed_in"] is True, "nobody signed the owner out"
    log = doors.node.log.read_text()
    assert '"client-certificate"' in log
    assert str(owner.token) not in log
    # A page's session is none of a program's either.
    page = doors.pages.client(owner.identity)
    page.login()
    owner.token = page.token
    assert _refusal(lambda: owner.get("/api/me")).status == 401


def test_an_answer_that_was_kept_is_given_to_its_owner_alone(doors: Doors) -> None:
    owner, key = doors.programs.verified(NAME), uuid4().hex
    path, body = "/api/me/keys/begin", {}
    kept = owner.post(path, body, idempotency_key=key)
    assert owner.post(path, body, idempotency_key=key) == kept
    thief = doors.pages.client()
    thief.token = owner.token
    assert _refusal(lambda: thief.post(path, body, idempotency_key=key)).status == 401


async def test_sockets_are_bound_too(doors: Doors) -> None:
    owner = await asyncio.to_thread(doors.programs.verified, NAME)
    assert owner.identity is not None
    own = context_of(owner.base_url, owner.identity)
    stolen = {"Authorization": f"Bearer {owner.token}"}
    path = f"/api/lots/{uuid4()}/feed?after=-1"
    address = f"{doors.programs.address.replace('https', 'wss')}{path}"
    async with connect(address, ssl=own, additional_headers=stolen) as socket:
        await socket.ping()
    async with connect(address, ssl=trusted_authorities()) as socket:
        await socket.ping()
    for place, tls in ((address, trusted_authorities()), (f"ws://127.0.0.1:{doors.node.port}{path}", None)):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(place, ssl=tls, additional_headers=stolen):
                pass
        assert refused.value.response.status_code == 403
    assert "Traceback" not in doors.node.log.read_text()


def test_the_certificate_that_signs_is_that_of_the_connection_and_each_address_has_its_origin(doors: Doors) -> None:
    owner = doors.programs.verified(NAME)
    identity, spare = owner.identity, doors.programs.identity(NAME)
    assert identity is not None
    other = doors.programs.client(spare)
    owner.post("/api/me/certificates", owner.show(spare))
    # The certificate of the connection is bound to the same enterprise, and still another than the one that signs.
    assert _reason(lambda: other.post("/api/login", other.show(identity))) == "other-client-certificate"
    assert _reason(lambda: owner.post("/api/login/again", owner.show(spare))) == "other-client-certificate"
    assert _reason(lambda: other.post("/api/login/renewed", other.show(identity))) == "other-client-certificate"
    page = doors.pages.client(identity)
    assert page.get("/api/platform")["program_origin"] == doors.programs.address
    for there, here in ((owner, page), (page, owner)):
        challenge = here.get("/api/login/challenge")
        assert challenge["origin"] == here.origin
        made = identity.show(origin=there.origin, nonce=challenge["nonce"], expires_at=challenge["expires_at"])
        assert _refusal(lambda: here.post("/api/login", made)).title == "签名不符"  # noqa: B023
    assert page.login()["actor"]["roles"] == ["bidder"]
    with doors.line() as bare:
        refused = bare.post("/api/login", json=owner.show(identity))
    assert (refused.status_code, refused.json()["facts"]["reason"]) == (409, "no-client-certificate")


def test_a_new_token_is_bound_as_the_one_before(doors: Doors) -> None:
    host, subject = doors.programs.staff("host"), doors.programs.verified(NAME)
    assert host.identity is not None
    rewrite(doors.node, "update login_session set opened_at = clock_timestamp() - interval '16 minutes'")
    before = host.token
    path = f"/api/parties/{subject.get('/api/me')['actor']['party_id']}/stop"
    assert host.post(path, {"reason": "违法失信"})["status"] == "stopped"
    assert host.token != before
    thief = doors.pages.client()
    thief.token = host.token
    assert _refusal(lambda: thief.get("/api/me")).status == 401
    # The successor of a certificate that has ended.
    owner = doors.programs.verified(OTHER)
    rewrite(doors.node, "update bound_certificate set not_after = clock_timestamp() - interval '1 second'"
                        f" where uscc = '{demo_uscc(OTHER)}'")
    assert owner.get("/api/me")["signed_in"] is False
    successor = doors.programs.client(doors.programs.identity(OTHER))
    successor.login_renewed()
    assert successor.identity is not None
    assert doors.bound_to()[-1] == successor.identity.fingerprint


def test_what_a_person_confirms_goes_to_the_program_that_asked(doors: Doors) -> None:
    owner = Person(doors.pages, NAME)
    thief, program = doors.pages.client(), doors.programs.client(owner.identity)

    def told(asked: Asked) -> None:
        assert asked.address == f"{doors.pages.address}/confirm"
        owner.confirm(asked.code)
        thief.token = program.token
        assert _reason(lambda: thief.post("/api/login/confirmation/take")) == "not-awaiting"

    program = ApiClient(doors.programs.address, owner.identity, tell=told)
    program.login()
    assert program.get("/api/me")["signed_in"] is True
    assert doors.bound_to() == [None, owner.identity.fingerprint]
    thief.token = program.token
    assert _refusal(lambda: thief.get("/api/me")).status == 401


def test_sm2_signs_in_by_the_public_address_as_ever(doors: Doors) -> None:
    identity = doors.programs.identity(NAME, kind="sm2")
    refused = _refusal(lambda: doors.programs.client(identity).login())
    assert (refused.facts["reason"], "公开地址" in refused.title) == ("no-client-certificate", True)
    client = doors.pages.client(identity)
    assert _reason(client.login) == "not-bound", "past the address: nobody has enrolled with it"


def test_the_command_line_shows_its_certificate_and_leaves_no_key_behind(doors: Doors, tmp_path: Path) -> None:
    issued = doors.programs.pki.issue(organisation=NAME, uscc=demo_uscc(NAME), kind="rsa", now=process_now())
    owner = doors.programs.verified(NAME)
    owner.post("/api/me/certificates", owner.show(ClientIdentity.of(issued)))
    file, scratch = tmp_path / "own.p12", tmp_path / "scratch"
    file.write_bytes(issued.to_pkcs12("secret"))
    scratch.mkdir()
    shown = {"YUNKAI_PLATFORM": doors.programs.address, "YUNKAI_P12": str(file), "YUNKAI_P12_PASSWORD": "secret",
             "PYTHONPATH": str(ROOT), "COLUMNS": "400", "TMPDIR": str(scratch)}
    done = subprocess.run([sys.executable, "-m", "frontend.cli", "bid", "status", "HZ-0"], cwd=tmp_path, text=True,
                          env={**os.environ, **shown}, stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                          check=False)
    assert done.returncode == 1
    assert "HZ-0" in done.stderr, "it has signed in, and found no such lot"
    assert list(scratch.iterdir()) == []
    with psycopg.connect(doors.node.settings.database_url.replace("+psycopg", "")) as line:
        bound = line.execute("select tls_certificate from login_session where certificate = %s",
                             [issued.certificate.fingerprint]).fetchall()
    assert bound == [(issued.certificate.fingerprint,)]
