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


@dataclass(frozen=True, slots=True)
class Reaction:
    """``act`` gets a unit of work *not yet entered* and passes it to a command, whose commit moves the position too.

    An act that commits nothing had nothing to do. It must bear to be called again for an entry whose commit failed.
    """

    name: str
    actions: frozenset[str]
    act: Callable[[Work, Heard], Awaitable[None]]
