"""The measures of the house (docs/architecture.md): small files, small functions, no hidden imports, no circles."""

import ast
import statistics
from graphlib import CycleError, TopologicalSorter

from tests.architecture.sources import functions, imported, sources

ORDER = ("storage", "trading", "bidding", "evaluation", "frontend")


def ninth_tenth(values: list[int]) -> int:
    return sorted(values)[int(len(values) * 0.9)]


def test_files_are_small():
    sizes = {source.module: source.lines for source in sources() if source.lines >= 3}
    assert {module: lines for module, lines in sizes.items() if lines > 300} == {}
    assert statistics.median(sizes.values()) <= 90
    assert ninth_tenth([*sizes.values()]) <= 200


def test_functions_are_small():
    sizes = {name: (node.end_lineno or node.lineno) - node.lineno + 1 for name, node in functions()}
    assert {name: lines for name, lines in sizes.items() if lines > 50} == {}
    assert ninth_tenth([*sizes.values()]) <= 25


def test_no_function_hides_an_import():
    assert [name for name, node in functions()
            if any(isinstance(inner, (ast.Import, ast.ImportFrom)) for inner in ast.walk(node))] == []


def test_no_import_is_relative():
    assert [source.module for source in sources() for node in ast.walk(source.tree)
            if isinstance(node, ast.ImportFrom) and node.level] == []


def test_imports_go_one_way_and_in_no_circle():
    modules = {source.module for source in sources()}
    graph = {source.module: (imported(source) & modules) - {source.module} for source in sources()}
    upward = [f"{module} imports {other}" for module, others in graph.items() for other in others
              if ORDER.index(other.split(".")[0]) > ORDER.index(module.split(".")[0])]
    assert upward == []
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        raise AssertionError(f"imports in a circle: {' > '.join(circle.args[1])}") from None
