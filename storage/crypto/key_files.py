"""Key files: written whole or not at all, readable by their owner alone."""

import os
import secrets
from pathlib import Path

from asn1crypto import pem
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from storage.crypto.signatures import PrivateKey, signing_key
from storage.crypto.sm2 import Sm2PrivateKey, private_key_of

AnyKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | Sm2PrivateKey


def private_pem(key: AnyKey) -> bytes:
    """PKCS#8 PEM without a password: the file's mode guards it."""
    if isinstance(key, Sm2PrivateKey):
        armoured: bytes = pem.armor("PRIVATE KEY", key.pkcs8)
        return armoured
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_private_pem(data: bytes) -> PrivateKey:
    """The signing key of a PEM text that may hold certificates besides; raises ``NotSupported`` for other kinds."""
    for name, _, der in pem.unarmor(data, multiple=True):
        if name == "PRIVATE KEY" and (found := private_key_of(der)) is not None:
            return found
    # Proving an RSA key's numbers anew at each start takes as long as everything else; the file is the platform's own.
    return signing_key(load_pem_private_key(data, None, unsafe_skip_rsa_key_validation=True))


def write_private(path: Path, data: bytes) -> None:
    """Mode 0600, in one step, replacing what was there; on disk before it counts."""
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(path)
