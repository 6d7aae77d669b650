"""Signing in, and signing acts, with certificates of a CA on the list, which the node asks over HTTP (R-701, R-704,
R-515)."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.serialization import Encoding

from bidding.bids.tables import BidVersion
from bidding.bids.withdrawing import withdrawal_bytes
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import to_base64
from storage.crypto.demo_pki import Identity
from storage.crypto.revocation import ask_ocsp
from storage.database.engine import Sessions
from storage.kernel.clock import process_now, to_wire
from storage.kernel.identifiers import new_id
from storage.objects.store import ObjectStore
from tests.bids_world import Client, World, found_world
from tests.identities import People, declared, make_people
from tests.nodes import ROOT, NodeProcess
from tests.pki.authorities import TestAuthority, found_authority
from tests.pki.program import answer
from tests.platform_parts import StartNode
from tests.ports import draw_ports
from tests.waiting import is_up, until
from trading.parties.identity import bound
from trading.parties.model import AGREEMENT_VERSION

LONG = timedelta(days=100)


@dataclass
class Cas:
    """A node, and CAs on its list whose CRLs and answers are a program's to give."""

    node: NodeProcess
    people: People
    folder: Path
    port: int
    program: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """The program of all CAs answers from now on."""
        self.program = subprocess.Popen([sys.executable, "-m", "tests.pki.program", str(self.folder), str(self.port)],
                                        cwd=ROOT)
        until(lambda: is_up(f"http://127.0.0.1:{self.port}/{next(self.folder.iterdir()).name}/root.crl"))

    def stop(self) -> None:
        """The CAs are away."""
        assert self.program is not None
        self.program.kill()
        self.program.wait()

    def found(self, name: str, kind: str, *, by_ocsp: bool = False, **state: float) -> TestAuthority:
        """A CA on the list, proposed by one and approved by another; it gives CRLs, or of its own certificates answers
        alone. ``state``: how old its CRLs are and until when they are good."""
        made = found_authority(self.folder / name, kind, process_now())
        made.change(**state)
        base, now = f"http://127.0.0.1:{self.port}/{made.name}", process_now()
        entry = {"code": made.name, "name": f"试验 {made.name}", "valid_from": to_wire(now - LONG),
                 "valid_to": to_wire(now + LONG), "certificates": made.chain_pem,
                 "crl_addresses": [f"{base}/root.crl", *([] if by_ocsp else [f"{base}/issuing.crl"])],
                 "ocsp_addresses": [f"{base}/ocsp"] if by_ocsp else []}
        change = {"changes": [entry], "reason": "互认"}
        proposed = self.people.staff("security").act("/api/trust-list/proposals", change)
        self.people.staff("supervisor").act(f"/api/trust-list/proposals/{proposed['id']}/approve", {})
        return made

    def until_crls(self, authority: TestAuthority, state: str = "fresh") -> None:
        """Until the CRLs of the CA stand so on the public list."""
        def there() -> bool:
            found = [each["state"] for each in httpx.get(f"{self.node.address}/api/trust-list").json()["sources"]
                     if f"/{authority.name}/" in each["address"]]
            return set(found) == {state}
        until(there)

    def ask_again(self) -> None:
        """As the passing of half a CRL's term would: every source is due."""
        _rewrite(self.node, "update revocation_source set due_at = clock_timestamp()")

    def grounds(self, identity: Identity) -> list[tuple[list[str], set[str]]]:
        """On what sign-ins by the certificate rest, the first first: flags, and the kinds of words kept for them."""
        kept = _rewrite(self.node, "select v.flags, array_agg(distinct e.kind) from certificate_validation v "
                        "join trust_evidence e on (v.crls || v.ocsps) @> jsonb_build_array(e.sha256) where "
                        f"v.fingerprint = '{identity.certificate.fingerprint}' group by v.digest order by v.first_at")
        return [(flags, set(kinds)) for flags, kinds in kept]

    def hold_answer(self, authority: TestAuthority, identity: Identity, ends_at: datetime) -> None:
        """The newest answer that the node holds about the certificate ended then, as the passing of time does."""
        issuer = asn1.Certificate.load(authority.certificate("issuing").public_bytes(Encoding.DER))
        question = ask_ocsp(int(identity.certificate.serial, 16), issuer)
        der = answer(authority, question, ends_at - timedelta(seconds=authority.state["crl_seconds"]))
        digest, scope = sha256(der).hexdigest(), f"{issuer.sha256.hex()}:{identity.certificate.serial}"
        _rewrite(self.node, f"insert into trust_evidence values ('{digest}', 'ocsp', '\\x{der.hex()}', now())")
        _rewrite(self.node, f"update revocation_source set evidence = '{digest}', "
                 f"next_update = '{ends_at.isoformat()}' where scope = '{scope}'")

    def enrol(self, identity: Identity, name: str) -> ApiClient:
        """Signed in for the first time; validation has judged the certificate."""
        client = self.people.client(ClientIdentity.of(identity))
        client.enrol(declared(name), AGREEMENT_VERSION)
        return client


