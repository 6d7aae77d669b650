"""Secrets at rest: sealed under the platform's master key, each bound to its purpose and subject."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.crypto.errors import SealBroken


def seal_at_rest(master: bytes, secret: bytes, *, purpose: str, subject: str) -> bytes:
    """nonce[12] ‖ AES-256-GCM; ``master`` is 32 bytes; purpose and subject (an id) are authenticated."""
    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(master).encrypt(nonce, secret, _bound(purpose, subject))


def open_at_rest(master: bytes, sealed: bytes, *, purpose: str, subject: str) -> bytes:
    """The secret; raises ``SealBroken`` for another master key, purpose or subject."""
    try:
        return AESGCM(master).decrypt(sealed[:12], sealed[12:], _bound(purpose, subject))
    except (InvalidTag, ValueError) as error:
        raise SealBroken("静态密文不能解开", part="at-rest") from error


def _bound(purpose: str, subject: str) -> bytes:
    return f"yunkai at rest\0{purpose}\0{subject}".encode()
