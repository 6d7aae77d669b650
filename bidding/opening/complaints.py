"""A custodian's signed complaint: which wraps did not open for it, and which shares contradict their commitment.

The text is canonical JSON, signed by the certificate that the tender document names for that custodian: so the platform
can neither invent a complaint nor put it down to another, and a custodian cannot take back that it made one. Imports no
database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from storage.crypto.canonical import Json, canonical_bytes, from_hex, parse_object
from storage.crypto.certificates import Certificate, verify_signature
from storage.crypto.errors import Malformed

COMPLAINT_KIND = "custodian-complaint"
_KEYS = {"v", "kind", "lot", "index", "notice_sha256", "items"}
_LARGEST = 1 << 20


class Why(StrEnum):
    """What is wrong with one envelope's share."""

    WRAP = "wrap-unopened"
    SHARE = "share-mismatch"


WORDS = {Why.WRAP: "密钥信封不能解开", Why.SHARE: "解出的份额与投标时的承诺不符"}


@dataclass(frozen=True, slots=True)
class ComplaintItem:
    """One envelope complained of; ``share`` is the commitment (hex) of what the wrap held, where it opened."""

    bid: str
    kind: str
    header_sha256: str
    why: Why
    share: str | None = None

    def to_json(self) -> dict[str, Json]:
        """The item as the text carries it."""
        found: dict[str, Json] = {"bid": self.bid, "kind": self.kind, "header_sha256": self.header_sha256,
                                  "why": self.why.value}
        return found if self.share is None else found | {"share": self.share}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a custodian (share ``index``, from 1) says of a lot (its code), under one opening notice (SHA-256, hex)."""

    lot: str
    index: int
    notice_sha256: str
    items: Sequence[ComplaintItem]

    @property
    def text(self) -> str:
        """The JCS text that is signed."""
        return canonical_bytes({
            "v": 1, "kind": COMPLAINT_KIND, "lot": self.lot, "index": self.index, "notice_sha256": self.notice_sha256,
            "items": [item.to_json() for item in self.items]}).decode()


def signed_bytes(text: str) -> bytes:
    """What the custodian signs: ``"ebid/1 custodian-complaint\\0"`` ‖ the text."""
    return f"ebid/1 {COMPLAINT_KIND}\0".encode() + text.encode()


def check_complaint(text: str, signature: bytes, certificate: Certificate) -> Complaint:
    """The complaint, where that certificate signed it; raises ``Malformed``, ``SignatureRefused``."""
    found = read_complaint(text)
    verify_signature(certificate, signed_bytes(text), signature)
    return found


def read_complaint(text: str) -> Complaint:
    """The complaint from its text, unsigned yet; raises ``Malformed`` for anything but the one form."""
    value = parse_object(text.encode(), limit=_LARGEST)
    items, lot, index, notice = (value.get(name) for name in ("items", "lot", "index", "notice_sha256"))
    if set(value) != _KEYS or value["v"] != 1 or value["kind"] != COMPLAINT_KIND or type(index) is not int:
        raise Malformed("保管人异议的字段不对", field="complaint")
    if not isinstance(items, list) or not items or not isinstance(lot, str):
        raise Malformed("保管人异议的字段不对", field="complaint")
    found = Complaint(lot, index, from_hex(notice, "notice_sha256").hex(), [_item(item) for item in items])
    if len({(item.bid, item.kind) for item in found.items}) != len(found.items):
        raise Malformed("保管人异议有重复的项目", field="items")
    return found


def _item(value: Json) -> ComplaintItem:
    if not isinstance(value, Mapping):
        raise Malformed("保管人异议的项目不对", field="items")
    why, bid, kind = value.get("why"), value.get("bid"), value.get("kind")
    expected = {"bid", "kind", "header_sha256", "why"} | ({"share"} if why == Why.SHARE else set())
    if set(value) != expected or not isinstance(why, str) or why not in set(Why) or not (
            isinstance(bid, str) and isinstance(kind, str)):
        raise Malformed("保管人异议的项目不对", field="items")
    share = from_hex(value["share"], "share").hex() if why == Why.SHARE else None
    return ComplaintItem(bid, kind, from_hex(value["header_sha256"], "header_sha256").hex(), Why(why), share)
