"""Calls from a partner's program: signed with the Ed25519 key that was registered for its channel.

Header ``Yunkai-Signature: <RFC 3339 instant>;<base64 signature>`` over
``"yunkai callback/1\\0"‖channel‖00‖instant‖00‖SHA-256(body)``. The channel is bound in, so that what one partner signed
never passes for another's.
"""

from datetime import datetime, timedelta
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.errors import SignatureRefused
from storage.kernel.clock import from_wire, to_wire
from storage.kernel.errors import Refused

HEADER = "Yunkai-Signature"
FRESH = timedelta(minutes=5)


def sign_callback(key: Ed25519PrivateKey, channel: str, at: datetime, body: bytes) -> str:
    """The header's value."""
    instant = to_wire(at)
    return f"{instant};{to_base64(key.sign(_signed(channel, instant, body)))}"


def check_callback(public_key: str, channel: str, header: str, body: bytes, now: datetime) -> None:
    """Raises ``SignatureRefused`` unless the registered key (base64 of 32 bytes) signed this body for this channel,
    and ``Refused`` for an instant further than five minutes from ``now``."""
    instant, _, signature = header.partition(";")
    try:
        key = Ed25519PublicKey.from_public_bytes(from_base64(public_key, "public_key"))
        key.verify(from_base64(signature, "signature"), _signed(channel, instant, body))
        at = from_wire(instant)
    except (InvalidSignature, ValueError) as error:
        raise SignatureRefused("回调的签名不成立", channel=channel) from error
    if abs(now - at) > FRESH:
        raise Refused("回调的时间与平台时间相差过大", channel=channel)


def _signed(channel: str, instant: str, body: bytes) -> bytes:
    return f"yunkai callback/1\0{channel}\0{instant}\0".encode() + sha256(body).digest()
