"""HTTP byte ranges (RFC 9110 section 14): one range, or the whole."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class Span:
    """What to send: ``length`` bytes from ``offset``; partial answers are 206."""

    offset: int
    length: int
    is_partial: bool


def parse(header: str, size: int) -> Span | None:
    """The span a Range header asks for of ``size`` bytes; None when it cannot be satisfied (416).

    No header, another unit, or several ranges: the whole.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None or found.groups() == ("", ""):
        return Span(0, size, is_partial=False)
    first, last = found.groups()
    if first == "":
        length = min(int(last), size)
        return Span(size - length, length, is_partial=True) if length else None
    offset = int(first)
    end = min(int(last), size - 1) if last else size - 1
    if offset >= size:
        return None
    if last and int(last) < offset:
        return Span(0, size, is_partial=False)
    return Span(offset, end - offset + 1, is_partial=True)
