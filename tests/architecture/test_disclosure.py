"""One place decides what may be seen at which stage (R-122): nobody else compares a lot's stage to decide it.

A machine sees comparisons, not purposes. So the modules that read for people are held to name no stage at all, save in
the functions listed here, each with its reason; and what is recorded under seal is asked of the table everywhere.
"""

import ast
import re

import pytest

from tests.architecture.sources import Source, sources

READERS = re.compile(r"(queries|\w*answers?|views|tasks|portal|mine|feeds|downloads|search|bundle|release_work|reading|"
                     r"summary|routes\w*|feed|hub|ledger_routes|\w+_routes)")
STAGES = {"BEFORE_DEADLINE", "BEFORE_PUBLICATION", "LIVE", "AFTER_OPENING", "RESULT_IS_KNOWN", "deadline_has_passed"}
# Where a stage is compared and nothing of others is decided by it.
EXCUSED = {
    "bidding.opening.queries.is_due": "whether the hour has to be struck",
    "bidding.opening.queries.prices_are_due": "whether the second hour has to be struck",
    "bidding.opening.tasks._lots": "one's own halls",
    "bidding.bids.tasks.tasks_of": "one's own drafts",
    "bidding.guarantees.answers.desk_answer": "one's own letter",
    "bidding.guarantees.answers._applying": "what one may do oneself",
    "evaluation.committees.tasks": "the stages of one's own work",
    "evaluation.committees.tasks._lots": "one's own committees",
    "evaluation.scoring.queries._unopened": "whether there is a desk",
    "evaluation.scoring.tasks._lots": "one's own desk",
    "trading.awards.tasks": "the stages of one's own work",
    "trading.awards.tasks._lots": "one's own awards",
    "trading.tenders.portal._at_stage": "the stage that everybody sees, as a filter",
    "trading.tenders.mine.lots": "one's own lots, by stage",
    "trading.tenders.tasks._documents": "one's own signature",
    "trading.tenders.queries.lots_open_for_bids": "public knowledge, for the pace of the batches",
    "trading.tenders.queries.lots_in_opening": "which sockets do not idle out",
    "trading.tenders.queries.ties": "what its papers say of a party, for who appoints",
    "bidding.bids.queries.ties": "judged when two persons appoint; told by a rule alone (R-200/2)",
    "trading.tenders.views._lot_acts": "what one may do oneself",
    "trading.tenders.routes_public._event": "a cancelled date in a public calendar",
}


def _compares_a_stage(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in STAGES
    if isinstance(node, ast.Compare):
        return any(isinstance(each, ast.Attribute) and each.attr == "stage" for each in (node.left, *node.comparators))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in {"in_", "not_in"}:
        column = node.func.value
        # A set that the table of disclosure made is bound to a name of its own, or called for on the spot.
        return isinstance(column, ast.Attribute) and column.attr == "stage" and not _asks_the_table(node)
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Stage"


def _asks_the_table(call: ast.Call) -> bool:
    said = ast.unparse(call.args[0])
    return "stages_showing(" in said or said.endswith("_SHOWN")


def _places(source: Source) -> list[tuple[str, int]]:
    found = []
    for top in source.tree.body:
        if isinstance(top, (ast.Import, ast.ImportFrom)):
            continue
        bodies = top.body if isinstance(top, ast.ClassDef) else [top]
        for each in bodies:
            name = f".{each.name}" if isinstance(each, (ast.FunctionDef, ast.AsyncFunctionDef)) else ""
            found += [(source.module + name, node.lineno) for node in ast.walk(each)
                      if isinstance(node, ast.expr) and _compares_a_stage(node)]
    return found


@pytest.mark.cts("A-107")
def test_who_reads_for_people_asks_the_table_of_disclosure_and_compares_no_stage() -> None:
    reading = [source for source in sources() if source.module.split(".")[0] != "storage"
               and "cli" not in source.module.split(".") and READERS.fullmatch(source.module.rpartition(".")[2])]
    assert len(reading) > 50
    found = [place for source in reading for place in _places(source)]
    assert sorted({place for place in found if place[0] not in EXCUSED}) == []
    assert sorted(set(EXCUSED) - {name for name, _ in found}) == [], "an excuse without a cause"


def test_what_is_recorded_under_seal_is_asked_of_the_table() -> None:
    said = {(source.module, ast.unparse(keyword.value)) for source in sources() for node in ast.walk(source.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "record"
            for keyword in node.keywords if keyword.arg == "sealed"}
    bare = {(module, value) for module, value in said if not value.startswith("is_sealed(")}
    # The queue keeps what the table answered when the message came in; the hall signs in by the same answer twice.
    assert bare == {("trading.exchange.queue", "held.sealed_stream is not None"),
                    ("bidding.opening.commands.attending", "is_early")}
    assert len(said - bare) >= 8
