"""A person's certificate and private key on this computer; the key never leaves it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.certificates import Certificate
from storage.crypto.demo_pki import Identity, read_pkcs12
from storage.crypto.login import login_message
from storage.crypto.signatures import PrivateKey, sign
from storage.crypto.wraps import Wrap, unwrap


@dataclass(frozen=True)
class ClientIdentity:
    """Signs and unwraps as the holder of one certificate."""

    certificate: Certificate
    key: PrivateKey = field(repr=False)

    @classmethod
    def from_pkcs12(cls, path: Path, password: str) -> Self:
        """Reads a ``.p12``/``.pfx`` file; raises ``Malformed`` for a wrong password, ``OSError`` for a missing file."""
        return cls.of(read_pkcs12(path.read_bytes(), password))

    @classmethod
    def of(cls, identity: Identity) -> Self:
        """The same from an identity already in memory."""
        return cls(identity.certificate, identity.key)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, lower-case hex."""
        return self.certificate.fingerprint

    def sign(self, message: bytes) -> bytes:
        """ECDSA-SHA256 (DER) or RSA PKCS#1 v1.5 with SHA-256, by the kind of key."""
        return sign(self.key, message)

    def unwrap(self, item: Wrap, ch: bytes) -> bytes:
        """The secret wrapped to this certificate under the context digest ``ch``; raises ``SealBroken``."""
        return unwrap(item, self.key, ch)

    def show(self, *, origin: str, nonce: str, expires_at: str) -> dict[str, str]:
        """The body that proves possession of the key: ``{certificate, nonce, expires_at, signature}``.

        The message is composed here from the origin that was dialled, so a signature asked for by a
        platform standing in between is of no use elsewhere.
        """
        message = login_message(
            origin=origin, nonce=from_base64(nonce, "nonce"), expires_at=expires_at, fingerprint=self.fingerprint)
        return {"certificate": self.certificate.pem, "nonce": nonce, "expires_at": expires_at,
                "signature": to_base64(self.sign(message))}
