"""One clock: decisions take the database's, read after the lock (R-141, faults 16 and 19)."""

import ast
import re

from tests.architecture.sources import sources

ONLY_CLOCK = "storage.kernel.clock"
PROCESS_CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "datetime.datetime.now",
                  "datetime.date.today", "time.time", "time.time_ns"}
# now() is the instant at which the transaction began: a deadline may have passed since.
STALE_SQL = re.compile(r"\b(now\s*\(\s*\)|current_timestamp|transaction_timestamp|localtimestamp)", re.IGNORECASE)


def calls(tree: ast.AST) -> list[str]:
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def texts(tree: ast.Module) -> list[str]:
    """String constants, without docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {id(node.body[0].value) for node in ast.walk(tree)
            if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)}
    return [node.value for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs]


def test_one_module_alone_reads_the_process_clock():
    assert [(source.module, call) for source in sources() if source.module != ONLY_CLOCK
            for call in calls(source.tree) if call in PROCESS_CLOCKS] == []


def test_no_statement_asks_for_the_beginning_of_its_transaction():
    assert [(source.module, call) for source in sources() for call in calls(source.tree)
            if call in {"func.now", "sa.func.now", "func.current_timestamp", "func.transaction_timestamp"}] == []
    assert [(source.module, text) for source in sources() for text in texts(source.tree)
            if STALE_SQL.search(text)] == []
