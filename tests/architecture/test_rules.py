"""Law in one place: every rule is cited, used and tested, and its page is up to date."""

import re
from pathlib import Path

from tests.rules_page import PAGE, names_in_tests, page, rules

ROOT = Path(__file__).parent.parent.parent


def test_every_rule_names_its_source():
    assert [number for number, rule in rules().items() if not rule.cites or not rule.title] == []


def test_every_rule_is_used():
    """A rule that nothing asks is a sentence on paper."""
    packages = ("trading", "bidding", "storage", "evaluation", "frontend")
    sources = {file: file.read_text(encoding="utf-8") for name in packages for file in (ROOT / name).rglob("*.py")}
    unused = []
    for number, rule in rules().items():
        name = rule.decide.__name__
        uses = sum(len(re.findall(rf"\b{name}\b", text)) for text in sources.values())
        if uses < 2:
            unused.append(number)
    assert unused == []


def test_every_rule_is_tested():
    named = names_in_tests()
    untested = [number for number, rule in rules().items() if number not in named and rule.decide.__name__ not in named]
    assert untested == []


def test_the_page_of_rules_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run make docs"
