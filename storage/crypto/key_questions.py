"""Cryptography of ``yunkai-key/1`` (docs/keys.md): questions to keys that are not in the browser, and their answers.

A question travels past the platform sealed under a key that only a code on the page's screen gives; an answer goes
under HPKE to a key that the page made for this question alone.
"""

import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.crypto.errors import Malformed
from storage.crypto.signatures import PrivateKey
from storage.crypto.sm2 import Sm2PrivateKey, decrypt
from storage.crypto.suites import FLOE, FLOE_SM

_ANSWER = b"yunkai-key/1 answer\0"
_SUITE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_IV = 12


def derived(code: bytes, purpose: str) -> bytes:
    """32 bytes from a code's key: ``claim`` takes the relay, ``question`` opens what its page asks."""
    return hmac.digest(code, f"yunkai-key/1 {purpose}".encode(), "sha256")


def open_question(code: bytes, relay: str, sealed: bytes) -> bytes:
    """The question; raises ``Malformed`` for one that no page with this code has sealed for this relay."""
    try:
        return AESGCM(derived(code, "question")).decrypt(sealed[:_IV], sealed[_IV:], relay.encode())
    except (InvalidTag, ValueError) as error:
        raise Malformed("请求不是这个网页发出的", field="request") from error


def seal_answer(plain: bytes, reply: bytes, question: str) -> bytes:
    """enc[65] ‖ ciphertext to the point ``reply`` (65 bytes), bound to the question's id; raises ``Malformed``."""
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), reply)
    except ValueError as error:
        raise Malformed("请求中的回复公钥不对", field="reply") from error
    return _SUITE.encrypt(plain, point, info=_ANSWER + question.encode())


def open_locked(key: PrivateKey, alg: str, info: bytes, sealed: tuple[bytes, bytes]) -> bytes | None:
    """What ``(enc, ct)`` holds for this key, with the mark of its place where it has one; None for anything else.

    A key opens what was made for the place ``info``, by either suite's mark, and is no oracle for anything else.
    """
    plain: bytes | None = None
    try:
        match alg, key:
            case "hpke-p256", ec.EllipticCurvePrivateKey():
                return _SUITE.decrypt(sealed[0] + sealed[1], key, info=info)
            case "rsa-oaep", rsa.RSAPrivateKey():
                plain = key.decrypt(sealed[1], _OAEP)
            case "sm2", Sm2PrivateKey():
                plain = decrypt(key, sealed[1])
    except (InvalidTag, ValueError, TypeError):
        return None
    marks = {each.digest(info)[:16] for each in (FLOE, FLOE_SM)}
    return plain if plain is not None and plain[-16:] in marks else None
