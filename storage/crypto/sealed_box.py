"""A small sealed letter to one certificate: only its holder reads it, wherever it lies meanwhile.

``{"v": 1, "wrap": …, "iv": base64[12], "ct": base64}``: a fresh 32-byte key wrapped as in an envelope (role bidder,
index 0), the content under AES-256-GCM. Purpose and subject are bound in: a letter for one place opens at no other.
"""

import secrets
from collections.abc import Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.crypto.canonical import Json, from_base64, to_base64
from storage.crypto.certificates import Certificate
from storage.crypto.errors import Malformed, NotSupported, SealBroken
from storage.crypto.sm2 import Sm2PublicKey
from storage.crypto.wraps import WrapPrivateKey, read_wrap, unwrap, wrap

_ROLE, _INDEX, _IV = "bidder", 0, 12
LARGEST = 4 << 20


def seal_box(plaintext: bytes, certificate: Certificate, *, purpose: str, subject: str) -> dict[str, Json]:
    """The box for the holder of the certificate; raises ``NotSupported`` for keys that cannot take one."""
    public_key = certificate.public_key
    if isinstance(public_key, Sm2PublicKey) and not certificate.can_unwrap:
        raise NotSupported("SM2 签名证书不能用于加密，须用与其成对的加密证书", field="cert")
    place, key, iv = _place(purpose, subject), secrets.token_bytes(32), secrets.token_bytes(_IV)
    held = wrap(key, public_key, certificate.tag, role=_ROLE, index=_INDEX, ch=place)
    return {"v": 1, "wrap": held.to_json(), "iv": to_base64(iv),
            "ct": to_base64(AESGCM(key).encrypt(iv, plaintext, place))}


def read_box(box: Json) -> Mapping[str, Json]:
    """The box when its shape is right; raises ``Malformed``. Whether it opens only its holder can tell."""
    if not isinstance(box, Mapping) or set(box) != {"v", "wrap", "iv", "ct"} or box["v"] != 1:
        raise Malformed("密封件的字段不对", field="box")
    read_wrap(box["wrap"])
    if len(from_base64(box["iv"], "iv")) != _IV or not 16 <= len(from_base64(box["ct"], "ct")) <= LARGEST:
        raise Malformed("密封件的长度不对", field="box")
    return box


def open_box(box: Json, private_key: WrapPrivateKey, *, purpose: str, subject: str) -> bytes:
    """The content; raises ``Malformed``, and ``SealBroken`` for another key, purpose or subject."""
    read, place = read_box(box), _place(purpose, subject)
    key = unwrap(read_wrap(read["wrap"]), private_key, place)
    try:
        return AESGCM(key).decrypt(from_base64(read["iv"], "iv"), from_base64(read["ct"], "ct"), place)
    except (InvalidTag, ValueError) as error:
        raise SealBroken("密封件不能解开", part="box") from error


def _place(purpose: str, subject: str) -> bytes:
    return sha256(f"yunkai box/1\0{purpose}\0{subject}".encode()).digest()
