"""The key of one opening session: bidders and custodians re-wrap their secrets to it, only at the opening.

Its private half rests sealed under the master key, bound to the lot; before the opening nothing is wrapped to it.
"""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from storage.crypto.at_rest import open_at_rest, seal_at_rest
from storage.crypto.errors import SealBroken

_PURPOSE = "opening session"


@dataclass(frozen=True, slots=True)
class SessionKey:
    """``public``: uncompressed P-256 point, 65 bytes, as clients import it raw; ``sealed``: private half at rest."""

    public: bytes
    sealed: bytes = field(repr=False)


def new_session_key(master: bytes, lot: str) -> SessionKey:
    """A fresh key pair for the lot's opening."""
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return SessionKey(public, seal_at_rest(master, der, purpose=_PURPOSE, subject=lot))


def open_session_key(master: bytes, sealed: bytes, lot: str) -> ec.EllipticCurvePrivateKey:
    """The private key, for ``wraps.open_release``; raises ``SealBroken`` for another lot or master key."""
    key = load_der_private_key(open_at_rest(master, sealed, purpose=_PURPOSE, subject=lot), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SealBroken("不是开标会话密钥", part="at-rest")
    return key


def session_public_key(public: bytes) -> ec.EllipticCurvePublicKey:
    """The public key from its 65 bytes, for ``wraps.seal_release``."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
