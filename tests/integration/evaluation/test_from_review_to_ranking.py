"""The desk from the first verdict to the ranking: majority, commitment, reveal, rounds, alerts."""

import pytest

from tests.desk_world import Desk


@pytest.mark.cts("A-140", "A-144", "A-145")
async def test_the_desk_goes_from_review_to_a_ranking_that_explains_itself(desk: Desk) -> None:
    outcome = await desk.ranked()
    held = await desk.row()
    assert held.step == "ranked"
    assert sorted(row["rank"] for row in outcome["rows"]) == [1, 2, 3]
    assert outcome["baseline"]["value"] == "8740000.17"
