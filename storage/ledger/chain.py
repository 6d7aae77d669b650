"""The chain check over whole logs: canonical bytes, numbering, both links, and the tree, at hashing speed.

A block is newline-separated entries. Decoding a block into structs and encoding it again must give
the same bytes: that proves schema and canonical form without a look at any single entry.
"""

import hashlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import msgspec

from storage.ledger.merkle import Frontier, complete_subtrees, perfect_root
from storage.ledger.model import ZERO_HASH, Entry, LedgerBroken, canonical

_DECODER = msgspec.json.Decoder(Entry)
_ENCODER = msgspec.json.Encoder()
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError)
Piece = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first thing wrong in a block: how many entries into it, and what."""

    offset: int
    reason: str


@dataclass(frozen=True, slots=True)
class BlockSummary:
    """What one sound block shows by itself; ``Chain.accept`` joins it to what came before."""

    first: int
    count: int
    log: str
    first_prev: str
    last_leaf: str
    opens: dict[str, tuple[str, int]]
    heads: dict[str, str]
    pieces: tuple[tuple[int, tuple[Piece, ...]], ...]


def summarise(block: bytes, sizes: Sequence[int] = (), leaves: bytes | None = None) -> BlockSummary | Flaw:
    """Checks a block within itself. ``sizes`` (sorted) are tree sizes whose roots will be asked for.

    ``leaves`` are the stored leaf hashes, joined, where the caller has them.
    """
    rows = _decoded(block)
    if rows is None:
        return _first_unreadable(block, leaves)
    sha256 = hashlib.sha256
    hashes = [sha256(line).digest() for line in (b"\x00" + block[:-1]).replace(b"\n", b"\n\x00").split(b"\n")]
    texts = [leaf.hex() for leaf in hashes]
    opens, heads, torn = _streams(rows, texts)
    flaws = (_changed_leaf(hashes, leaves), _misnumbered(rows), _broken_link(rows, texts), _foreign(rows), torn)
    found = [flaw for flaw in flaws if flaw is not None]
    if found:
        return min(found, key=lambda flaw: flaw.offset)
    first = rows[0].seq
    return BlockSummary(first, len(rows), rows[0].log, rows[0].prev, texts[-1], opens, heads,
                        _pieces(hashes, first, sizes))


def _decoded(block: bytes) -> list[Entry] | None:
    try:
        rows = _DECODER.decode_lines(block)
    except _UNREADABLE:
        return None
    return rows if rows and _ENCODER.encode_lines(rows) == block else None


def _first_unreadable(block: bytes, leaves: bytes | None) -> Flaw:
    lines = block.removesuffix(b"\n").split(b"\n")
    sound = next((place for place, line in enumerate(lines) if not _is_canonical(line)), len(lines))
    before = summarise(b"".join(line + b"\n" for line in lines[:sound]), (), leaves and leaves[: 32 * sound]) \
        if sound else None
    return before if isinstance(before, Flaw) else Flaw(sound, "不是规范的条目字节")


def _is_canonical(line: bytes) -> bool:
    try:
        return canonical(_DECODER.decode(line)) == line
    except _UNREADABLE:
        return False


def _changed_leaf(hashes: Sequence[bytes], leaves: bytes | None) -> Flaw | None:
    if leaves is None or b"".join(hashes) == leaves:
        return None
    same = [leaf == leaves[32 * place : 32 * place + 32] for place, leaf in enumerate(hashes)]
    return Flaw(same.index(False) if False in same else len(same), "与存储的叶子散列不符")


def _misnumbered(rows: Sequence[Entry]) -> Flaw | None:
    numbers = [row.seq for row in rows]
    if numbers == list(range(numbers[0], numbers[0] + len(rows))):
        return None
    jumps = [later != earlier + 1 for earlier, later in pairwise(numbers)]
    place = jumps.index(True)
    # An altered number breaks the step to it and the step from it; a missing entry breaks one step.
    return Flaw(0 if place == 0 and numbers[0] >= numbers[1] else place + 1, "缺失或编号被改")


def _broken_link(rows: Sequence[Entry], texts: Sequence[str]) -> Flaw | None:
    """A link breaks between two entries. Where the next one holds, the earlier entry was altered; else the later."""
    links = [row.prev for row in rows[1:]]
    if links == texts[:-1]:
        return None
    broken = [link != text for link, text in zip(links, texts, strict=False)] + [False]
    place = broken.index(True)
    is_gap = rows[place + 1].seq != rows[place].seq + 1
    return Flaw(place + 1 if is_gap or broken[place + 1] else place, "被改动：其散列与后一条目所载不符")


def _foreign(rows: Sequence[Entry]) -> Flaw | None:
    log = rows[0].log
    if {row.log for row in rows} == {log}:
        return None
    return Flaw([row.log == log for row in rows].index(False), "属于另一账本")


def _streams(rows: Sequence[Entry], texts: Sequence[str]) -> tuple[dict[str, tuple[str, int]], dict[str, str],
                                                                   Flaw | None]:
    opens: dict[str, tuple[str, int]] = {}
    heads: dict[str, str] = {}
    torn: Flaw | None = None
    for place, row in enumerate(rows):
        stream = row.stream
        if stream not in heads:
            opens[stream] = (row.stream_prev, place)
        elif heads[stream] != row.stream_prev and torn is None:
            torn = Flaw(place, "未承接本流前一条目")
        heads[stream] = texts[place]
    return opens, heads, torn


def _pieces(hashes: list[bytes], first: int, sizes: Sequence[int]) -> tuple[tuple[int, tuple[Piece, ...]], ...]:
    end = first + len(hashes)
    cuts = [*sizes[bisect_right(sizes, first) : bisect_left(sizes, end)], end]
    result, start = [], first
    for cut in cuts:
        pieces = tuple(
            (level, perfect_root(hashes[(index << level) - first : ((index + 1) << level) - first]))
            for level, index in complete_subtrees((start, cut))
        )
        result.append((cut, pieces))
        start = cut
    return tuple(result)


def condensed(blocks: Iterable[BlockSummary | Flaw]) -> list[BlockSummary | Flaw]:
    """Consecutive blocks as one, up to the first flaw, which follows it: what one process tells another."""
    whole: BlockSummary | None = None
    for block in blocks:
        if isinstance(block, Flaw) or (whole and not _follows(whole, block)):
            return [whole, block] if whole else [block]
        whole = _joined(whole, block) if whole else block
    return [whole] if whole else []


def _follows(one: BlockSummary, next_one: BlockSummary) -> bool:
    return (next_one.first == one.first + one.count and next_one.log == one.log
            and next_one.first_prev == one.last_leaf
            and all(one.heads.get(stream, link) == link for stream, (link, _) in next_one.opens.items()))


def _joined(one: BlockSummary, next_one: BlockSummary) -> BlockSummary:
    new = {stream: (link, one.count + offset) for stream, (link, offset) in next_one.opens.items()
           if stream not in one.heads}
    return BlockSummary(one.first, one.count + next_one.count, one.log, one.first_prev, next_one.last_leaf,
                        one.opens | new, one.heads | next_one.heads, one.pieces + next_one.pieces)


@dataclass(slots=True)
class Chain:
    """The state of a log as far as it was checked: heads, size, tree. Grows block by block."""

    log: str
    prev: str = ZERO_HASH
    heads: dict[str, str] = field(default_factory=dict)
    frontier: Frontier = field(default_factory=Frontier)

    @property
    def size(self) -> int:
        """How many entries were accepted."""
        return self.frontier.size

    def accept(self, block: BlockSummary | Flaw, roots: dict[int, bytes] | None = None) -> None:
        """Joins the next block; puts the roots at the sizes asked for into ``roots``. Raises ``LedgerBroken``."""
        if isinstance(block, Flaw):
            raise self.broken(block.offset, block.reason)
        if block.first != self.size:
            raise self.broken(0, "缺失或编号被改")
        if block.log != self.log:
            raise self.broken(0, "属于另一账本")
        if block.first_prev != self.prev:
            raise self.broken(-1 if self.size else 0, "被改动：其散列与后一条目所载不符")
        for stream, (link, offset) in block.opens.items():
            if self.heads.get(stream, ZERO_HASH) != link:
                raise self.broken(offset, "未承接本流前一条目")
        self.heads.update(block.heads)
        self.prev = block.last_leaf
        for size, pieces in block.pieces:
            for level, root in pieces:
                self.frontier.push(root, level)
            if roots is not None:
                roots[size] = self.frontier.root()

    def broken(self, offset: int, reason: str) -> LedgerBroken:
        """The error that names the entry so many places after what was accepted."""
        seq = self.size + offset
        return LedgerBroken(f"条目 {seq} {reason}", seq=seq)
