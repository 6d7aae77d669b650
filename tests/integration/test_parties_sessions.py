"""Signing in by certificate, and what becomes of sessions (R-701, R-704, R-1013, A-12, A-13)."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import psycopg
import pytest

from frontend.cli.client import ApiError
from storage.kernel.clock import process_now
from tests.identities import People, declared, make_people
from tests.nodes import NodeProcess, rewrite
from tests.platform_parts import StartNode
from trading.parties.model import AGREEMENT_VERSION

NAME = "江苏苍梧建设有限公司"


@pytest.fixture
def people(node: NodeProcess) -> People:
    """Those who speak to this test's node."""
    return make_people(node.settings, node.address)


@pytest.mark.parametrize("kind", ["ec-p256", "rsa"])
def test_an_enterprise_enrols_signs_in_and_out(people: People, kind: str) -> None:
    identity = people.identity(NAME, kind="rsa" if kind == "rsa" else "ec-p256")
    client = people.client(identity)
    client.enrol(declared(NAME), AGREEMENT_VERSION)
    client.post("/api/me/enrolment/declare")
    client.logout()
    assert client.get("/api/me")["signed_in"] is False
    opened = client.login()
    assert opened["actor"]["roles"] == ["bidder"]
    me = client.get("/api/me")
    assert me["actor"]["certificate"] == identity.fingerprint
    assert me["certificates"][0]["key_kind"] == kind


def test_more_sign_in_at_once_than_the_pool_has_lines(start_node: StartNode) -> None:
    node = start_node(database_pool=3)
    people = make_people(node.settings, node.address)
    clients = [people.verified(f"江苏苍梧第{number}建设有限公司") for number in range(12)]
    shown = [client.show(client.identity) for client in clients if client.identity is not None]
    with ThreadPoolExecutor(len(shown)) as pool:
        answers = [*pool.map(lambda each: httpx.post(f"{node.address}/api/login", json=each, timeout=60), shown)]
    said = [answer.status_code for answer in answers]
    if 503 in said:
        raise TimeoutError(f"requests waited for a line in vain: {said}")
    assert said == [201] * len(clients)


def test_the_token_is_stored_nowhere_and_no_script_reads_the_cookie(people: People, node: NodeProcess) -> None:
    client = people.verified(NAME)
    assert client.identity is not None
    with psycopg.connect(node.settings.database_url.replace("+psycopg", "")) as connection:
        rows = connection.execute("select login_session::text from login_session").fetchall()
        acts = connection.execute("select ledger_outbox::text from ledger_outbox").fetchall()
    assert rows
    assert client.token not in str(rows) + str(acts)
    answer = httpx.post(f"{node.address}/api/login", json=client.show(client.identity))
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    with httpx.Client(cookies=answer.cookies) as browser:
        assert browser.get(f"{node.address}/api/me").json()["signed_in"] is True


def test_a_challenge_is_good_once_for_its_key_its_origin_and_two_minutes(people: People, node: NodeProcess) -> None:
    client = people.verified(NAME)
    stranger = people.identity(NAME)
    assert client.identity is not None
    proof = client.show(client.identity)
    client.post("/api/login", proof)
    challenge = client.get("/api/login/challenge")
    fresh = {"nonce": challenge["nonce"], "expires_at": challenge["expires_at"]}
    attempts = [
        proof,
        client.show(client.identity) | {"signature": proof["signature"]},
        client.show(stranger) | {"certificate": client.identity.certificate.pem},
        client.identity.show(origin="http://127.0.0.1:1", **fresh),
        client.identity.show(origin=client.origin, nonce=base64.b64encode(bytes(32)).decode(),
                             expires_at=challenge["expires_at"]),
    ]
    for attempt in attempts:
        with pytest.raises(ApiError) as error:
            client.post("/api/login", attempt)
        assert error.value.status == 409
    late = client.show(client.identity)
    rewrite(node, "update login_nonce set expires_at = expires_at - interval '121 seconds'")
    with pytest.raises(ApiError) as error:
        client.post("/api/login", late)
    assert error.value.status == 409


def test_a_signature_that_failed_has_used_its_challenge_up(people: People) -> None:
    client = people.verified(NAME)
    assert client.identity is not None
    good = client.show(client.identity)
    for signature in (base64.b64encode(b"x" * 70).decode(), good["signature"]):
        with pytest.raises(ApiError) as error:
            client.post("/api/login", good | {"signature": signature})
    assert error.value.facts["reason"] == "challenge"


@pytest.mark.cts("A-12")
def test_several_certificates_are_bound_and_unbound_and_only_bound_ones_sign_in(people: People) -> None:
    client = people.verified(NAME)
    spare, foreign = people.identity(NAME, kind="rsa"), people.identity("另一家有限公司")
    with pytest.raises(ApiError) as error:
        people.client(spare).login()
    assert error.value.facts["reason"] == "not-bound"
    with pytest.raises(ApiError) as error:
        client.post("/api/me/certificates", client.show(foreign))
    assert error.value.facts["reason"] == "other-enterprise"
    assert len(client.post("/api/me/certificates", client.show(spare))["certificates"]) == 2
    second = people.client(spare)
    second.login()
    client.delete(f"/api/me/certificates/{spare.fingerprint}")
    assert second.get("/api/me")["signed_in"] is False
    with pytest.raises(ApiError):
        second.login()
    assert client.identity is not None
    with pytest.raises(ApiError) as error:
        client.delete(f"/api/me/certificates/{client.identity.fingerprint}")
    assert error.value.facts["reason"] == "last-certificate"
    assert len(client.post("/api/me/certificates", client.show(spare))["certificates"]) == 2


