"""A security key of software: what a browser's key answers (WebAuthn level 2), by one ES256 key, unattested."""

import json
import os
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

_PRESENT, _ATTESTED = 0x01, 0x40


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class SoftKey:
    """One key for one platform; its counter grows with each signature."""

    def __init__(self, origin: str) -> None:
        self._origin, self._key, self._id = origin, ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        self._count = 0

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self._origin}).encode()

    def _data(self, flags: int) -> bytes:
        self._count += 1
        party = sha256(str(urlsplit(self._origin).hostname).encode()).digest()
        return party + bytes([flags]) + self._count.to_bytes(4, "big")

    def _answer(self, response: dict[str, str]) -> str:
        return json.dumps({"id": _b64(self._id), "rawId": _b64(self._id), "type": "public-key", "response": response})

    @property
    def credential_id(self) -> bytes:
        """Under which the platform knows it."""
        return self._id

    @property
    def cose(self) -> bytes:
        """The public half (RFC 9053)."""
        numbers = self._key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})

    def register(self, options: dict[str, Any], *, cose: bytes | None = None, form: str = "none",
                 statement: dict[str, Any] | None = None) -> str:
        """The answer to ``navigator.credentials.create``; a lying key's own ``cose``, form and attestation."""
        data = (self._data(_PRESENT | _ATTESTED) + bytes(16) + len(self._id).to_bytes(2, "big") + self._id
                + (self.cose if cose is None else cose))
        told = cbor2.dumps({"fmt": form, "attStmt": statement or {}, "authData": data})
        return self._answer({"clientDataJSON": _b64(self._client_data("webauthn.create", options["challenge"])),
                             "attestationObject": _b64(told)})

    def sign(self, options: dict[str, Any]) -> str:
        """The answer to ``navigator.credentials.get``."""
        data, client = self._data(_PRESENT), self._client_data("webauthn.get", options["challenge"])
        signature = self._key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._answer({"clientDataJSON": _b64(client), "authenticatorData": _b64(data),
                             "signature": _b64(signature)})
