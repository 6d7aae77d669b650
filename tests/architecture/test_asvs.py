"""The self-assessment by OWASP ASVS 5.0 (docs/asvs.csv) is complete, and names tests that exist."""

import csv

from tests.architecture.sources import ROOT


def _rows(path: str) -> list[dict[str, str]]:
    with (ROOT / path).open(encoding="utf-8") as file:
        return [*csv.DictReader(file)]


def test_every_requirement_of_the_chosen_levels_has_a_row_in_order():
    """Level 2 whole, level 3 of V2, V5, V8, V11 and V16; ids and levels as the standard lists them."""
    asked = [(row["id"], row["level"]) for row in _rows("tests/asvs_ids.csv")]
    assert len(asked) == 276
    assert [(row["id"], row["level"]) for row in _rows("docs/asvs.csv")] == asked


def test_every_row_says_where_or_why_and_names_tests_that_exist():
    for row in _rows("docs/asvs.csv"):
        assert row["requirement"], row["id"]
        assert row["applies"] in {"yes", "partly", "no"}, row["id"]
        assert row["where"], row["id"]
        assert not row["test"] or (ROOT / row["test"]).is_file(), row["id"]


def test_what_applies_is_mostly_tested():
    rows = [row for row in _rows("docs/asvs.csv") if row["applies"] != "no"]
    assert sum(bool(row["test"]) for row in rows) > 0.85 * len(rows)
