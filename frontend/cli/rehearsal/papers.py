"""Bids of real documents: what Debian and Python packages ship on this machine, and papers laid out from it."""

import os
import random
import sysconfig
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from frontend.cli.rehearsal.model import LETTER, Bidder
from storage.documents.render import render
from storage.kernel.clock import process_now
from storage.kernel.money import in_words, yuan

DOCUMENTS = frozenset({".pdf", ".docx", ".xlsx", ".pptx", ".odt", ".ods", ".epub"})
DRAWINGS = frozenset({".svg", ".svgz", ".png", ".jpg", ".dxf", ".dwg", ".eps"})
TEXTS = frozenset({".txt", ".md", ".rst", ".html", ".csv"})
_ROOTS = (sysconfig.get_path("purelib"), "/usr/share", "/usr/lib/python3/dist-packages")
_SMALLEST, _LARGEST = 2_000, 20_000_000
_ENOUGH = 4_000  # files; a machine with a desktop on it has hundreds of thousands
_PROSE = 60_000  # characters of real text in a paper that is laid out: some thirty pages
_TEMPLATE = Path(__file__).with_name("paper.typ")


@dataclass(frozen=True, slots=True)
class Library:
    """Real files, no content twice."""

    documents: tuple[Path, ...]
    drawings: tuple[Path, ...]
    texts: tuple[Path, ...]
    size: int

    @property
    def files(self) -> tuple[Path, ...]:
        """All of them."""
        return (*self.documents, *self.drawings, *self.texts)


def open_library() -> Library:
    """What this machine has."""
    seen: set[bytes] = set()
    kept: dict[frozenset[str], list[Path]] = {DOCUMENTS: [], DRAWINGS: [], TEXTS: []}
    size = 0
    for path in _candidates():
        kind = next((each for each in kept if path.suffix.lower() in each), None)
        if kind is None or len(kept[kind]) >= _ENOUGH or not _SMALLEST <= path.stat().st_size <= _LARGEST:
            continue
        data = path.read_bytes()
        digest = sha256(data).digest()
        if digest not in seen:
            seen.add(digest)
            kept[kind].append(path)
            size += len(data)
    return Library(tuple(kept[DOCUMENTS]), tuple(kept[DRAWINGS]), tuple(kept[TEXTS]), size)


def _candidates() -> Iterator[Path]:
    for root in _ROOTS:
        for folder, folders, names in os.walk(root):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK):
                    yield path


def compose(bidder: Bidder, version: int, target: int, library: Library) -> int:
    """Writes a version of a bid of about ``target`` bytes into its folder; returns the bytes."""
    folder = bidder.folder / f"version-{version}"
    folder.mkdir(parents=True)
    chance = random.Random(f"{bidder.seed}/{bidder.number}/{version}/papers")
    (folder / LETTER).write_bytes(_letter(bidder, version))
    (folder / "02施工组织设计.pdf").write_bytes(_method(bidder, chance, library, min(_PROSE, target // 8)))
    _zip(folder / "03图纸.zip", _drawn(chance, library.drawings, target // 8), zipfile.ZIP_DEFLATED)
    rest = target - sum(path.stat().st_size for path in folder.iterdir())
    _zip(folder / "04资料.zip", _drawn(chance, library.files, rest), zipfile.ZIP_STORED)
    return sum(path.stat().st_size for path in folder.iterdir())


def _letter(bidder: Bidder, version: int) -> bytes:
    values = bidder.values(version)
    facts = [("投标人", bidder.name), ("统一社会信用代码", bidder.uscc), ("投标总价", f"{values['price']} 元"),
             ("大写", in_words(yuan(values["price"]))), ("工期", f"{values['duration']} 日历天"),
             ("项目经理", values["manager"]), ("版本", f"第 {version} 版")]
    return render(_TEMPLATE, {"title": "投标函（演练）", "number": f"演练-{bidder.number}", "demo": True,
                              "platform": "云开演练", "facts": facts, "chapters": []}, created_at=process_now())


def _method(bidder: Bidder, chance: random.Random, library: Library, characters: int) -> bytes:
    chapters, left = [], characters
    for path in chance.sample(library.texts, len(library.texts)):
        if left <= 0:
            break
        text = path.read_text(errors="replace")[:min(left, 8_000)]
        chapters.append((path.name, [line.strip() for line in text.splitlines() if line.strip()]))
        left -= len(text)
    return render(_TEMPLATE, {"title": "施工组织设计（演练）", "number": f"演练-{bidder.number}", "demo": True,
                              "platform": "云开演练", "facts": [("投标人", bidder.name)], "chapters": chapters},
                  created_at=process_now())


def _drawn(chance: random.Random, files: Sequence[Path], budget: int) -> Iterator[tuple[str, Path]]:
    """Files in an order of chance, each round under a folder of its own, while they fit into the budget."""
    sizes = {path: path.stat().st_size for path in files}
    turn, left = 0, budget
    while sizes and left >= min(sizes.values()):
        turn += 1
        for number, path in enumerate(chance.sample(files, len(files)), start=1):
            if sizes[path] <= left:
                left -= sizes[path]
                yield f"{turn}/{number:04}-{path.name}", path


def _zip(target: Path, members: Iterable[tuple[str, Path]], compression: int) -> None:
    with zipfile.ZipFile(target, "w", compression, compresslevel=1) as packed:
        for name, path in members:
            packed.writestr(zipfile.ZipInfo(name), path.read_bytes(), compress_type=compression)
