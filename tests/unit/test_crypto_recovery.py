"""Known answers of the printed recovery code, shared with TypeScript (recovery.json), and what must fail."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from storage.crypto import recovery
from storage.crypto.canonical import to_base64
from storage.crypto.envelope import open_trial
from storage.crypto.errors import Malformed, SealBroken
from storage.crypto.header import read_header
from storage.crypto.recovery import new_code, read_code, read_recovery, unwrap_under, wrap_under
from storage.crypto.wraps import binding

VECTOR = json.loads((Path(__file__).parents[1] / "vectors" / "recovery.json").read_text())
CODE = VECTOR["code"]
CASES = pytest.mark.parametrize("case", VECTOR["cases"], ids=["suite 1", "suite 2"])


@CASES
def test_a_header_with_a_code_is_the_vectors_and_without_it_the_one_it_was(case):
    header = read_header(case["header"].encode())
    assert (header.sha256, header.ctx.ch.hex()) == (case["header_sha256"], case["ch"])
    assert replace(header, recovery=None).sha256 == case["without"]
    assert [item.role for item in header.wraps][:3] == ["bidder", "bidder", "custodian"]
    assert binding("wrap", "bidder", recovery.PLACE, header.ctx.ch).hex() == case["bind"]
    chosen = iter([bytes.fromhex(case["salt"]), bytes.fromhex(case["iv"])])
    assert wrap_under(CODE, bytes.fromhex(case["sb"]), header.ctx.ch, lambda n: next(chosen)) == header.recovery
    secret = unwrap_under(CODE.lower(), header.recovery, header.ctx.ch)
    assert secret.hex() == case["sb"]
    open_trial(header, secret)


@pytest.mark.parametrize("name", VECTOR["refused_headers"])
def test_a_recovery_wrap_in_any_other_form_is_refused(name):
    with pytest.raises(Malformed):
        read_header(VECTOR["refused_headers"][name].encode())


@pytest.mark.parametrize("name", VECTOR["broken"])
def test_a_wrap_from_elsewhere_or_changed_opens_nothing(name):
    with pytest.raises(SealBroken) as refused:
        unwrap_under(CODE, read_recovery(VECTOR["broken"][name]), bytes.fromhex(VECTOR["cases"][0]["ch"]))
    assert CODE not in str(refused.value.facts) + refused.value.message


def test_a_code_is_read_as_people_type_it_and_one_wrong_character_is_told():
    assert {read_code(each) for each in VECTOR["typed"]} == {CODE}
    plain = CODE.replace("-", "")
    wrong = [plain[:at] + other + plain[at + 1:] for at in range(len(plain))
             for other in set("0123456789ABCDEFGHJKMNPQRSTVWXYZ") - {plain[at]}]
    swapped = [plain[:at] + plain[at + 1] + plain[at] + plain[at + 2:] for at in range(len(plain) - 1)
               if plain[at] != plain[at + 1]]
    for each in [*VECTOR["refused_codes"], *wrong, *swapped]:
        with pytest.raises(Malformed):
            read_code(each)


def test_fresh_codes_are_codes_of_full_length_and_differ():
    made = {new_code() for _ in range(300)}
    assert len(made) == 300
    assert all(read_code(each) == each and len(each) == 34 for each in made)
    assert len({each[0] for each in made}) > 24, "the first character is by chance as the others"


def test_the_code_of_another_bid_opens_nothing():
    case = VECTOR["cases"][0]
    header = read_header(case["header"].encode())
    with pytest.raises(SealBroken):
        unwrap_under(new_code(), header.recovery, header.ctx.ch)
    assert to_base64(bytes.fromhex(case["sb"])) not in case["header"]
