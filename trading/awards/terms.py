"""Terms of the award that differ by kind of trade: one row each, with their R-numbers."""

from dataclasses import dataclass

from storage.kernel.calendar import Span


@dataclass(frozen=True, slots=True)
class Terms:
    """Lengths from one act to the next."""

    publicise: Span  # candidates are public within this from the report; R-163: the buyer confirms
    answer: Span  # an objection to the result is answered
    report: Span  # the written report to the regulator, from the choice of the winner
    contract: Span  # the contract, from the award letter
    names_experts: bool = False  # the result announcement names the experts


_TENDERING = Terms(publicise=Span(3), answer=Span(3), report=Span(15), contract=Span(30))
_PROCUREMENT = Terms(publicise=Span(5, "working-days"), answer=Span(7, "working-days"),
                     report=Span(7, "working-days"), contract=Span(30), names_experts=True)
_BY_KIND = {"government": _PROCUREMENT}


def terms_of(trade_kind: str) -> Terms:
    """The row of a kind of trade."""
    return _BY_KIND.get(trade_kind, _TENDERING)

