"""A printed recovery code, and the wrap of S_B under it that stands in H as ``recovery`` (docs/sealing.md, ADR 19).

The code: 27 characters of Crockford's base32, 135 bits by chance, and his check character (value mod 37). Only values
whose check is one of the 32 common characters are used, so that nobody has to type ``*~$=U``; 134.8 bits remain. The
wrap: the key is PBKDF2-HMAC-SHA256 of the 28 characters in ASCII, and AES-256-GCM over S_B is bound to the place
``"ebid/1 wrap\\0bidder\\0"‖u16be(2)‖ch``: the bidder's place after its two certificates. It is the same in both suites.
"""

import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import pbkdf2_hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from storage.crypto.canonical import Json, from_base64, to_base64
from storage.crypto.errors import Malformed, SealBroken
from storage.crypto.wraps import binding

ALGORITHM = "pbkdf2-sha256-aes256gcm"
PLACE = 2
ROUNDS = 600_000
_MOST_ROUNDS = 10_000_000  # about three seconds on a slow computer: a header must not be a trap for its reader
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKS_LIKE = str.maketrans("OIL", "011")
_DIGITS, _GROUP, _SALT, _IV, _CT = 27, 4, 16, 12, 12 + 32 + 16


@dataclass(frozen=True, slots=True)
class RecoveryWrap:
    """H's ``recovery``: ``salt`` 16 bytes, ``rounds`` of PBKDF2, ``ct`` is iv[12] ‖ ciphertext[32] ‖ tag[16]."""

    salt: bytes
    rounds: int
    ct: bytes

    def to_json(self) -> dict[str, Json]:
        """The field as H carries it."""
        return {"alg": ALGORITHM, "salt": to_base64(self.salt), "rounds": self.rounds, "ct": to_base64(self.ct)}


def read_recovery(item: Json) -> RecoveryWrap:
    """The wrap from H; raises ``Malformed`` for other keys, lengths or rounds out of 600,000 … 10,000,000."""
    if not isinstance(item, Mapping) or set(item) != {"alg", "salt", "rounds", "ct"} or item["alg"] != ALGORITHM:
        raise Malformed("恢复码信封的字段不对", field="recovery")
    rounds = item["rounds"]
    if type(rounds) is not int or not ROUNDS <= rounds <= _MOST_ROUNDS:
        raise Malformed("恢复码信封的迭代次数不对", field="recovery.rounds")
    found = RecoveryWrap(from_base64(item["salt"], "recovery.salt"), rounds, from_base64(item["ct"], "recovery.ct"))
    if (len(found.salt), len(found.ct)) != (_SALT, _CT):
        raise Malformed("恢复码信封的长度不对", field="recovery")
    return found


def new_code() -> str:
    """A fresh code in seven groups of four characters."""
    while True:
        value = secrets.randbits(5 * _DIGITS)
        if value % 37 < len(_ALPHABET):
            return _printed(value)


def read_code(text: str) -> str:
    """The code as it is printed, from what somebody typed: case, blanks, hyphens and full width do not matter, O is 0,
    I and L are 1. Raises ``Malformed`` for what cannot be a code, as one with a single wrong character cannot."""
    typed = unicodedata.normalize("NFKC", text).upper()
    plain = "".join(each for each in typed if each.isalnum()).translate(_LOOKS_LIKE)
    if len(plain) == _DIGITS + 1 and set(plain) <= set(_ALPHABET):
        value = 0
        for each in plain[:-1]:
            value = value * 32 + _ALPHABET.index(each)
        if value % 37 == _ALPHABET.index(plain[-1]):
            return _printed(value)
    raise Malformed("恢复码有误：应为七组、每组四个字符，请对照打印件核对", field="code")


def wrap_under(code: str, secret: bytes, ch: bytes,
               randomness: Callable[[int], bytes] = secrets.token_bytes) -> RecoveryWrap:
    """S_B under a code; ``randomness`` is asked for salt and IV, and chosen for vectors only."""
    salt, iv = randomness(_SALT), randomness(_IV)
    return RecoveryWrap(salt, ROUNDS, iv + _cipher(code, salt, ROUNDS).encrypt(iv, secret, _place(ch)))


def unwrap_under(code: str, wrapped: RecoveryWrap, ch: bytes) -> bytes:
    """S_B; raises ``SealBroken`` for the code of another bid, and ``Malformed`` for what is none."""
    try:
        return _cipher(code, wrapped.salt, wrapped.rounds).decrypt(wrapped.ct[:_IV], wrapped.ct[_IV:], _place(ch))
    except InvalidTag as error:
        raise SealBroken("恢复码不属于这份投标文件", part="recovery") from error


def _cipher(code: str, salt: bytes, rounds: int) -> AESGCM:
    return AESGCM(pbkdf2_hmac("sha256", read_code(code).replace("-", "").encode(), salt, rounds))


def _place(ch: bytes) -> bytes:
    return binding("wrap", "bidder", PLACE, ch)


def _printed(value: int) -> str:
    plain = "".join(_ALPHABET[value >> 5 * place & 31] for place in reversed(range(_DIGITS))) + _ALPHABET[value % 37]
    return "-".join(plain[at:at + _GROUP] for at in range(0, len(plain), _GROUP))
