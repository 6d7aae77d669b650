"""Fault 36: a session alone, stolen or left open, neither releases, scores, refunds nor appoints: the certificate must
have signed a few minutes ago. A program signs by itself; the token is another one afterwards. Where its party has a
security key, a person confirms it in a browser."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from frontend.cli.client import ApiClient, ApiError, Asked
from frontend.cli.identity import ClientIdentity
from frontend.server.permissions import PERMISSIONS
from storage.crypto.demo_pki import demo_uscc
from storage.kernel.clock import process_now
from storage.kernel.permission import asks_fresh_proof, takes_key
from tests.identities import People, declared, make_people
from tests.nodes import ROOT, NodeProcess, rewrite
from tests.soft_key import SoftKey
from tests.waiting import quarter_with
from trading.parties.model import AGREEMENT_VERSION

GRAVE = {
    "restoreParts", "completeRestoration",
    "releaseBid", "releaseShares", "beginDecryption", "announcePrices", "concludeOpening", "submitReview",
    "commitScores", "revealScores", "restartRound", "askDepositRefund", "decideForfeiture", "retryDepositRefund",
    "decideGuaranteeClaim", "confirmWinner", "proposeAppointment", "approveAppointment", "approveTrustChange",
    "disclosePartyData", "stopParty", "bindCertificate", "unbindCertificate",
    "endSession", "endAllSessions"}


def test_grave_acts_ask_for_a_fresh_proof() -> None:
    assert {operation for operation in GRAVE if not asks_fresh_proof(PERMISSIONS, operation)} == set()
    assert {operation for operation in GRAVE if not takes_key(PERMISSIONS, operation)} == {
        "proposeAppointment", "approveAppointment", "approveTrustChange", "bindCertificate", "unbindCertificate"}


def _age(node: NodeProcess, minutes: int) -> None:
    """Every session was opened, and proven, so long ago; all are in use."""
    with psycopg.connect(node.settings.database_url.replace("+psycopg", ""), autocommit=True) as line:
        line.execute("update login_session set opened_at = clock_timestamp() - make_interval(mins => %s), "
                     "proven_at = null, key_proven_at = null", [minutes])


def _ask(people: People, token: str | None, path: str, body: dict[str, object]) -> httpx.Response:
    return httpx.post(f"{people.address}{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=20)


def test_a_stolen_session_does_nothing_grave_and_its_owner_signs_once_more(node: NodeProcess) -> None:
    people = make_people(node.settings, node.address)
    host, subject = people.staff("host"), people.verified("江苏苍梧建设有限公司")
    path = f"/api/parties/{subject.get('/api/me')['actor']['party_id']}/stop"
    body: dict[str, object] = {"reason": "违法失信"}
    _age(node, 14)
    thief = ApiClient(people.address)
    thief.token = host.token
    assert thief.get("/api/parties")["total"] >= 1, "reading goes on"
    _age(node, 16)
    refused = _ask(people, host.token, path, body)
    assert (refused.status_code, refused.json()["code"]) == (403, "proof-needed")
    with pytest.raises(ApiError) as error:
        thief.post(path, body)
    assert error.value.code == "proof-needed", "without the key there is no proof"
    assert subject.identity is not None
    for stranger in (subject.identity, people.identity("另一家有限公司")):
        with pytest.raises(ApiError) as error:
            thief.post("/api/login/again", thief.show(stranger))
        assert error.value.facts["reason"] == "not-bound"
    before = host.token
    assert host.post(path, body)["status"] == "stopped", "the program proved its certificate by itself"
    assert host.token != before
    assert thief.get("/api/me")["signed_in"] is False, "the old token is dead"
    assert [line["is_this"] for line in host.get("/api/me/sessions")] == [True], "it is the same session"
    assert _ask(people, host.token, path.replace("stop", "allow"), body).status_code == 200, "fresh for a while"


class Person:
    """Somebody of an enterprise at a browser: signed in by certificate, with a key registered, which the session has
    shown."""

    def __init__(self, people: People, name: str) -> None:
        self.issued = people.pki.issue(organisation=name, uscc=demo_uscc(name), kind="ec-p256", now=process_now())
        self.identity, self.key = ClientIdentity.of(self.issued), SoftKey(people.address)
        self.client = people.client(self.identity)
        self.client.enrol(declared(name), AGREEMENT_VERSION)
        self.client.post("/api/me/enrolment/declare")
        made = self.key.register(self.client.post("/api/me/keys/begin"))
        shown = {**self.client.show(self.identity), "name": "办公室钥匙", "credential": made}
        self.client.token = self.client.post("/api/me/keys", shown)["token"]

    def find(self, code: str) -> Any:
        return self.client.post("/api/me/confirmations/find", {"code": code})

    def confirm(self, code: str, key: SoftKey | None = None) -> None:
        asked = self.client.post("/api/login/again/key/begin")
        self.client.post("/api/me/confirmations", {"code": code, "credential": (key or self.key).sign(asked)})

    def refuse(self, code: str) -> None:
        self.client.post("/api/me/confirmations/refuse", {"code": code})

    def program(self, told: Callable[[Asked], None]) -> ApiClient:
        """A program with the certificate, which tells what a person is to do."""
        return ApiClient(self.client.base_url, self.identity, tell=told)


def _code_of(act: Callable[[], object]) -> str:
    with pytest.raises(ApiError) as error:
        act()
    return error.value.code


def test_a_program_of_who_has_a_key_goes_on_when_a_person_of_the_same_party_confirms_it(node: NodeProcess) -> None:
    people = make_people(node.settings, node.address)
    owner, other = Person(people, "江苏苍梧建设有限公司"), Person(people, "南京海州市政工程有限公司")
    proofs: list[bool] = []

    def confirmed(asked: Asked) -> None:
        assert asked.address == f"{people.address}/confirm"
        assert _code_of(lambda: other.find(asked.code)) == _code_of(lambda: owner.find("BBBB-BBBB")) == "not-found"
        assert _code_of(lambda: other.confirm(asked.code)) == "not-found", "nobody of another party confirms it"
        found = owner.find(asked.code.lower().replace("-", " "))
        assert (found["device"], found["address"]) == ("yunkai-cli", "127.0.0.1")
        proofs.append(found["is_proof"])
        assert _code_of(lambda: owner.confirm(asked.code, other.key)) == "refused", "a key of another party"
        owner.confirm(asked.code)
        assert _code_of(lambda: owner.confirm(asked.code)) == "not-found", "once"

    program = owner.program(confirmed)
    assert program.login()["actor"]["roles"] == ["bidder"]
    first, release = program.token, f"/api/lots/{uuid4()}/releases/bidder"
    _age(node, 16)
    for proves in (lambda: None, lambda: setattr(program, "token", _sign_again(program))):
        proves()
        refused = _ask(people, program.token, release, {}).json()
        assert (refused["code"], refused["facts"]["by"]) == ("proof-needed", "confirmation"), "no certificate will do"
    assert _code_of(lambda: program.post(release, {})) == "invalid", "past the door"
    assert proofs == [False, True]
    assert program.token != first
    assert len(owner.client.get("/api/me/sessions")) == 2


def _sign_again(program: ApiClient) -> str:
    assert program.identity is not None
    return str(program.post("/api/login/again", program.show(program.identity))["token"])


def test_a_code_is_good_for_minutes_for_its_program_and_asked_and_guessed_so_often(node: NodeProcess) -> None:
    people = make_people(node.settings, node.address)
    owner = Person(people, "江苏苍梧建设有限公司")
    past = "update confirmation set expires_at = clock_timestamp()"
    for told, words in ((lambda asked: owner.refuse(asked.code), "被拒绝"), (lambda _: rewrite(node, past), "限时")):
        with pytest.raises(ApiError) as error:
            owner.program(told).login()
        assert (error.value.code in {"second-factor", "refused"}, words in error.value.title) == (True, True)
    quarter_with(90)
    with httpx.Client(base_url=people.address, timeout=20) as line:
        token = line.post("/api/login", json=owner.client.show(owner.identity)).json()["token"]
        line.headers["Authorization"] = f"Bearer {token}"
        code = line.post("/api/login/confirmation").json()["code"]
        assert line.post("/api/login/confirmation/take").json() == {"state": "waiting", "signed_in": None}
        assert line.get("/api/me").json()["signed_in"] is False
        assert line.post("/api/me/confirmations/find", json={"code": code}).status_code == 401, "not by itself"
        line.post("/api/login/confirmation")
        assert _code_of(lambda: owner.find(code)) == "not-found", "its later code takes the place of the earlier one"
        answers = [line.post("/api/login/confirmation").status_code for _ in range(45)]
        assert (answers[0], answers[-1]) == (201, 429)
    with httpx.Client(base_url=people.address, timeout=20) as line:
        assert line.post("/api/login/confirmation").json()["facts"]["reason"] == "not-awaiting", "no certificate yet"
    wrong = [_code_of(lambda: owner.find("ZZZZ-ZZZZ")) for _ in range(25)]
    assert (wrong[0], wrong[-1]) == ("not-found", "too-many")


def test_the_command_line_says_what_to_do_and_waits(node: NodeProcess, tmp_path: Path) -> None:
    people = make_people(node.settings, node.address)
    owner, file = Person(people, "江苏苍梧建设有限公司"), tmp_path / "own.p12"
    file.write_bytes(owner.issued.to_pkcs12("secret"))
    shown = {"YUNKAI_PLATFORM": people.address, "YUNKAI_P12": str(file), "YUNKAI_P12_PASSWORD": "secret"}
    with subprocess.Popen([sys.executable, "-m", "frontend.cli", "bid", "status", "HZ-0"], cwd=tmp_path, text=True,
                          env={**os.environ, **shown, "PYTHONPATH": str(ROOT), "COLUMNS": "400"},
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        told = process.stderr.readline()
        code = re.search(r"[A-Z]{4}-[A-Z]{4}", told)
        assert code, told
        assert f"{people.address}/confirm" in told
        owner.confirm(code[0])
        assert "HZ-0" in process.stderr.read(), "it has signed in, and found no such lot"
    assert process.returncode == 1
