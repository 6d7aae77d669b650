"""What follows from what, in plain sight: reactions to ledger entries, and what a completed paper brings about."""

from bidding.deposits.reactions import REACTIONS as DEPOSITS
from bidding.guarantees.reactions import reactions as guarantee_reactions
from bidding.opening.reactions import reactions as opening_reactions
from evaluation.committees.reactions import REACTIONS as COMMITTEES
from evaluation.reports.commands import COMPLETIONS as REPORTS
from frontend.server.parts import Parts
from storage.reactions.model import Reaction
from trading.awards.completions import COMPLETIONS as AWARDS
from trading.papers.commands import Completions


def reactions_of(parts: Parts) -> list[Reaction]:
    """Every reaction a node follows the ledger for."""
    return [*opening_reactions(parts.keys), *DEPOSITS, *guarantee_reactions(parts.keys), *COMMITTEES]


def completions_of(parts: Parts) -> Completions:
    """By kind of paper: what happens in the act of its last signature."""
    return {**AWARDS, **REPORTS}
