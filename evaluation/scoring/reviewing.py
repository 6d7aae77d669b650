"""The initial review: every member votes by clause, the majority decides (R-126, R-300)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bidding.opening.model import CAUSES
from evaluation.scoring.method import LEGAL_GROUNDS
from evaluation.scoring.model import Method, OpenBid, Vote
from evaluation.scoring.rules import clause_is_in_document_or_law, price_is_within_limit

PRICE_CLAUSE = "F5"
UNOPENED = "R-144"
_GROUNDS = {ground.number: ground.title for ground in LEGAL_GROUNDS}


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a bid goes no further: clause, its title, the reasons given, pages of evidence, and the votes."""

    clause: str
    title: str
    reasons: tuple[str, ...]
    pages: tuple[str, ...]
    against: int
    members: int

    def to_json(self) -> dict[str, Any]:
        """As the outcome and the answers carry it; ``for`` counts the votes for the bid."""
        return {"clause": self.clause, "title": self.title, "reasons": list(self.reasons), "pages": list(self.pages),
                "for": self.members - self.against, "against": self.against}


def titles(method: Method) -> dict[str, str]:
    """Every clause a bid may be rejected by, in the order of work; legal grounds last."""
    return {each.number: each.title for each in method.review_items} | _GROUNDS


def is_known(item: str, method: Method) -> bool:
    """True for a clause of the document or a ground of law (R-126/2)."""
    return clause_is_in_document_or_law(item, {each.number for each in method.review_items}, _GROUNDS)


def collate(method: Method, bids: Sequence[OpenBid], votes: Collection[Vote],
            members: int) -> dict[str, tuple[Rejection, ...]]:
    """Bid → every ground on which more than half of the members reject it; nothing for a valid bid.

    A price above the limit needs no vote: it is a comparison of two figures (R-126).
    """
    return {each.bid: (*by_price(each, method.limit, members), *_by_vote(each.bid, method, votes, members))
            for each in bids}


def by_price(bid: OpenBid, limit: Decimal | None, members: int) -> tuple[Rejection, ...]:
    """The rejection of a bid whose price is above the limit or missing; nothing as long as its price is sealed.

    A second envelope that stayed shut states no price to judge: its cause is told, and nobody has voted (R-144).
    """
    if bid.unopened is not None:
        cause = CAUSES[bid.unopened]
        return (Rejection(UNOPENED, "第二信封未开启", (cause.title, cause.consequence), (), 0, members),)
    if bid.sealed or price_is_within_limit(bid.price, limit):
        return ()
    reason = "未填写有效的投标报价" if bid.price is None or limit is None else \
        f"投标报价 {bid.price:.2f} 元高于最高投标限价 {limit:.2f} 元"
    return (Rejection(PRICE_CLAUSE, _GROUNDS[PRICE_CLAUSE], (reason,), (), members, members),)


def _by_vote(bid: str, method: Method, votes: Collection[Vote], members: int) -> tuple[Rejection, ...]:
    against: dict[str, list[Vote]] = {}
    for vote in votes:
        if vote.bid == bid and not vote.passes:
            against.setdefault(vote.item, []).append(vote)
    return tuple(
        Rejection(item, title, tuple(sorted({each.reason for each in against[item]})),
                  tuple(sorted({each.page for each in against[item] if each.page})), len(against[item]), members)
        for item, title in titles(method).items() if 2 * len(against.get(item, [])) > members)


def headline(rejections: Sequence[Rejection]) -> str | None:
    """The first ground in the order of work, in one line."""
    if not rejections:
        return None
    first = rejections[0]
    return f"{first.clause} {first.title}：{'；'.join(first.reasons)}"


def competition_lacks(votes: Mapping[str, bool]) -> bool:
    """True when more than half of the members find that competition is clearly lacking (EM 27)."""
    return 2 * sum(votes.values()) > len(votes)
