"""A seal fits one slot: whatever field of it is another's, it is refused, and the field is named (R-140, fault 29)."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidding.bids.model import BODY, KINDS, STATEMENT, Slot, differing_fields
from bidding.bids.rules import comes_before_the_deadline
from bidding.bids.sealing import Recipients, check_header, check_recovery, check_size
from storage.crypto.authority import distinguished_name, new_authority, new_key
from storage.crypto.canonical import canonical_bytes
from storage.crypto.certificates import Certificate, describe
from storage.crypto.context import read_context
from storage.crypto.envelope import Recipient, seal
from storage.crypto.reader import Layout
from storage.crypto.recovery import new_code
from storage.kernel.clock import process_now
from storage.kernel.errors import RulesUnmet

OPENS = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)


@cache
def certificates() -> tuple[Certificate, ...]:
    """Bidder's EC and RSA, then three custodians'."""
    authority = new_authority("演示根", "ec-p256", now=process_now())
    kinds = ("ec-p256", "rsa", "ec-p256", "ec-p256", "rsa")
    name = distinguished_name(common_name="某公司", organisation="某公司")
    return tuple(describe(authority.issue(new_key(kind), name, now=process_now())) for kind in kinds)


def slot(**changed: Any) -> Slot:
    bidder, _, *custodians = certificates()
    fields: dict[str, Any] = {
        "tender": "E3207000001000123", "lot": "E3207000001000123001", "round": 1, "bidder": bidder.fingerprint,
        "version": 1, "opens_at": OPENS, "k": 2, "custodians": tuple(each.fingerprint for each in custodians)}
    return Slot(**fields | changed)


def recipients() -> Recipients:
    own, others = certificates()[:2], certificates()[2:]
    return Recipients({each.fingerprint: each.key_kind for each in own},
                      {each.fingerprint: each.key_kind for each in others})


@cache
def sealed(kind: str, count: int = 2) -> dict[str, Any]:
    """A sound header as JSON, wrapped to so many of the bidder's certificates."""
    own = [Recipient(each.tag, each.public_key) for each in certificates()[:count]]
    others = [Recipient(each.tag, each.public_key) for each in certificates()[2:]]
    made = seal(read_context(slot().context(kind)), own, others)
    found: dict[str, Any] = json.loads(made.header.to_bytes())
    return found


def refusal(header: dict[str, Any], kind: str = BODY) -> RulesUnmet:
    with pytest.raises(RulesUnmet) as refused:
        check_header(canonical_bytes(header).decode(), kind, slot(), recipients())
    return refused.value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 2])
def test_a_seal_made_for_the_slot_is_taken(kind: str, count: int) -> None:
    text = canonical_bytes(sealed(kind, count)).decode()
    assert check_header(text, kind, slot(), recipients()).ctx.envelope == kind


OTHERS: dict[str, Any] = {
    "tender": "E3207000001000124", "lot": "E3207000001000123002", "round": 2, "bidder": "sha256:" + "ab" * 32,
    "version": 2, "envelope": STATEMENT, "opens_at": "2026-12-01T01:00:01Z", "suite": 2, "seg": 1_048_576, "k": 3,
    "n": 2, "custodians": ["sha256:" + "cd" * 32] * 3}


@pytest.mark.cts("A-90")
@pytest.mark.parametrize("name", list(OTHERS))
def test_a_seal_for_another_slot_is_refused_by_name(name: str) -> None:
    assert set(OTHERS) == set(slot().context(BODY))
    refused = refusal(sealed(BODY) | {"ctx": sealed(BODY)["ctx"] | {name: OTHERS[name]}})
    assert [rule.number for rule in refused.rules] == ["R-140"]
    assert refused.facts["fields"] == name


values = st.none() | st.booleans() | st.integers(-3, 2**53 - 1) | st.text(max_size=30) | st.lists(
    st.text(max_size=5), max_size=3)


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from(list(OTHERS)), value=values)
def test_no_other_value_of_any_field_is_taken(name: str, value: Any) -> None:
    ctx = sealed(BODY)["ctx"]
    if value == ctx[name] and type(value) is type(ctx[name]):
        return
    refused = refusal(sealed(BODY) | {"ctx": ctx | {name: value}})
    assert refused.facts["field"] == name


