"""Fault 22 for the award: every step out of its order is refused with the number of the rule, and changes nothing."""

import pytest

from tests.awards_world import Evaluated, award_letter
from tests.integration.awards.conftest import courier, evaluated, house
from tests.tenders_world import Person, numbers

__all__ = ["courier", "evaluated", "house"]
_BOTH = {"accepted": True}


async def _refused(person: Person, path: str, body: object) -> set[str]:
    return numbers(await person.post(path, body, expect=422))


async def _before_the_publicity(made: Evaluated) -> None:
    office, at, texts = made.office, made.at, f"{made.at}/award-texts"
    assert await _refused(office.agency, f"{texts}/candidates/submit", {}) == {"R-110/3"}
    assert await _refused(office.tenderee, f"{texts}/candidates/review", _BOTH) == {"A-163"}
    assert await _refused(office.agency, f"{texts}/candidates/publish", {}) == {"A-164", "R-110/3"}
    assert await _refused(office.tenderee, f"{at}/winner", {"bidder": made.ids[0]}) == {"R-110/4"}
    assert await _refused(office.agency, f"{texts}/result/submit", {}) == {"A-168/2"}
    assert await _refused(office.agency, f"{at}/letters", {}) == {"A-168/2"}
    assert await _refused(office.agency, f"{at}/letters/send", {}) == {"A-168/2", "A-174"}


async def _during_the_publicity(made: Evaluated) -> None:
    office, at = made.office, made.at
    await made.publicise()
    assert await _refused(office.tenderee, f"{at}/winner", {"bidder": made.ids[0]}) == {"R-110/2"}
    assert await _refused(office.tenderee, f"{at}/winner", {"bidder": made.ids[1]}) == {"B-027", "R-110/2"}
    await made.end_publicity()
    await office.tenderee.post(f"{at}/winner", {"bidder": made.ids[0]})


async def _after_the_award(made: Evaluated) -> None:
    office, at, texts = made.office, made.at, f"{made.at}/award-texts"
    assert await _refused(office.tenderee, f"{texts}/result/review", _BOTH) == {"A-169"}
    assert await _refused(office.agency, f"{texts}/result/publish", {}) == {"A-170"}
    assert await _refused(office.agency, f"{at}/letters/submit", {}) == {"A-172"}
    assert await _refused(office.centre, f"{at}/letters/verify", _BOTH) == {"A-174/2"}
    shown = await office.agency.post(f"{at}/letters", {})
    assert await _refused(office.agency, f"{at}/letters/send", {}) == {"A-174"}
    letter = f"/api/award-letters/{award_letter(shown)['id']}"
    assert await _refused(office.bidder, f"{letter}/read", {}) == {"BL-45"}
    assert await _refused(office.agency, f"{letter}/courier", {}) == {"BL-45", "R-225"}
    assert await _refused(office.agency, f"{at}/contract/submit", {}) == {"BL-45", "A-181/2"}
    assert await _refused(office.centre, f"{at}/contract/verify", _BOTH) == {"BL-45", "A-181"}
    await made.letters()
    assert await _refused(office.centre, f"{at}/contract/verify", _BOTH) == {"A-181"}
    assert await _refused(office.agency, f"{at}/contract/submit", {}) == {"A-181/2"}


@pytest.mark.cts("A-164", "A-170", "A-174", "A-182")
async def test_every_step_of_the_award_out_of_order_is_refused_by_number(evaluated: Evaluated) -> None:
    await _before_the_publicity(evaluated)
    assert (await evaluated.read())["lot"]["stage"] == "evaluated"
    await _during_the_publicity(evaluated)
    await _after_the_award(evaluated)
    assert (await evaluated.read())["contract"] is None
