"""What a sealed object is bound to (ctx), and what follows from it: ch, the file key, the commitments.

Source: EBID/1. A change of any field changes ``ch`` and with it every key, wrap and share binding (fault 29).
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial

from storage.crypto.canonical import Json, canonical_bytes
from storage.crypto.errors import Malformed
from storage.crypto.floe import OVERHEAD
from storage.crypto.shamir import check_threshold
from storage.crypto.suites import FLOE, Suite, suite_of

BODY_SEGMENT = 8_388_608
STATEMENT_SEGMENT = 1_048_576
ENVELOPES = frozenset({"whole", "technical", "price"})

_CERT = re.compile(r"sha256:[0-9a-f]{64}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_MOST = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """ctx of EBID/1; construction raises ``Malformed`` or ``NotSupported``, so an instance is always valid.

    tender, lot: codes; round: 1 for the first tendering; bidder, custodians: "sha256:"+hex of certificate DER,
    custodians in order of share index 1 … n; version: of the bid, from 1; envelope: "whole", "technical" or
    "price", with "/statement" for its opening statement; opens_at: "2026-12-01T01:00:00Z"; seg: bytes of an
    encrypted segment; any k of n custodians, of several at least two.
    """

    tender: str
    lot: str
    round: int
    bidder: str
    version: int
    envelope: str
    opens_at: str
    k: int
    n: int
    custodians: tuple[str, ...]
    seg: int = BODY_SEGMENT
    suite: int = 1

    def __post_init__(self) -> None:
        for name in ("tender", "lot"):
            _check_text(name, getattr(self, name))
        for name in ("round", "version"):
            _check_int(name, getattr(self, name), 1, _MOST - 1)
        _check_int("seg", self.seg, OVERHEAD + 1, 1 << 26)
        _check_int("k", self.k, 1, 255)
        _check_int("n", self.n, 1, 255)
        _check_int("suite", self.suite, 0, 255)
        suite_of(self.suite)
        check_threshold(self.k, self.n)
        if self.envelope.removesuffix("/statement") not in ENVELOPES:
            raise Malformed("信封种类不对", field="envelope")
        _check_certificates(self.bidder, self.custodians, self.n)
        _check_instant(self.opens_at)

    def to_json(self) -> dict[str, Json]:
        """ctx as H carries it."""
        return asdict(self) | {"custodians": list(self.custodians)}

    @property
    def algorithms(self) -> Suite:
        """The suite behind its number."""
        return suite_of(self.suite)

    @property
    def ch(self) -> bytes:
        """32 bytes: H("ebid/1 ctx\\0"‖JCS(ctx)), H the suite's hash."""
        return context_hash(self.to_json())

    @property
    def aad(self) -> bytes:
        """The FLOE associated data of this object."""
        return floe_aad(self.suite, self.ch)


@dataclass(frozen=True, slots=True)
class Secrets:
    """S_B and S_P, 32 bytes each. Never stored, logged or recorded."""

    bidder: bytes = field(repr=False)
    custody: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.bidder) != 32 or len(self.custody) != 32:
            raise Malformed("密钥分量须为 32 字节")


def read_context(value: Json) -> Context:
    """A context from H or from a request; raises ``Malformed`` for missing, further or ill-typed fields."""
    if not isinstance(value, Mapping) or set(value) != set(Context.__dataclass_fields__):
        raise Malformed("ctx 的字段不对", field="ctx")
    custodians = value["custodians"]
    if not isinstance(custodians, list):
        raise Malformed("ctx 的字段类型不对", field="custodians")
    text, number = partial(_text, value), partial(_number, value)
    return Context(
        tender=text("tender"), lot=text("lot"), round=number("round"), bidder=text("bidder"),
        version=number("version"), envelope=text("envelope"), opens_at=text("opens_at"), k=number("k"), n=number("n"),
        custodians=tuple(_text({"custodians": item}, "custodians") for item in custodians),
        seg=number("seg"), suite=number("suite"))


def context_hash(ctx: Mapping[str, Json]) -> bytes:
    """ch of any ctx mapping; ``Context.ch`` for a valid one. Raises ``NotSupported`` for an unknown suite."""
    return suite_of(ctx["suite"]).digest(b"ebid/1 ctx\0" + canonical_bytes(ctx))


def floe_aad(suite: int, ch: bytes) -> bytes:
    """"ebid/1 body\\0"‖suite‖ch."""
    return b"ebid/1 body\0" + bytes([suite]) + ch


def file_key(secrets: Secrets, ch: bytes, suite: Suite = FLOE) -> bytes:
    """K: both secrets are needed; 32 bytes by HKDF with salt ch."""
    length = (32).to_bytes(2)
    material = length + secrets.bidder + length + secrets.custody
    return suite.derive(material, salt=ch, info=b"ebid/1 floe key")


def trial_key(bidder_secret: bytes, ch: bytes, suite: Suite = FLOE) -> bytes:
    """The key of the trial segment, of the cipher's length: from S_B alone, so it opens nothing of the bid."""
    return suite.derive(bidder_secret, salt=ch, info=b"ebid/1 trial key", length=suite.cipher_key)


def commitment(kind: str, secret: bytes, suite: Suite = FLOE) -> bytes:
    """H("ebid/1 commit\\0<kind>\\0"‖secret); kind b for S_B, p for S_P, s for a whole 33-byte share."""
    return suite.digest(b"ebid/1 commit\0" + kind.encode() + b"\0" + secret)


def _text(value: Mapping[str, Json], name: str) -> str:
    found = value[name]
    if not isinstance(found, str):
        raise Malformed("ctx 的字段类型不对", field=name)
    return found


def _number(value: Mapping[str, Json], name: str) -> int:
    found = value[name]
    if type(found) is not int:
        raise Malformed("ctx 的字段类型不对", field=name)
    return found


def _check_text(name: str, value: str) -> None:
    if not 1 <= len(value) <= 200 or not value.isprintable():
        raise Malformed("ctx 的文本不对", field=name)


def _check_int(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise Malformed("ctx 的数值不对", field=name)


def _check_certificates(bidder: str, custodians: tuple[str, ...], n: int) -> None:
    if not all(_CERT.fullmatch(cert) for cert in (bidder, *custodians)):
        raise Malformed("证书摘要格式不对", field="custodians")
    if len(custodians) != n or len(set(custodians)) != n:
        raise Malformed("保管人名单与 n 不符", field="custodians")


def _check_instant(text: str) -> None:
    try:
        if not _INSTANT.fullmatch(text):
            raise ValueError(text)
        datetime.fromisoformat(text)
    except ValueError as error:
        raise Malformed("开标时间格式不对", field="opens_at") from error
