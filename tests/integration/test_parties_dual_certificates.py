"""SM2 dual certificates at the platform's door: both halves are bound as a pair, each serves its own use (R-702)."""

import secrets
from dataclasses import replace
from datetime import timedelta

import pytest

from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.login import login_message
from storage.crypto.signatures import sign
from tests.identities import People, declared, make_people
from tests.nodes import NodeProcess
from trading.parties.model import AGREEMENT_VERSION

NAME = "江苏国密建设有限公司"


@pytest.fixture
def people(node: NodeProcess) -> People:
    """Those who speak to this test's node."""
    return make_people(node.settings, node.address)


def enrolled(people: People, name: str = NAME) -> tuple[ApiClient, ClientIdentity]:
    identity = people.identity(name, kind="sm2")
    client = people.client(identity)
    client.enrol(declared(name), AGREEMENT_VERSION)
    client.post("/api/me/enrolment/declare")
    return client, identity


def refused(client: ApiClient, path: str, body: object) -> ApiError:
    with pytest.raises(ApiError) as error:
        client.post(path, body)
    return error.value


@pytest.mark.cts("A-12")
def test_a_pair_enrols_signs_in_and_is_shown_as_a_pair(people: People) -> None:
    client, identity = enrolled(people)
    assert client.login()["actor"]["roles"] == ["bidder"]
    held = {each["fingerprint"]: each for each in client.get("/api/me")["certificates"]}
    half = identity.recipient.fingerprint
    assert {name: (each["key_kind"], each["signing"]) for name, each in held.items()} == {
        identity.fingerprint: ("sm2", None), half: ("sm2", identity.fingerprint)}


def test_the_encryption_half_signs_nobody_in(people: People) -> None:
    client, identity = enrolled(people)
    half = identity.encryption
    assert half is not None
    error = refused(client, "/api/login", client.show(ClientIdentity(half.certificate, half.key)))
    assert error.facts["reason"] == "usage"


def test_what_is_no_pair_is_not_bound(people: People) -> None:
    client, identity = enrolled(people)
    fresh, other = people.identity(NAME, kind="sm2"), people.identity("另一家国密有限公司", kind="sm2")
    late = people.identity(NAME, kind="sm2", days=1, age=timedelta(days=3))
    crossed = replace(fresh, encryption=other.encryption)
    assert refused(client, "/api/me/certificates", client.show(crossed, as_pair=True)).facts["reason"] == "pair"
    expired = replace(fresh, encryption=late.encryption)
    assert refused(client, "/api/me/certificates", client.show(expired, as_pair=True)).facts["reason"] == "expired"
    halves = [client.show(fresh, as_pair=True), client.show(fresh)]
    swapped = halves[0] | {"encryption": identity.recipient.pem}  # another half than was signed over
    assert refused(client, "/api/me/certificates", swapped).code == "signature-refused"
    added = halves[1] | {"encryption": fresh.recipient.pem}
    assert refused(client, "/api/me/certificates", added).code == "signature-refused"
    assert len(client.get("/api/me")["certificates"]) == 2


@pytest.mark.cts("A-12")
def test_a_pair_is_bound_beside_another_certificate_and_unbound_whole(people: People) -> None:
    client = people.verified(NAME)
    identity = people.identity(NAME, kind="sm2")
    shown = client.post("/api/me/certificates", client.show(identity, as_pair=True))["certificates"]
    assert len(shown) == 3
    half = identity.recipient.fingerprint
    with pytest.raises(ApiError) as error:
        client.delete(f"/api/me/certificates/{half}")
    assert error.value.facts["reason"] == "pair"
    client.delete(f"/api/me/certificates/{identity.fingerprint}")
    assert [each["key_kind"] for each in client.get("/api/me")["certificates"]] == ["ec-p256"]
    assert len(client.post("/api/me/certificates", client.show(identity, as_pair=True))["certificates"]) == 3


def test_an_encryption_half_is_bound_later_and_anew(people: People) -> None:
    identity = people.identity(NAME, kind="sm2")
    client = people.client(replace(identity, encryption=None))
    client.enrol(declared(NAME), AGREEMENT_VERSION)
    client.post("/api/me/enrolment/declare")
    assert len(client.get("/api/me")["certificates"]) == 1
    assert len(client.post("/api/me/certificates", client.show(identity, as_pair=True))["certificates"]) == 2
    error = refused(client, "/api/me/certificates", client.show(identity, as_pair=True))
    assert error.status == 409
    anew = replace(identity, encryption=people.identity(NAME, kind="sm2").encryption)
    held = client.post("/api/me/certificates", client.show(anew, as_pair=True))["certificates"]
    assert [each["signing"] for each in held].count(identity.fingerprint) == 2
    spare = people.client(people.identity(NAME))
    assert spare.identity is not None
    client.post("/api/me/certificates", client.show(spare.identity))
    spare.login()
    spare.delete(f"/api/me/certificates/{identity.fingerprint}")
    assert [each["key_kind"] for each in spare.get("/api/me")["certificates"]] == ["ec-p256"]


def test_the_last_certificate_that_signs_stays(people: People) -> None:
    client, identity = enrolled(people)
    with pytest.raises(ApiError) as error:
        client.delete(f"/api/me/certificates/{identity.fingerprint}")
    assert error.value.facts["reason"] == "last-certificate"


def test_a_login_signed_under_another_identifier_is_refused(people: People) -> None:
    """What OpenSSL signs without being told an identifier is no signature here, nor is ECDSA by the same key."""
    client, identity = enrolled(people)
    challenge = client.get("/api/login/challenge")
    message = login_message(origin=client.origin, nonce=from_base64(challenge["nonce"], "nonce"),
                            expires_at=challenge["expires_at"], fingerprint=identity.fingerprint)
    shown = {"certificate": identity.certificate.pem, "nonce": challenge["nonce"],
             "expires_at": challenge["expires_at"]}
    foreign = people.identity(NAME)
    error = refused(client, "/api/login", shown | {"signature": to_base64(sign(foreign.key, message))})
    assert error.code == "signature-refused"
    error = refused(client, "/api/login", client.show(identity) | {"signature": to_base64(secrets.token_bytes(70))})
    assert error.code == "signature-refused"
