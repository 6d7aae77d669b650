"""The project's own Python files, parsed once."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("storage", "trading", "bidding", "evaluation", "frontend")
_NOT_OURS = {"node_modules", "migrations", "dist"}


@dataclass(frozen=True)
class Source:
    """One file: its module name, path, lines and tree."""

    module: str
    path: Path
    lines: int
    tree: ast.Module


@cache
def sources() -> tuple[Source, ...]:
    """Every file of the five packages; migrations are records of the past and not measured."""
    return tuple(_read(path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))
                 if not _NOT_OURS & set(path.relative_to(ROOT).parts))


def functions() -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """All functions with a name to find them by."""
    return [(f"{source.module}.{node.name}", node) for source in sources() for node in ast.walk(source.tree)
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def imported(source: Source) -> set[str]:
    """Names a file imports, each also with its last word, which may be a module."""
    names: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return Source(module, path.relative_to(ROOT), text.count("\n"), ast.parse(text))
