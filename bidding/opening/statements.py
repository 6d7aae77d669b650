"""The opening statement 开标一览表 once it is open, and the row that is announced of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256

from bidding.opening.model import BidState
from storage.crypto.canonical import Json, canonical_bytes, canonical_sha256, parse_object
from storage.crypto.errors import Malformed
from storage.kernel.errors import Invalid
from storage.kernel.money import in_words, yuan

PRICE = "price"
_LONGEST = 2000
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # as JCS writes it; no column of the database holds one
_CENT = Decimal("0.01")
CONFIRM_PREFIX = b"ebid/1 confirm\0"


@dataclass(frozen=True, slots=True)
class Field:
    """One line the tender document asks to be announced; ``kind`` is money, days, text or percent."""

    key: str
    label: str
    kind: str
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedBid:
    """What is known of a bid when prices are announced; ``values`` is None unless it was decrypted."""

    place: int
    bid: str
    version: int
    name: str
    uscc: str
    submitted_at: str
    state: str
    cause: str | None = None
    values: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """An opened statement: its lines by key, and the guarantee letter that was sealed along, as its bidder put it."""

    values: Mapping[str, str]
    guarantee: Mapping[str, Json] | None = None


def read_statement(data: bytes, fields: Sequence[Field]) -> Statement:
    """The statement from its plaintext: JCS ``{v:1, fields:{key: text}, guarantee?: {…}, pad?: blanks}``.

    Raises ``Malformed`` when it is not one, or lacks a line the document requires. What a line says is judged by
    the committee (R-126), and the letter by its own rules (R-414), not here.
    """
    value = parse_object(data, limit=1 << 20)
    if _NUL.search(data):
        raise Malformed("开标一览表含有不能保存的字符", field="statement")
    found, letter, pad = value.get("fields"), value.get("guarantee"), value.get("pad", "")
    is_one = {"v", "fields"} <= set(value) <= {"v", "fields", "guarantee", "pad"} and value["v"] == 1
    if not is_one or not isinstance(found, Mapping) or not isinstance(pad, str) or pad.strip(" "):
        raise Malformed("开标一览表的格式不对", field="statement")
    if letter is not None and not isinstance(letter, Mapping):
        raise Malformed("开标一览表所附保函的格式不对", field="guarantee")
    for field in fields:
        if field.required and not found.get(field.key):
            raise Malformed(f"开标一览表缺少“{field.label}”", field=field.key)
    if not all(isinstance(text, str) and len(text) <= _LONGEST for text in found.values()):
        raise Malformed("开标一览表的内容须为文本", field="fields")
    asked = {field.key for field in fields}
    return Statement({key: str(text) for key, text in found.items() if key in asked}, letter)


def price_of(values: Mapping[str, str] | None) -> Decimal | None:
    """The price in yuan, or None when none is stated or it is not a figure."""
    try:
        return yuan(values[PRICE]) if values and PRICE in values else None
    except Invalid:
        return None


def deviation(price: Decimal, limit: Decimal) -> str:
    """How far the price lies from the limit, in per cent with sign and two places."""
    share = ((price - limit) / limit * 100).quantize(_CENT, rounding=ROUND_HALF_UP)
    return f"{share:+.2f}"


def announced_row(bid: AnnouncedBid, fields: Sequence[Field], limit: Decimal | None) -> dict[str, Json]:
    """The announced line of one bid: figure, 大写, deviation from the limit, and the digest a bidder confirms."""
    values = bid.values if bid.state == BidState.DECRYPTED else None
    price = price_of(values)
    row: dict[str, Json] = {
        "place": bid.place, "bid": bid.bid, "version": bid.version, "name": bid.name, "uscc": bid.uscc,
        "submitted_at": bid.submitted_at, "state": bid.state, "cause": bid.cause,
        "price": f"{price:.2f}" if price is not None else None,
        "words": in_words(price) if price is not None else None,
        "deviation": deviation(price, limit) if price is not None and limit else None,
        "fields": [{"key": field.key, "label": field.label, "kind": field.kind, "value": values[field.key]}
                   for field in fields if values is not None and field.key in values]}
    return row | {"row_sha256": canonical_sha256(row)}


def announced_rows(bids: Sequence[AnnouncedBid], fields: Sequence[Field],
                   limit: Decimal | None) -> list[dict[str, Json]]:
    """All lines at once, sorted by submission (R-508)."""
    ordered = sorted(bids, key=lambda bid: (bid.submitted_at, bid.bid))
    return [announced_row(replace(bid, place=place), fields, limit) for place, bid in enumerate(ordered, 1)]


def rows_sha256(rows: Sequence[Json]) -> str:
    """SHA-256 (hex) over the JCS of all lines."""
    return sha256(canonical_bytes(list(rows))).hexdigest()


def confirmation_bytes(row_sha256: str) -> bytes:
    """What a bidder signs to confirm its line: ``"ebid/1 confirm\\0"`` ‖ the 32 bytes of its digest (R-510)."""
    return CONFIRM_PREFIX + bytes.fromhex(row_sha256)
