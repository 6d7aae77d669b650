"""H, the header of a sealed object: strict reading, and what its commitments say about released secrets."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from storage.crypto import floe
from storage.crypto.canonical import Json, canonical_bytes, from_base64, from_hex, parse_object, to_base64
from storage.crypto.context import Context, Secrets, commitment, read_context
from storage.crypto.errors import Malformed, SealBroken
from storage.crypto.recovery import RecoveryWrap, read_recovery
from storage.crypto.shamir import combine
from storage.crypto.sm2 import SM2
from storage.crypto.wraps import Wrap, read_wrap

LARGEST = 1 << 20
TRIAL_LENGTH = 40
_KEYS = {"v", "ctx", "floe", "com_b", "com_p", "com_s", "wraps", "trial"}


@dataclass(frozen=True, slots=True)
class Header:
    """H = {v, ctx, floe, com_b, com_p, com_s, wraps, trial}; commitments are 32 bytes, ``floe`` 74, ``trial`` 40.

    ``recovery``: S_B under the bidder's printed code, where it wanted one; H has the field only then.
    """

    ctx: Context
    floe: bytes
    com_b: bytes
    com_p: bytes
    com_s: tuple[bytes, ...]
    wraps: tuple[Wrap, ...]
    trial: bytes
    recovery: RecoveryWrap | None = None

    def to_bytes(self) -> bytes:
        """The JCS bytes: what is stored, hashed and exported."""
        value: dict[str, Json] = {
            "v": 1, "ctx": self.ctx.to_json(), "floe": to_base64(self.floe),
            "com_b": self.com_b.hex(), "com_p": self.com_p.hex(), "com_s": [item.hex() for item in self.com_s],
            "wraps": [item.to_json() for item in self.wraps], "trial": to_base64(self.trial)}
        return canonical_bytes(value if self.recovery is None else value | {"recovery": self.recovery.to_json()})

    @property
    def sha256(self) -> str:
        """Lower-case hex over ``to_bytes()``; the manifest names it."""
        return sha256(self.to_bytes()).hexdigest()

    def wraps_for(self, role: str) -> tuple[Wrap, ...]:
        """The wraps of ``bidder`` (i = 0, 1) or ``custodian`` (i = 1 … n), in order."""
        return tuple(item for item in self.wraps if item.role == role)

    def check_share(self, index: int, share: bytes) -> None:
        """Raises ``SealBroken`` unless ``share`` (33 bytes) is the one the bidder committed to for custodian
        ``index``: then either the custodian altered it or the bidder dealt badly; the wrap shows which."""
        if not 1 <= index <= len(self.com_s) or len(share) != 33 or share[-1] != index or not hmac.compare_digest(
                commitment("s", share, self.ctx.algorithms), self.com_s[index - 1]):
            raise SealBroken("份额与投标时的承诺不符", part="share", index=index)

    def check_bidder_secret(self, secret: bytes) -> None:
        """Raises ``SealBroken`` unless ``secret`` is the committed S_B."""
        if len(secret) != 32 or not hmac.compare_digest(
                commitment("b", secret, self.ctx.algorithms), self.com_b):
            raise SealBroken("投标人密钥与投标时的承诺不符", part="bidder-secret")

    def join(self, bidder_secret: bytes, shares: Mapping[int, bytes]) -> Secrets:
        """Both secrets from S_B and k or more shares by index, every commitment checked.

        Raises ``SealBroken`` with part bidder-secret, share, or custody-secret (the bidder dealt badly).
        """
        self.check_bidder_secret(bidder_secret)
        for index, share in shares.items():
            self.check_share(index, share)
        if len(shares) < self.ctx.k:
            raise SealBroken("保管人份额不足", part="share", have=len(shares), need=self.ctx.k)
        return self.join_whole(bidder_secret, combine([shares[index] for index in sorted(shares)][:self.ctx.k]))

    def join_whole(self, bidder_secret: bytes, custody_secret: bytes) -> Secrets:
        """Both secrets from S_B and S_P itself; raises ``SealBroken`` with part bidder-secret or custody-secret."""
        self.check_bidder_secret(bidder_secret)
        self.check_custody_secret(custody_secret)
        return Secrets(bidder_secret, custody_secret)

    def check_custody_secret(self, secret: bytes) -> None:
        """Raises ``SealBroken`` unless ``secret`` is the committed S_P."""
        if len(secret) != 32 or not hmac.compare_digest(commitment("p", secret, self.ctx.algorithms), self.com_p):
            raise SealBroken("保管密钥与投标时的承诺不符", part="custody-secret")


def read_header(data: bytes) -> Header:
    """H from its bytes; raises ``Malformed`` or ``NotSupported`` for anything but a well-formed canonical H."""
    value = parse_object(data, limit=LARGEST)
    if set(value) - {"recovery"} != _KEYS or value["v"] != 1 or type(value["v"]) is not int:
        raise Malformed("信封头的字段不对", field="header")
    ctx, com_s, wraps = read_context(value["ctx"]), value["com_s"], value["wraps"]
    if not isinstance(com_s, list) or not isinstance(wraps, list) or len(com_s) != ctx.n:
        raise Malformed("信封头的承诺数与保管人数不符", field="com_s")
    header = Header(
        ctx, from_base64(value["floe"], "floe"), from_hex(value["com_b"], "com_b"), from_hex(value["com_p"], "com_p"),
        tuple(from_hex(item, "com_s") for item in com_s), tuple(read_wrap(item) for item in wraps),
        from_base64(value["trial"], "trial"), read_recovery(value["recovery"]) if "recovery" in value else None)
    _check(header)
    if header.to_bytes() != data:
        raise Malformed("信封头不是唯一写法", field="header")
    return header


def _check(header: Header) -> None:
    parameters, _ = floe.read_header(header.floe)
    if parameters.segment != header.ctx.seg or parameters.suite.number != header.ctx.suite or \
            len(header.trial) != TRIAL_LENGTH:
        raise Malformed("信封头的套件或分段长度与 ctx 不符", field="floe")
    if parameters.suite.is_sm and any(item.alg != SM2 for item in header.wraps):
        raise Malformed("国密套件的密钥信封须全部为 SM2", field="wraps")
    places = [(item.role, item.index) for item in header.wraps]
    bidders = [place for place in places if place[0] == "bidder"]
    expected = [("bidder", index) for index in range(len(bidders))]
    expected += [("custodian", index) for index in range(1, header.ctx.n + 1)]
    if not 1 <= len(bidders) <= 2 or places != expected:
        raise Malformed("密钥信封须为投标人一至两份、保管人每人一份，依序排列", field="wraps")
    if tuple(item.cert for item in header.wraps_for("custodian")) != header.ctx.custodians:
        raise Malformed("密钥信封的保管人与 ctx 不符", field="wraps")
