"""Secrets wrapped to a person's certificate, or to the key of one opening session.

Each wrap is bound to its role, index and lot context: ``bind = "ebid/1 wrap\\0"‖role‖00‖u16be(i)‖ch``.
EC: HPKE base, P-256/HKDF-SHA256/AES-256-GCM, info = bind. RSA: OAEP-SHA256 of ``secret ‖ SHA-256(bind)[:16]``
with an empty label, since smart cards lack labels; a card that opens the wrap therefore still shows its place.
SM2: encryption of ``secret ‖ H(bind)[:16]`` to the *encryption* certificate of a dual pair, H the suite's hash.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from storage.crypto.canonical import Json, from_base64, to_base64
from storage.crypto.errors import Malformed, NotSupported, SealBroken
from storage.crypto.sm2 import SM2, Sm2PrivateKey, Sm2PublicKey, cipher_length, decrypt, encrypt
from storage.crypto.suites import FLOE, FLOE_SM, Suite

ROLES = ("bidder", "custodian")
WHOLE_SECRET = 0  # the place of S_P itself: shares are values of a polynomial at 1 … n, and S_P is that at 0
HPKE_P256 = "hpke-p256"
RSA_OAEP = "rsa-oaep"
SM2_ENCRYPTION = SM2
ALGORITHMS = frozenset({HPKE_P256, RSA_OAEP, SM2_ENCRYPTION})
WrapPublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | Sm2PublicKey
WrapPrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | Sm2PrivateKey
SessionPublicKey = ec.EllipticCurvePublicKey | Sm2PublicKey
SessionPrivateKey = ec.EllipticCurvePrivateKey | Sm2PrivateKey

_SUITE = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_ENC = 65
_MARK = 16
_SECRETS = {"bidder": 32, "custodian": 33}
LONGEST_RELEASED = 112  # bytes of a secret that a release may carry


@dataclass(frozen=True, slots=True)
class Wrap:
    """One item of H's ``wraps``: ``cert`` is "sha256:"+hex; ``enc`` (65 bytes) only with hpke-p256."""

    role: str
    index: int
    cert: str
    alg: str
    ct: bytes
    enc: bytes = b""

    def to_json(self) -> dict[str, Json]:
        """The item as H carries it."""
        item: dict[str, Json] = {
            "role": self.role, "i": self.index, "cert": self.cert, "alg": self.alg, "ct": to_base64(self.ct)}
        return item | {"enc": to_base64(self.enc)} if self.enc else item


@dataclass(frozen=True, slots=True)
class Release:
    """A secret re-wrapped to an opening session's key: ``{enc, ct}`` in base64 on the wire; suite 2 has no enc."""

    enc: bytes
    ct: bytes

    def to_json(self) -> dict[str, Json]:
        """The wire form."""
        return {"enc": to_base64(self.enc), "ct": to_base64(self.ct)}


def read_wrap(item: Json) -> Wrap:
    """A wrap from H; raises ``Malformed`` for other keys, roles, algorithms or lengths."""
    if not isinstance(item, Mapping) or not {"role", "i", "cert", "alg", "ct"} <= set(item) <= {
            "role", "i", "cert", "alg", "ct", "enc"}:
        raise Malformed("密钥信封的字段不对", field="wraps")
    role, index, cert, alg = item["role"], item["i"], item["cert"], item["alg"]
    if not (isinstance(role, str) and role in ROLES and type(index) is int and 0 <= index <= 255
            and isinstance(cert, str) and isinstance(alg, str) and alg in ALGORITHMS):
        raise Malformed("密钥信封的角色或算法不对", field="wraps")
    enc = from_base64(item["enc"], "wraps.enc") if "enc" in item else b""
    if len(enc) != (_ENC if alg == HPKE_P256 else 0) or ("enc" in item) != (alg == HPKE_P256):
        raise Malformed("密钥信封的封装长度不对", field="wraps.enc")
    ct = from_base64(item["ct"], "wraps.ct")
    if alg == SM2_ENCRYPTION and cipher_length(ct) != _SECRETS[role] + _MARK:
        raise Malformed("密钥信封的密文不对", field="wraps.ct")
    return Wrap(role, index, cert, alg, ct, enc)


def read_release(item: Json) -> Release:
    """A release from the wire; raises ``Malformed``."""
    if not isinstance(item, Mapping) or set(item) != {"enc", "ct"}:
        raise Malformed("释放的字段不对", field="release")
    release = Release(from_base64(item["enc"], "enc"), from_base64(item["ct"], "ct"))
    length = len(release.ct) if release.enc else cipher_length(release.ct) or 0
    if len(release.enc) not in (0, _ENC) or not _MARK < length <= LONGEST_RELEASED + _MARK:
        raise Malformed("释放的长度不对", field="release")
    return release


