"""The draw of a committee: uniform, repeatable, blind to the order of its input, never taking who is not offered."""

from collections import Counter
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.committees.draw import Draw, candidate_digest, draw_key, pools_of, salt_of
from evaluation.committees.model import Stratum, alias
from evaluation.committees.verification import verify_committee, verify_draw, verify_names
from storage.crypto.drawing import commitment
from storage.ledger.model import LedgerBroken

LOT = "E3207000001000123001"
ORDER_KEY = sha256(b"order").digest()
_NUMBERS = [f"ZJ-{number:04}" for number in range(24)]
_KEYS = st.binary(min_size=32, max_size=32)


def digest(number: str) -> str:
    return candidate_digest(LOT, number, salt_of(ORDER_KEY, LOT, number))


def statement(seed: bytes, nonce: bytes, strata: list[Stratum], numbers: list[list[str]],
              representatives: int = 0) -> dict[str, Any]:
    """As the ledger carries a draw."""
    frozen = sha256(b"set").hexdigest()
    draw = Draw(LOT, 1, draw_key(seed, frozen, nonce),
                pools_of(strata, [[digest(each) for each in found] for found in numbers]))
    chosen = draw.first()
    places = draw.places(len(chosen) + representatives)
    return {"v": 1, "lot": LOT, "round": 1, "commitment": commitment(seed), "seed": seed.hex(), "set_sha256": frozen,
            "nonce": nonce.hex(), "strata": [pool.to_json() for pool in draw.pools],
            "chosen": [{"stratum": each.stratum, "candidate": each.candidate, "alias": alias(place)}
                       for each, place in zip(chosen, places, strict=False)],
            "representatives": [alias(place) for place in places[len(chosen):]]}


def request_of(drawn: dict[str, Any]) -> dict[str, Any]:
    return {"round": 1, "commitment": drawn["commitment"],
            "strata": [{"region": each["region"], "count": each["count"]} for each in drawn["strata"]]}


@given(seed=_KEYS, nonce=_KEYS, order=st.permutations(_NUMBERS))
def test_the_draw_does_not_depend_on_the_order_of_its_input(seed: bytes, nonce: bytes, order: list[str]) -> None:
    strata = [Stratum("320700", 3), Stratum("", 2)]
    straight = statement(seed, nonce, strata, [_NUMBERS[:12], _NUMBERS], 1)
    shuffled = statement(seed, nonce, strata, [[each for each in order if each in _NUMBERS[:12]], order], 1)
    assert straight == shuffled
    assert verify_draw(request_of(straight), shuffled, straight["set_sha256"])


@given(seed=_KEYS, nonce=_KEYS, offered=st.sets(st.sampled_from(_NUMBERS), min_size=4))
def test_nobody_is_drawn_who_was_not_offered_and_nobody_twice(seed: bytes, nonce: bytes, offered: set[str]) -> None:
    drawn = statement(seed, nonce, [Stratum("320700", 2), Stratum("", 2)], [sorted(offered)[:3], sorted(offered)])
    taken = [each["candidate"] for each in drawn["chosen"]]
    assert len(set(taken)) == len(taken) == 4
    assert set(taken) <= {digest(each) for each in offered}


@given(seed=_KEYS, nonce=_KEYS, gone=st.lists(st.integers(0, 3), max_size=12))
def test_a_replacement_is_the_next_of_its_stratum_until_nobody_is_left(seed: bytes, nonce: bytes,
                                                                       gone: list[int]) -> None:
    drawn = statement(seed, nonce, [Stratum("320700", 4)], [_NUMBERS[:9]])
    draw = Draw(LOT, 1, draw_key(seed, drawn["set_sha256"], nonce), pools_of(
        [Stratum("320700", 4)], [[digest(each) for each in _NUMBERS[:9]]]))
    called, replaced = [each["candidate"] for each in drawn["chosen"]], []
    assert called == draw.order(0)[:4]
    for place, _ in enumerate(gone):
        following = draw.next(0, called)
        candidate = following.candidate if following else None
        assert candidate == (draw.order(0)[4 + place] if 4 + place < 9 else None)
        called += [candidate] if candidate else []
        replaced.append({"gone": "甲", "stratum": 0, "skipped": [], "candidate": candidate, "round": 1,
                         "alias": alias(4 + place) if candidate else None})
    acts = {"committee.requested": [request_of(drawn)], "committee.drawn": [drawn], "committee.replaced": replaced}
    assert [*verify_committee(acts, drawn["set_sha256"])]


