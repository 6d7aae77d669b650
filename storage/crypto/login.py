"""Signing in: the client signs a challenge it composed itself, never bytes the server chose."""

from datetime import datetime

from storage.crypto.certificates import Certificate, verify_signature
from storage.crypto.errors import Malformed, SignatureRefused

NONCE_LENGTH = 32


def login_message(*, origin: str, nonce: bytes, expires_at: str, fingerprint: str, encryption: str = "") -> bytes:
    """"ebid/1 login\\0"‖origin‖00‖nonce‖00‖expiry‖00‖certificate SHA-256; ‖00‖encryption certificate SHA-256 where
    the other half of a dual pair is shown as well (R-702).

    ``origin``: scheme://host:port the browser shows; ``nonce``: 32 raw bytes; ``expires_at``: the RFC 3339 text
    exactly as issued; ``fingerprint``, ``encryption``: lower-case hex.
    """
    if len(nonce) != NONCE_LENGTH or "\0" in origin + expires_at:
        raise Malformed("登录挑战格式不对", field="nonce")
    parts: tuple[bytes, ...] = (
        origin.encode(), nonce, expires_at.encode("ascii", "strict"), bytes.fromhex(fingerprint))
    parts += (bytes.fromhex(encryption),) if encryption else ()
    return b"ebid/1 login\0" + b"\0".join(parts)


def check_login(certificate: Certificate, signature: bytes, *, origin: str, nonce: bytes, expires_at: str,
                now: datetime, encryption: str = "") -> None:
    """Raises ``SignatureRefused`` when the challenge is past its end or the signature is not over it.

    That the nonce was issued and is used once is the caller's to hold; so is the trust in the certificate.
    """
    try:
        expiry = datetime.fromisoformat(expires_at)
        message = login_message(
            origin=origin, nonce=nonce, expires_at=expires_at, fingerprint=certificate.fingerprint,
            encryption=encryption)
    except ValueError as error:
        raise Malformed("登录挑战的时限格式不对", field="expires_at") from error
    if expiry.tzinfo is None or now >= expiry:
        raise SignatureRefused("登录挑战已过期，请重试", reason="expired")
    verify_signature(certificate, message, signature)
