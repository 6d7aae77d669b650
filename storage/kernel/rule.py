"""A rule is a sentence with a number and a source; True means satisfied."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, ParamSpec

from storage.kernel.errors import RulesUnmet

P = ParamSpec("P")

REGISTRY: dict[str, "Rule[...]"] = {}


@dataclass(frozen=True)
class Rule(Generic[P]):
    """One numbered rule of domain law: number, Chinese title, citation, date in force."""

    number: str
    title: str
    cites: str
    since: date
    decide: Callable[P, bool] = field(compare=False)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """True when the facts satisfy the rule."""
        return self.decide(*args, **kwargs)


def rule(number: str, title: str, *, cites: str, since: date) -> Callable[[Callable[P, bool]], Rule[P]]:
    """Registers a predicate as the rule of that number; a number stands once, or in numbered parts (R-103/2)."""

    def register(decide: Callable[P, bool]) -> Rule[P]:
        if number in REGISTRY:
            raise ValueError(f"rule {number} stands twice")
        made = Rule(number=number, title=title, cites=cites, since=since, decide=decide)
        REGISTRY[number] = made
        return made

    return register


def unmet(verdicts: Iterable[tuple["Rule[...]", bool]]) -> tuple["Rule[...]", ...]:
    """The rules whose verdict is not satisfied, in the order asked."""
    return tuple(rule for rule, satisfied in verdicts if not satisfied)


def require(*verdicts: tuple["Rule[...]", bool]) -> None:
    """Raises ``RulesUnmet`` with every unmet rule together."""
    failed = unmet(verdicts)
    if failed:
        raise RulesUnmet(failed)


def register() -> Mapping[str, "Rule[...]"]:
    """Every rule known, by number."""
    return dict(sorted(REGISTRY.items()))
