"""One file of a program that needs nothing but Python: its modules, found by their imports, in a zipapp.

The same sources give the same bytes, so that whoever packs anew can compare.
"""

import ast
import sys
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

_OURS = ("storage", "trading", "bidding", "evaluation", "frontend")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_START = b"#!/usr/bin/env python3\n"
_MAIN = 'import runpy\n\nrunpy.run_module("{module}", run_name="__main__")\n'


class NotSelfContained(Exception):
    """A module that would be packed imports something that Python does not bring along."""


def pack(module: str, target: Path) -> list[str]:
    """Packs ``module`` (run as ``__main__``) with all that it imports; returns the names of the modules.

    Raises ``NotSelfContained``.
    """
    sources = _closure(module)
    with target.open("wb") as file:
        file.write(_START)
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for name, text in sorted({"__main__.py": _MAIN.format(module=module), **sources}.items()):
                archive.writestr(ZipInfo(name, _EPOCH), text, ZIP_DEFLATED)
    target.chmod(0o755)
    return sorted(sources)


def _closure(module: str) -> dict[str, str]:
    """Path in the archive → source, of the module, what it imports, and the packages around."""
    found: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            continue  # a name out of a package, no module itself
        path = name.replace(".", "/") + ("/__init__.py" if spec.submodule_search_locations else ".py")
        if path in found:
            continue
        found[path] = Path(spec.origin).read_text(encoding="utf-8")
        waiting += [name.rpartition(".")[0]] if "." in name else []
        waiting += _imports(name, found[path])
    return found


def _imports(module: str, text: str) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            names += [f"{node.module}.{alias.name}" for alias in node.names if _is_package(node.module)]
    foreign = {name for name in names if name.split(".")[0] not in (*_OURS, *sys.stdlib_module_names)}
    if foreign:
        raise NotSelfContained(f"{module}: {', '.join(sorted(foreign))}")
    return [name for name in names if name.split(".")[0] in _OURS]


def _is_package(name: str) -> bool:
    spec = find_spec(name) if name.split(".")[0] in _OURS else None
    return spec is not None and bool(spec.submodule_search_locations)