def _rewrite(node: NodeProcess, statement: str) -> list[Any]:
    with psycopg.connect(node.settings.database_url.replace("+psycopg", ""), autocommit=True) as connection:
        done = connection.execute(statement.encode())
        return done.fetchall() if done.description else []


def why(act: Callable[[], Any]) -> str:
    """The reason for which a certificate is refused."""
    with pytest.raises(ApiError) as refused:
        act()
    return str(refused.value.facts["reason"])


@pytest.fixture
def cas(start_node: StartNode, tmp_path: Path) -> Iterator[Cas]:
    """A CA on the list that gives CRLs; its program answers."""
    node = start_node(limit_factor=0)
    (tmp_path / "cas").mkdir()
    made = Cas(node, make_people(node.settings, node.address), tmp_path / "cas", draw_ports(1)[0])
    made.found("by-crl", "rsa")
    made.start()
    made.until_crls(TestAuthority(made.folder / "by-crl"))
    yield made
    made.stop()


def name_of() -> str:
    """A name of an enterprise that nobody else has."""
    return f"试验企业{new_id().hex[:8]}"


@pytest.mark.cts("A-12", "A-13")
def test_certificates_that_have_ended_are_revoked_or_of_a_wrong_use_sign_nobody_in(cas: Cas) -> None:
    authority, now = TestAuthority(cas.folder / "by-crl"), process_now()
    begins = now - timedelta(days=10)
    for refused, issued in (("expired", {"days": 9.0}), ("usage", {"usage": "wrap"})):
        name = name_of()
        assert why(lambda: cas.enrol(authority.issue(name, begins=begins, **issued), name)) == refused  # noqa: B023
    name = name_of()
    held = authority.issue(name, begins=begins)
    client = cas.enrol(held, name)
    assert client.get("/api/me")["signed_in"] is True
    authority.revoke(held, process_now() - timedelta(seconds=1))
    cas.ask_again()
    until(lambda: _is_refused(client, "revoked"))
    stranger = found_authority(cas.folder.parent / "stranger", "ec-p256", now)
    assert why(lambda: cas.enrol(stranger.issue(name_of(), begins=begins), name_of())) in {"untrusted", "not-listed"}


def _is_refused(client: ApiClient, reason: str) -> bool:
    try:
        client.login()
    except ApiError as refusal:
        return refusal.facts.get("reason") == reason
    return False


@pytest.mark.cts("A-12", "A-13")
def test_a_renewed_certificate_signs_in_once_the_old_one_has_ended(cas: Cas) -> None:
    authority, name = TestAuthority(cas.folder / "by-crl"), name_of()
    begins, seconds = process_now() - timedelta(hours=1), 3630
    short = authority.issue(name, begins=begins, days=seconds / 86400)
    client = cas.enrol(short, name)
    party = client.get("/api/me")["party"]["id"]
    renewed = cas.people.client(ClientIdentity.of(authority.issue(name, begins=begins)))
    assert renewed.identity is not None
    early = why(lambda: renewed.post("/api/login/renewed", renewed.show(renewed.identity)))
    assert early == "still-usable"
    until(lambda: _is_refused(client, "expired"))
    answer = renewed.login_renewed()
    assert answer["actor"]["party_id"] == party


@pytest.mark.cts("A-12", "A-13")
def test_a_ca_that_answers_is_asked_about_each_certificate_and_what_it_answered_is_kept(cas: Cas) -> None:
    authority, begins = cas.found("by-ocsp", "ec-p256", by_ocsp=True), process_now() - timedelta(days=10)
    cas.until_crls(authority)
    for refused, issued in (("expired", {"days": 9.0}), ("usage", {"usage": "wrap"})):
        name = name_of()
        assert why(lambda: cas.enrol(authority.issue(name, begins=begins, **issued), name)) == refused  # noqa: B023
    name, lost = name_of(), name_of()
    never = authority.issue(lost, begins=begins)
    authority.revoke(never, process_now() - timedelta(seconds=1))
    assert why(lambda: cas.enrol(never, lost)) == "revoked"
    held = authority.issue(name, begins=begins)
    client = cas.enrol(held, name)
    assert cas.grounds(held) == [([], {"crl", "ocsp"})]
    party = client.get("/api/me")["party"]["id"]
    authority.revoke(held, process_now() - timedelta(seconds=1))
    cas.ask_again()
    until(lambda: _is_refused(client, "revoked"))
    fresh = authority.issue(name, begins=begins)
    renewed = cas.people.client(ClientIdentity.of(fresh))
    assert renewed.identity is not None
    answer = renewed.post("/api/login/renewed", renewed.show(renewed.identity))
    assert answer["actor"]["party_id"] == party
    cas.stop()
    renewed.login()
    assert cas.grounds(fresh) == [([], {"crl", "ocsp"})], "the answer is good for its term"
    unasked = name_of()
    assert why(lambda: cas.enrol(authority.issue(unasked, begins=begins), unasked)) == "revocation-unknown"


