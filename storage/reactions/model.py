"""What follows from an act that a lower room recorded: a reaction, and what it hears."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from storage.database.work import Work


@dataclass(frozen=True, slots=True)
class Heard:
    """One entry as a reaction hears it; ``at`` is RFC 3339 UTC."""

    seq: int
    action: str
    stream: str
    subject: str
    at: str
    payload: Mapping[str, Any] = field(repr=False)


def by_stream(heard: Heard) -> str:
    """The row of an entry by its stream: of one lot everything in its order, lots independent of each other."""
    return heard.stream


def by_subject(heard: Heard) -> str:
    """The row of an entry by its subject, where the subjects of one lot do not depend on each other."""
    return heard.subject


@dataclass(frozen=True, slots=True)
class Reaction:
    """``act`` gets a unit of work *not yet entered* and passes it to a command, whose commit moves the position too.

    An act that commits nothing had nothing to do. It must bear to be called again for an entry whose commit failed.
    One that raises is tried again, ever more slowly; until it succeeds, entries of the same ``row`` wait behind it,
    and all others go on.
    """

    name: str
    actions: frozenset[str]
    act: Callable[[Work, Heard], Awaitable[None]]
    row: Callable[[Heard], str] = by_stream
