"""What is announced of an opened statement."""

from decimal import Decimal

import pytest

from bidding.opening.statements import AnnouncedBid, Field, announced_rows, confirmation_bytes, read_statement
from storage.crypto.canonical import Json, canonical_bytes, canonical_sha256
from storage.crypto.errors import Malformed

FIELDS = [Field("price", "投标总价", "money"), Field("days", "工期", "days"),
          Field("note", "备注", "text", required=False)]


def made(**fields: Json) -> bytes:
    return canonical_bytes({"v": 1, "fields": fields})


def bid(place: int, at: str, state: str = "decrypted", **values: str) -> AnnouncedBid:
    return AnnouncedBid(place=place, bid=f"b{place}", version=1, name=f"第{place}公司", uscc="X", submitted_at=at,
                        state=state, values=values or None)


@pytest.mark.cts("A-113")
def test_only_what_the_document_asks_is_read_from_a_statement() -> None:
    assert read_statement(made(price="1.00", days="30", secret="x"), FIELDS).values == {"price": "1.00", "days": "30"}


@pytest.mark.parametrize("data", [
    b"", b"{}", made(price="1.00"), made(price="", days="1"), made(price="1.00", days=30), b'{"v": 1, "fields": {}}',
    canonical_bytes({"v": 2, "fields": {"price": "1", "days": "1"}}), canonical_bytes({"v": 1, "fields": []}),
    canonical_bytes({"v": 1, "fields": {"price": "1", "days": "1"}, "more": 1}), made(price="1", days="1" * 2001)])
def test_a_statement_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_statement(data, FIELDS)


def test_a_price_that_is_no_figure_is_shown_as_written_and_left_to_the_committee() -> None:
    row = announced_rows([bid(1, "t", price="约八百万", days="1")], FIELDS, Decimal("9000000"))[0]
    assert (row["price"], row["words"], row["deviation"]) == (None, None, None)
    assert row["fields"][0]["value"] == "约八百万"  # type: ignore[index, call-overload]


@pytest.mark.cts("A-100", "A-113")
def test_rows_stand_by_time_of_submission_with_words_and_deviation() -> None:
    rows = announced_rows([bid(1, "2026-01-01T00:00:02.000000Z", price="9090000.00", days="1"),
                           bid(2, "2026-01-01T00:00:01.000000Z", price="8500000.50", days="2"),
                           bid(3, "2026-01-01T00:00:03.000000Z", state="revoked", price="1.00")],
                          FIELDS, Decimal("9000000"))
    assert [row["bid"] for row in rows] == ["b2", "b1", "b3"]
    assert [row["deviation"] for row in rows] == ["-5.56", "+1.00", None]
    assert rows[0]["words"] == "捌佰伍拾万元伍角"
    assert rows[2]["price"] is None
    assert rows[2]["fields"] == []


def test_a_bidder_confirms_exactly_its_row() -> None:
    row = announced_rows([bid(1, "t", price="1.00", days="1")], FIELDS, None)[0]
    digest = row.pop("row_sha256")
    assert digest == canonical_sha256(row)
    assert confirmation_bytes(str(digest)) == b"ebid/1 confirm\0" + bytes.fromhex(str(digest))