def binding(kind: str, role: str, index: int, ch: bytes) -> bytes:
    """``"ebid/1 <kind>\\0"‖role‖00‖u16be(index)‖ch``; kind is ``wrap`` or ``release``."""
    if role not in ROLES or len(ch) != 32:
        raise Malformed("密钥信封的角色不对", role=role)
    return b"ebid/1 " + kind.encode() + b"\0" + role.encode() + b"\0" + index.to_bytes(2) + ch


def wrap(secret: bytes, public_key: WrapPublicKey, cert: str, *, role: str, index: int, ch: bytes,
         suite: Suite = FLOE) -> Wrap:
    """Wraps ``secret`` (32 or 33 bytes) to the certificate ``cert`` ("sha256:"+hex) with that public key."""
    bind = binding("wrap", role, index, ch)
    match public_key:
        case ec.EllipticCurvePublicKey() if isinstance(public_key.curve, ec.SECP256R1):
            sealed = _SUITE.encrypt(secret, public_key, info=bind)
            return Wrap(role, index, cert, HPKE_P256, sealed[_ENC:], sealed[:_ENC])
        case rsa.RSAPublicKey() if public_key.key_size >= 2048:
            return Wrap(role, index, cert, RSA_OAEP, public_key.encrypt(secret + _mark(bind, FLOE), _OAEP))
        case Sm2PublicKey():
            return Wrap(role, index, cert, SM2_ENCRYPTION, encrypt(public_key, secret + _mark(bind, suite)))
        case _:
            raise NotSupported("只支持 SM2、P-256 与 2048 位以上 RSA 证书", field="cert")


def unwrap(item: Wrap, private_key: WrapPrivateKey, ch: bytes, suite: Suite = FLOE) -> bytes:
    """The secret; raises ``SealBroken`` for another key, role, index or lot."""
    bind = binding("wrap", item.role, item.index, ch)
    if item.alg == HPKE_P256 and isinstance(private_key, ec.EllipticCurvePrivateKey):
        return _open(item.enc + item.ct, private_key, bind, "wrap")
    if item.alg == RSA_OAEP and isinstance(private_key, rsa.RSAPrivateKey):
        try:
            padded = private_key.decrypt(item.ct, _OAEP)
        except ValueError as error:
            raise SealBroken("密钥信封不能解开", part="wrap") from error
        return _marked(padded, _mark(bind, FLOE), "wrap")
    if item.alg == SM2_ENCRYPTION and isinstance(private_key, Sm2PrivateKey):
        return _marked(decrypt(private_key, item.ct), _mark(bind, suite), "wrap")
    raise SealBroken("密钥信封不属于这把钥匙或这个标段", part="wrap")


def seal_release(secret: bytes, session_key: SessionPublicKey, *, role: str, index: int, ch: bytes) -> Release:
    """Re-wraps S_B (role bidder, index of the wrap used) or a share (role custodian) to the opening session; S_P
    itself as the custodians' ``WHOLE_SECRET``."""
    if isinstance(session_key, Sm2PublicKey):
        mark = _mark(binding("release", role, index, ch), FLOE_SM)
        return Release(b"", encrypt(session_key, secret + mark))
    sealed = _SUITE.encrypt(secret, session_key, info=binding("release", role, index, ch))
    return Release(sealed[:_ENC], sealed[_ENC:])


def open_release(release: Release, session_key: SessionPrivateKey, *, role: str, index: int, ch: bytes) -> bytes:
    """The released secret; raises ``SealBroken``. Check it against H's commitment next."""
    if isinstance(session_key, Sm2PrivateKey):
        mark = _mark(binding("release", role, index, ch), FLOE_SM)
        return _marked(None if release.enc else decrypt(session_key, release.ct), mark, "release")
    return _open(release.enc + release.ct, session_key, binding("release", role, index, ch), "release")


def _open(sealed: bytes, private_key: ec.EllipticCurvePrivateKey, info: bytes, part: str) -> bytes:
    try:
        return _SUITE.decrypt(sealed, private_key, info=info)
    except (InvalidTag, ValueError, TypeError) as error:
        raise SealBroken("密钥信封不能解开", part=part) from error


def _marked(padded: bytes | None, mark: bytes, part: str) -> bytes:
    if padded is None or len(padded) <= _MARK or not hmac.compare_digest(padded[-_MARK:], mark):
        raise SealBroken("密钥信封不属于这把钥匙或这个标段", part=part)
    return padded[:-_MARK]


def _mark(bind: bytes, suite: Suite) -> bytes:
    return suite.digest(bind)[:_MARK]
