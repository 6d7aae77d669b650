"""A private key together with the certificates that say whose it is."""

from dataclasses import dataclass, field

from storage.crypto.certificates import Certificate
from storage.crypto.signatures import PrivateKey, sign


@dataclass(frozen=True, slots=True)
class CertifiedKey:
    """A private key with its certificates, leaf first, root last."""

    key: PrivateKey = field(repr=False)
    chain: tuple[Certificate, ...]

    @property
    def certificate(self) -> Certificate:
        """The leaf."""
        return self.chain[0]

    def sign(self, message: bytes) -> bytes:
        """ECDSA-SHA256 DER, or RSA PKCS#1 v1.5 SHA-256."""
        return sign(self.key, message)