@given(name=st.sampled_from(list(OTHERS)))
def test_a_missing_or_foreign_field_is_named(name: str) -> None:
    expected = slot().context(BODY)
    assert differing_fields({key: expected[key] for key in expected if key != name}, expected) == (name,)
    assert differing_fields(expected | {"more": 1}, expected) == ("more",)


def test_true_is_not_one() -> None:
    expected = slot().context(BODY)
    assert differing_fields(expected | {"version": True}, expected) == ("version",)


def drop_wrap(index: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda header: header | {"wraps": [item for at, item in enumerate(header["wraps"]) if at != index]}


def change_wrap(index: int, **fields: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda header: header | {
        "wraps": [item | fields if at == index else item for at, item in enumerate(header["wraps"])]}


FAULTY: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "a custodian without a wrap": drop_wrap(3),
    "the bidder without a wrap": drop_wrap(0),
    "wraps out of order": lambda header: header | {"wraps": header["wraps"][::-1]},
    "a wrap to a stranger": change_wrap(2, cert="sha256:" + "ee" * 32),
    "a wrap of another algorithm": change_wrap(2, alg="rsa-oaep"),
    "a wrap that is too short": change_wrap(2, ct="AAAA"),
    "a second wrap of the bidder to a stranger": change_wrap(1, cert="sha256:" + "ee" * 32),
    "a commitment too few": lambda header: header | {"com_s": header["com_s"][:2]},
    "no trial segment": lambda header: {key: value for key, value in header.items() if key != "trial"},
    "a key too many": lambda header: header | {"price": "1"},
    "a FLOE header of another segment length": lambda header: header | {"floe": "A" * 96 + "AAA="},
}


@pytest.mark.cts("A-90", "A-94")
@pytest.mark.parametrize("fault", list(FAULTY))
def test_a_header_not_as_required_is_refused(fault: str) -> None:
    refused = refusal(FAULTY[fault](sealed(BODY)))
    assert {rule.number for rule in refused.rules} <= {"R-140", "R-704"}


def test_a_seal_the_bidder_can_open_with_a_foreign_key_first_is_refused() -> None:
    header = sealed(BODY)
    first, second, *rest = header["wraps"]
    swapped = header | {"wraps": [second | {"i": 0}, first | {"i": 1}, *rest]}
    assert [rule.number for rule in refusal(swapped).rules] == ["R-704"]


@pytest.mark.parametrize("text", ["{ }", '{"v":1,"v":1}', "[]", "null", '{"v":1.0}', "{", '{"ctx":{},"v":1} '])
def test_a_header_that_is_not_canonical_is_refused(text: str) -> None:
    with pytest.raises(RulesUnmet):
        check_header(text, BODY, slot(), recipients())


@given(size=st.integers(0, 4 * 1024**3))
def test_only_the_right_number_of_parts_is_taken(size: int) -> None:
    count = Layout(size, 8_388_608).count
    assert check_size(size, count, BODY, slot()).count == count
    for wrong in (count - 1, count + 1):
        with pytest.raises(RulesUnmet):
            check_size(size, wrong, BODY, slot())


@pytest.mark.parametrize(("size", "parts", "kind"), [(4 * 1024**3 + 1, 513, BODY), (1_048_545, 2, STATEMENT),
                                                     (-1, 1, BODY)])
def test_a_size_beyond_what_is_taken_is_refused(size: int, parts: int, kind: str) -> None:
    with pytest.raises(RulesUnmet):
        check_size(size, parts, kind, slot())


@pytest.mark.cts("A-92", "A-97")
@given(offset=st.integers(-10**7, 10**7))
def test_the_deadline_instant_itself_is_late(offset: int) -> None:
    assert comes_before_the_deadline(OPENS + timedelta(microseconds=offset), OPENS) is (offset < 0)


@pytest.mark.cts("A-90")
def test_a_wrap_under_a_recovery_code_is_taken_only_where_the_document_has_a_remedy() -> None:
    own, *others = [Recipient(each.tag, each.public_key) for each in (certificates()[0], *certificates()[2:])]
    made = seal(read_context(slot().context(BODY)), [own], others, code=new_code())
    header = check_header(made.header.to_bytes().decode(), BODY, slot(), recipients())
    check_recovery(header, "backup")
    with pytest.raises(RulesUnmet) as refused:
        check_recovery(header, "none")
    assert refused.value.facts["field"] == "recovery"
    check_recovery(check_header(canonical_bytes(sealed(BODY)).decode(), BODY, slot(), recipients()), "none")
