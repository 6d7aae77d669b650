"""A person's certificate and private key on this computer; the key never leaves it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.certificates import Certificate
from storage.crypto.context import Context
from storage.crypto.demo_pki import Identity, read_pkcs12
from storage.crypto.login import login_message
from storage.crypto.signatures import PrivateKey, sign
from storage.crypto.wraps import Wrap, unwrap


@dataclass(frozen=True)
class ClientIdentity:
    """Signs and unwraps as the holder of one certificate, or of the two halves of a dual pair (R-702)."""

    certificate: Certificate
    key: PrivateKey = field(repr=False)
    encryption: Identity | None = None

    @classmethod
    def from_pkcs12(cls, path: Path, password: str) -> Self:
        """Reads a ``.p12``/``.pfx`` file; raises ``Malformed`` for a wrong password, ``OSError`` for a missing file."""
        return cls.of(read_pkcs12(path.read_bytes(), password))

    @classmethod
    def of(cls, identity: Identity) -> Self:
        """The same from an identity already in memory."""
        return cls(identity.certificate, identity.key, identity.encryption)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, lower-case hex."""
        return self.certificate.fingerprint

    @property
    def recipient(self) -> Certificate:
        """The certificate that secrets are sealed to."""
        return self.encryption.certificate if self.encryption else self.certificate

    @property
    def recipient_key(self) -> PrivateKey:
        """The key that opens what was sealed to ``recipient``."""
        return self.encryption.key if self.encryption else self.key

    def sign(self, message: bytes) -> bytes:
        """ECDSA-SHA256 (DER), RSA PKCS#1 v1.5 with SHA-256 or SM2 with SM3 (DER), by the kind of key."""
        return sign(self.key, message)

    def unwrap(self, item: Wrap, ctx: Context) -> bytes:
        """The secret wrapped to this holder under the context; raises ``SealBroken``."""
        return unwrap(item, self.recipient_key, ctx.ch, ctx.algorithms)

    def show(self, *, origin: str, nonce: str, expires_at: str, as_pair: bool = False) -> dict[str, str]:
        """The body that proves possession of the key: ``{certificate, nonce, expires_at, signature}``; ``as_pair``:
        with the encryption half, to have both bound.

        The message is composed here from the origin that was dialled, so a signature asked for by a
        platform standing in between is of no use elsewhere.
        """
        half = self.encryption.certificate if as_pair and self.encryption else None
        message = login_message(
            origin=origin, nonce=from_base64(nonce, "nonce"), expires_at=expires_at, fingerprint=self.fingerprint,
            encryption=half.fingerprint if half else "")
        return {"certificate": self.certificate.pem, "nonce": nonce, "expires_at": expires_at,
                "signature": to_base64(self.sign(message)), **({"encryption": half.pem} if half else {})}
