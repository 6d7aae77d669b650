"""RFC 6962 Merkle trees: growing root, inclusion and consistency proofs. All iterative, all pure.

A proof is planned as ranges of leaves; each range folds from complete subtrees ``(level, index)``,
so the same plan is served from memory, or from the few nodes a database keeps.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Self

EMPTY_ROOT = hashlib.sha256(b"").digest()
TILE_LEVELS = 8
TILE_WIDTH = 1 << TILE_LEVELS
Range = tuple[int, int]
Node = tuple[int, int]
NodeReader = Callable[[int, int], bytes]


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def perfect_root(nodes: Sequence[bytes]) -> bytes:
    """The root over 2^n nodes of one level."""
    sha256 = hashlib.sha256
    while len(nodes) > 1:
        pairs = iter(nodes)
        nodes = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
    return nodes[0]


class Frontier:
    """The right edge of a growing tree: enough to append and to know the root, O(log n) memory."""

    __slots__ = ("_roots", "size")

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def copy(self) -> Self:
        """An independent copy, to try an append that may not be committed."""
        twin = type(self)()
        twin.size, twin._roots = self.size, list(self._roots)
        return twin

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
        """Appends leaves; answers the ``(level, index, hash)`` completed at levels 8, 16, 24 …"""
        completed: list[tuple[int, int, bytes]] = []
        position = 0
        while position < len(leaves):
            level = min(_alignment(self.size), (len(leaves) - position).bit_length() - 1, TILE_LEVELS)
            self.push(perfect_root(leaves[position : position + (1 << level)]), level, completed)
            position += 1 << level
        return completed

    def push(self, root: bytes, level: int, completed: list[tuple[int, int, bytes]] | None = None) -> None:
        """Appends a perfect subtree of 2^level leaves; the size must be a multiple of 2^level."""
        index, width = self.size >> level, 1 << level
        if index << level != self.size:
            raise ValueError("a subtree must begin where its size divides the position")
        self._note(completed, level, index, root)
        while index & 1:
            root = node_hash(self._roots.pop(), root)
            level, index = level + 1, index >> 1
            self._note(completed, level, index, root)
        self._roots.append(root)
        self.size += width

    @staticmethod
    def _note(completed: list[tuple[int, int, bytes]] | None, level: int, index: int, root: bytes) -> None:
        if completed is not None and level and level % TILE_LEVELS == 0:
            completed.append((level, index, root))

    def root(self) -> bytes:
        """The tree head over all leaves so far."""
        return fold(self._roots) if self._roots else EMPTY_ROOT


def _alignment(position: int) -> int:
    return (position & -position).bit_length() - 1 if position else 64


def fold(roots: Sequence[bytes]) -> bytes:
    """One hash over adjacent subtrees of falling size, from the right."""
    result = roots[-1]
    for root in reversed(roots[:-1]):
        result = node_hash(root, result)
    return result


def complete_subtrees(part: Range) -> list[Node]:
    """The complete subtrees ``(level, index)`` that make up a range, left to right."""
    start, end = part
    nodes: list[Node] = []
    while start < end:
        level = min(_alignment(start), (end - start).bit_length() - 1)
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def _split(width: int) -> int:
    return 1 << ((width - 1).bit_length() - 1)


def inclusion_plan(index: int, size: int) -> list[Range]:
    """The leaf ranges whose hashes prove leaf ``index`` in a tree of ``size`` (RFC 6962 section 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError("the leaf is not in the tree")
    start, end, ranges = 0, size, list[Range]()
    while end - start > 1:
        middle = start + _split(end - start)
        ranges.append((middle, end) if index < middle else (start, middle))
        start, end = (start, middle) if index < middle else (middle, end)
    return ranges[::-1]


def consistency_plan(old: int, new: int) -> list[Range]:
    """The leaf ranges that prove the tree of ``old`` leaves a prefix of ``new`` (RFC 6962 section 2.1.2)."""
    if not 0 <= old <= new:
        raise ValueError("the old tree is larger than the new one")
    start, end, ranges = 0, new, list[Range]()
    if old in (0, new):
        return []
    while old != end:
        middle = start + _split(end - start)
        ranges.append((middle, end) if old <= middle else (start, middle))
        start, end = (start, middle) if old <= middle else (middle, end)
    if start:
        ranges.append((start, end))
    return ranges[::-1]


def prove(plan: Iterable[Range], read: NodeReader) -> list[bytes]:
    """The proof a plan asks for, from any source of complete subtree hashes."""
    return [fold([read(level, index) for level, index in complete_subtrees(part)]) for part in plan]


def node_reader(leaves: Sequence[bytes]) -> NodeReader:
    """Serves plans from leaves in memory."""
    levels: list[list[bytes]] = [list(leaves)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return lambda level, index: levels[level][index]


def inclusion_holds(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """True when the proof shows the leaf at ``index`` of the tree (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            value = node_hash(sibling, value)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and value == root


def consistency_holds(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """True when the old tree is shown to be a prefix of the new one (RFC 9162 section 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new or old == 0:
        return not proof and (old_root == new_root if old else old_root == EMPTY_ROOT)
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root
