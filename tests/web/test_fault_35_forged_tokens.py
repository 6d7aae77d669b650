"""Fault 35: tokens that somebody made alone are nobody's: none, HS256 under public keys, a kid that is a path, another
issuer. Sessions are rows under the digest of a random token; nothing that a token says of itself is ever believed."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from storage.crypto.platform_keys import load_platform_keys
from storage.kernel.clock import process_now
from tests.nodes import NodeProcess

CLAIMS = {"sub": "party:00000000-0000-4000-8000-000000000000", "iss": "yunkai",
          "roles": ["centre", "security_administrator"], "exp": 4_000_000_000}


def _part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _signed(header: dict[str, str], key: bytes, claims: object = CLAIMS) -> str:
    said = f"{_part(header)}.{_part(claims)}"
    mark = hmac.new(key, said.encode(), hashlib.sha256).digest()
    return f"{said}.{urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def _public(node: NodeProcess, encoding: Encoding) -> bytes:
    keys = load_platform_keys(node.settings.key_directory, name=node.settings.platform_name, now=process_now())
    shown = x509.load_der_x509_certificate(keys.roots[0].der)
    return shown.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)


FORGERIES: dict[str, Callable[[NodeProcess], str]] = {
    "none": lambda node: f"{_part({'alg': 'none'})}.{_part(CLAIMS)}.",
    "hs256-pem": lambda node: _signed({"alg": "HS256"}, _public(node, Encoding.PEM)),
    "hs256-der": lambda node: _signed({"alg": "HS256"}, _public(node, Encoding.DER)),
    "kid-path": lambda node: _signed({"alg": "HS256", "kid": "../../../../dev/null"}, b""),
    "other-issuer": lambda node: _signed({"alg": "HS256"}, b"x", {**CLAIMS, "iss": "https://evil.example"}),
    "blank": lambda node: ".", "nul": lambda node: "a%00b", "sql": lambda node: "' or '1'='1",
    "long": lambda node: "x" * 5000, "digest-of-nothing": lambda node: hashlib.sha256(b"").hexdigest()}


@pytest.mark.parametrize("kind", sorted(FORGERIES))
def test_a_forged_token_is_nobodys(node: NodeProcess, kind: str) -> None:
    token = FORGERIES[kind](node)
    with httpx.Client(base_url=node.address, timeout=10) as http:
        for sent in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"yunkai={token}"}):
            assert http.get("/api/parties", headers=sent).status_code == 401
            assert http.get("/api/me", headers=sent).json()["signed_in"] is False
            assert http.post("/api/parties/00000000-0000-4000-8000-000000000000/appointments",
                             json={"role": "centre"}, headers=sent).status_code == 401
