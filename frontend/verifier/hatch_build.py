"""Packs the verifier: its entry, and of the platform's sources whatever that imports. Nothing is copied by hand.

Standard library and hatchling only: whoever builds the wheel has neither the platform nor its libraries.
"""

import ast
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ENTRY = "frontend.verifier.command"
PACKAGES = ("storage", "trading", "bidding", "evaluation", "frontend")


def modules(root: Path, entry: str) -> list[str]:
    """The entry and every module of ``root`` that it leads to by imports, in order of name."""
    waiting, found = [entry], set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        waiting += [f"{name.rpartition('.')[0]}"] if "." in name else []
        waiting += [each for each in _named(_file(root, name)) if _is_ours(root, each)]
    return sorted(found)


def files(root: Path) -> dict[str, str]:
    """Where each file lies, and where it lies in the wheel."""
    paths = [_file(root, name) for name in modules(root, ENTRY)]
    return {str(path): str(path.relative_to(root)) for path in paths}


def _file(root: Path, name: str) -> Path:
    path = root.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _is_ours(root: Path, name: str) -> bool:
    return name.split(".")[0] in PACKAGES and _file(root, name).is_file()


def _named(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


class ClosureHook(BuildHookInterface[Any]):
    """Asked by hatchling before it writes the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Names the files to hatchling."""
        build_data["force_include"].update(files(Path(self.root).parent.parent))
