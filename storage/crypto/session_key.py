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
from storage.crypto.errors import Malformed, SealBroken
from storage.crypto.sm2 import new_key, private_key_of, public_key
from storage.crypto.suites import FLOE, Suite
from storage.crypto.wraps import SessionPrivateKey, SessionPublicKey

_PURPOSE = "opening session"


@dataclass(frozen=True, slots=True)
class SessionKey:
    """``public``: uncompressed point, 65 bytes, on P-256 or in suite 2 on the SM2 curve; ``sealed``: private half at
    rest."""

    public: bytes
    sealed: bytes = field(repr=False)


def new_session_key(master: bytes, lot: str, suite: Suite = FLOE) -> SessionKey:
    """A fresh key pair for the opening of a lot of that suite."""
    public, der = _new_sm2() if suite.is_sm else _new_p256()
    return SessionKey(public, seal_at_rest(master, der, purpose=_PURPOSE, subject=lot))


def open_session_key(master: bytes, sealed: bytes, lot: str) -> SessionPrivateKey:
    """The private key, for ``wraps.open_release``; raises ``SealBroken`` for another lot or master key."""
    der = open_at_rest(master, sealed, purpose=_PURPOSE, subject=lot)
    key = private_key_of(der) or load_der_private_key(der, None)
    if not isinstance(key, SessionPrivateKey):
        raise SealBroken("不是开标会话密钥", part="at-rest")
    return key


def session_public_key(point: bytes, suite: Suite = FLOE) -> SessionPublicKey:
    """The public key from its 65 bytes, for ``wraps.seal_release``; raises ``Malformed``."""
    try:
        return public_key(point) if suite.is_sm else ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise Malformed("不是开标会话公钥", field="session_key") from error


def _new_p256() -> tuple[bytes, bytes]:
    private = ec.generate_private_key(ec.SECP256R1())
    return (private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
            private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def _new_sm2() -> tuple[bytes, bytes]:
    private = new_key()
    return private.public.point, private.pkcs8