@pytest.mark.cts("A-12", "A-13")
def test_with_the_ca_away_its_last_crl_counts_and_is_flagged_until_the_grace_is_over(cas: Cas) -> None:
    grace = cas.node.settings.revocation_grace_hours * 3600
    late = cas.found("long-away", "ec-p256", crl_age=grace + 7200, crl_seconds=45 - grace)
    cas.until_crls(late, "late")
    cas.stop()
    name, begins = name_of(), process_now() - timedelta(days=10)
    held = late.issue(name, begins=begins)
    client = cas.enrol(held, name)
    assert cas.grounds(held) == [(["cached-crl"], {"crl"})]
    until(lambda: _is_refused(client, "revocation-unknown"))
    name = name_of()
    held = TestAuthority(cas.folder / "by-crl").issue(name, begins=begins)
    cas.enrol(held, name)
    assert cas.grounds(held) == [([], {"crl"})], "away, but its CRL has not ended"


@dataclass
class Signer:
    """A bidder signed in by a certificate whose CA answers about it; it signs submissions and withdrawals."""

    world: World
    store: ObjectStore
    api: ApiClient
    held: Identity

    async def uploaded(self) -> BidVersion:
        """A version that the node has read back, and that waits for its submission."""
        version = await Client(self.world, self.world.bidders[0], self.store).upload()
        desk = f"/api/lots/{self.world.lot.id}/bid"
        until(lambda: (str(version.id), "uploaded") in [
            (each["id"], each["status"]) for each in self.api.get(desk)["bid"]["versions"]])
        return version

    def submit(self, version: BidVersion) -> str:
        """The number of the receipt."""
        return str(self.api.post(f"/api/bid-versions/{version.id}/submit")["number"])

    def withdraw(self, version: BidVersion, receipt: str) -> dict[str, Any]:
        """Signed anew; the answer."""
        signed = self.held.sign(withdrawal_bytes(self.world.lot.code, version.bid_id, version.number, receipt))
        answered: dict[str, Any] = self.api.post(f"/api/bids/{version.bid_id}/withdraw",
                                                 {"signature": to_base64(signed)})
        return answered


async def signer_of(cas: Cas, authority: TestAuthority, sessions: Sessions, store: ObjectStore) -> Signer:
    """A lot that takes bids at the node, and its bidder with a certificate of that CA."""
    settings, now = cas.node.settings, process_now()
    world = await found_world(sessions, settings.key_directory, settings.trust_directory, bidders=1)
    bidder = world.bidders[0]
    held = authority.issue(bidder.party.name, begins=now - timedelta(days=10), uscc=bidder.party.uscc)
    bidder.identities[:] = [held]
    async with sessions() as session:
        session.add(bound(held.certificate, bidder.party.id, now))
        await session.commit()
    api = cas.people.client(ClientIdentity.of(held))
    api.login()
    return Signer(world, store, api, held)


@pytest.mark.cts("A-12", "A-90")
async def test_an_act_is_signed_on_what_the_ca_answers_then_on_its_last_answer_and_then_not(
        cas: Cas, sessions: Sessions, object_store: ObjectStore) -> None:
    authority = cas.found("signs", "ec-p256", by_ocsp=True)
    cas.until_crls(authority)
    signer = await signer_of(cas, authority, sessions, object_store)
    grace = timedelta(hours=cas.node.settings.revocation_grace_hours)
    first, sound = await signer.uploaded(), ([], {"crl", "ocsp"})
    receipt = signer.submit(first)
    assert cas.grounds(signer.held) == [sound] * 3, "to sign in, to be sealed to, and to submit"
    cas.stop()
    assert signer.withdraw(first, receipt)["number"], "with the CA away its answer is good for its term"
    assert cas.grounds(signer.held) == [sound] * 3
    second = await signer.uploaded()
    cas.hold_answer(authority, signer.held, process_now() - grace / 2)
    receipt = signer.submit(second)
    cached = (["cached-ocsp"], {"crl", "ocsp"})
    assert cas.grounds(signer.held)[3:] == [cached] * 2, "to submit, and as what the bid is sealed to"
    cas.hold_answer(authority, signer.held, process_now() - grace - timedelta(minutes=1))
    assert why(lambda: signer.withdraw(second, receipt)) == "revocation-unknown"
    authority.revoke(signer.held, process_now() - timedelta(seconds=1))
    cas.start()
    cas.ask_again()
    until(lambda: why(lambda: signer.withdraw(second, receipt)) == "revoked")