@pytest.mark.cts("A-12")
def test_a_certificate_with_another_name_waits_for_the_centre(people: People) -> None:
    found = people.waiting(NAME).get("/api/me")["party"]
    assert found["status"] == "declared"
    assert [rule["number"] for rule in found["doubts"]] == ["R-701/2"]


@pytest.mark.cts("A-13")
def test_a_certificate_near_its_end_warns_and_one_past_it_is_refused(people: People, node: NodeProcess) -> None:
    near = people.client(people.identity(NAME, days=20))
    opened = near.enrol(declared(NAME), AGREEMENT_VERSION)
    assert "certificate-ends-soon" in [each["code"] for each in opened["warnings"]]
    assert "certificate-ends-soon" in [each["code"] for each in near.login()["warnings"]]
    past = people.client(people.identity("海州路桥有限公司", days=20, age=timedelta(days=30)))
    with pytest.raises(ApiError) as error:
        past.enrol(declared("海州路桥有限公司"), AGREEMENT_VERSION)
    assert error.value.facts["reason"] == "expired"
    # The end comes while a session is open: the session is over with the certificate.
    rewrite(node, "update bound_certificate set not_after = clock_timestamp() - interval '1 second'"
                  f" where uscc = '{declared(NAME)['uscc']}'")
    assert near.get("/api/me")["signed_in"] is False


def test_a_revoked_certificate_neither_signs_in_nor_declares(people: People) -> None:
    client = people.enrolled(NAME)
    assert client.identity is not None
    people.pki.revoke(client.identity.certificate, now=process_now() - timedelta(minutes=1))
    for attempt in (client.login, lambda: client.post("/api/me/enrolment/declare")):
        with pytest.raises(ApiError) as error:
            attempt()
        assert error.value.facts["reason"] == "revoked"


def test_a_session_ends_after_fifteen_idle_minutes_and_after_twelve_hours(people: People, node: NodeProcess) -> None:
    client = people.verified(NAME)
    rewrite(node, "update login_session set seen_at = seen_at - interval '14 minutes'")
    assert client.get("/api/me")["signed_in"] is True
    rewrite(node, "update login_session set seen_at = seen_at - interval '14 minutes'")
    assert client.get("/api/me")["signed_in"] is True, "the request before has kept the session awake"
    rewrite(node, "update login_session set seen_at = seen_at - interval '15 minutes 1 second'")
    assert client.get("/api/me")["signed_in"] is False
    client.login()
    rewrite(node, "update login_session set opened_at = opened_at - interval '12 hours 1 second'")
    assert client.get("/api/me")["signed_in"] is False


def test_an_appointment_ends_the_sessions_of_the_appointed(people: People) -> None:
    clerk, one, other = people.verified(NAME), people.staff("security"), people.staff("security-2")
    path = f"/api/parties/{clerk.get('/api/me')['actor']['party_id']}/appointments"
    wanted = {"role": "centre", "reason": "调入"}
    with pytest.raises(ApiError) as error:
        people.staff("host").post(path, wanted)
    assert error.value.status == 403
    made = one.post(path, wanted)
    other.post(f"/api/appointments/{made['id']}/approve", {})
    assert clerk.get("/api/me")["signed_in"] is False, "another role, another session"
    clerk.login()
    assert clerk.get("/api/me")["actor"]["roles"] == ["centre"], "staff act as staff alone (R-200)"


def test_r_704_a_renewed_certificate_takes_over_only_when_the_old_ones_have_ended(
        people: People, node: NodeProcess) -> None:
    old = people.verified(NAME)
    renewed = people.client(people.identity(NAME))
    other_name = people.client(people.identity(f"{NAME}分公司", uscc=declared(NAME)["uscc"]))
    assert renewed.identity is not None
    assert other_name.identity is not None
    with pytest.raises(ApiError) as error:
        renewed.post("/api/login/renewed", renewed.show(renewed.identity))
    assert error.value.facts["reason"] == "still-usable"
    rewrite(node, "update bound_certificate set not_after = clock_timestamp() - interval '1 second'"
                  f" where uscc = '{declared(NAME)['uscc']}'")
    with pytest.raises(ApiError) as error:
        other_name.post("/api/login/renewed", other_name.show(other_name.identity))
    assert error.value.facts["reason"] == "other-name"
    opened = renewed.login_renewed()
    assert opened["actor"]["name"] == NAME
    assert old.get("/api/me")["signed_in"] is False
    assert renewed.login()["actor"]["roles"] == ["bidder"]