@pytest.mark.cts("A-220")
def test_everyone_offered_is_drawn_about_equally_often() -> None:
    """Six thousand draws of 4 out of 12: each expected 2000 times; chi-square of 11 degrees, one in a million."""
    counts: Counter[str] = Counter()
    offered = [digest(each) for each in _NUMBERS[:12]]
    for number in range(6000):
        seed = sha256(f"seed {number}".encode()).digest()
        key = draw_key(seed, sha256(b"set").hexdigest(), sha256(b"nonce").digest())
        counts.update(each.candidate for each in Draw(LOT, 1, key, pools_of([Stratum("", 4)], [offered])).first())
    assert set(counts) == set(offered)
    square = sum((counts[each] - 2000) ** 2 / 2000 for each in offered)
    assert square < 48


@given(seed=_KEYS, nonce=_KEYS, other=_KEYS)
def test_who_knows_seed_or_nonce_alone_cannot_foretell_the_draw(seed: bytes, nonce: bytes, other: bytes) -> None:
    frozen = sha256(b"set").hexdigest()
    if other != nonce:
        assert draw_key(seed, frozen, nonce) != draw_key(seed, frozen, other)
    if other != seed:
        assert draw_key(seed, frozen, nonce) != draw_key(other, frozen, nonce)
        assert commitment(seed) != commitment(other)


def _drawn() -> dict[str, Any]:
    return statement(sha256(b"seed").digest(), sha256(b"nonce").digest(), [Stratum("320700", 4)], [_NUMBERS[:9]], 1)


@pytest.mark.parametrize("change", [
    {"seed": sha256(b"another").hexdigest()}, {"nonce": sha256(b"another").hexdigest()},
    {"set_sha256": sha256(b"another").hexdigest()}, {"round": 2}, {"lot": LOT[:-1] + "2"},
    {"representatives": ["戌"]}, {"commitment": "00" * 32}])
def test_a_draw_whose_record_was_changed_does_not_verify(change: dict[str, Any]) -> None:
    drawn = _drawn()
    with pytest.raises(LedgerBroken):
        verify_draw(request_of(drawn), {**drawn, **change}, drawn["set_sha256"])


def test_a_drawn_one_exchanged_for_another_a_missing_candidate_and_other_quotas_are_found() -> None:
    drawn = _drawn()
    taken = {each["candidate"] for each in drawn["chosen"]}
    stratum = drawn["strata"][0]
    free = next(each for each in stratum["candidates"] if each not in taken)
    exchanged = [{**drawn["chosen"][0], "candidate": free}, *drawn["chosen"][1:]]
    shorter = [{**stratum, "candidates": [each for each in stratum["candidates"] if each != free]}]
    wider = {**request_of(drawn), "strata": [{"region": "320700", "count": 5}]}
    for request, changed in ((request_of(drawn), {**drawn, "chosen": exchanged}),
                             (request_of(drawn), {**drawn, "strata": shorter}), (wider, drawn)):
        with pytest.raises(LedgerBroken):
            verify_draw(request, changed, drawn["set_sha256"])
    with pytest.raises(LedgerBroken):
        [*verify_committee({"committee.requested": [request_of(drawn)], "committee.drawn": [drawn],
                            "committee.replaced": [{"gone": "甲", "stratum": 0, "skipped": [], "round": 1,
                                                    "candidate": stratum["candidates"][0], "alias": "己"}]},
                           drawn["set_sha256"])]


@pytest.mark.cts("A-134")
def test_names_told_after_the_result_are_those_behind_the_digests_and_no_others() -> None:
    drawn = _drawn()
    called = verify_draw(request_of(drawn), drawn, drawn["set_sha256"])
    people = {digest(each): each for each in _NUMBERS}
    members = [{"alias": name, "number": people[candidate], "salt": salt_of(ORDER_KEY, LOT, people[candidate])}
               for name, candidate in called.items()]
    verify_names(drawn, called, [*members, {"alias": drawn["representatives"][0], "number": "ZJ-R", "salt": None}])
    other = next(each for each in _NUMBERS if each not in {member["number"] for member in members})
    with pytest.raises(LedgerBroken):
        verify_names(drawn, called, [{**members[0], "number": other, "salt": salt_of(ORDER_KEY, LOT, other)}])


def test_aliases_are_the_stems_and_never_end() -> None:
    assert [alias(place) for place in (0, 1, 9, 10, 21)] == ["甲", "乙", "癸", "子", "亥"]
    assert len({alias(place) for place in range(100)}) == 100
