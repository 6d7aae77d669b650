"""What the ledger calls an act is a word of ours; people read one of theirs on every page that lists entries."""

import re

from tests.architecture.sources import ROOT

_RECORDED = re.compile(r'\b(?:record|_?note)\(\s*(?:uow,\s*)?f?"([a-z_]+\.[a-z_{}]+)"')
_ROOMS = ("storage", "trading", "bidding", "evaluation", "frontend/server")
_KINDS = ("candidates", "result")  # the texts of an award, whose kind stands in the name


def test_every_act_of_the_ledger_has_a_word_for_people() -> None:
    sources = [path.read_text() for room in _ROOMS for path in (ROOT / room).rglob("*.py")]
    found = {name.replace("{kind}", kind).replace(".", "_") for source in sources
             for name in _RECORDED.findall(source) for kind in _KINDS}
    assert len(found) > 150, "the pattern no longer finds what is recorded"
    words = "".join((ROOT / "frontend/web/src/i18n/zh" / name).read_text() for name in ("ledger.ts", "hall.ts"))
    assert sorted(name for name in found if not re.search(rf"\b{name}:", words)) == []
