"""The ranking of a signed report arrives, and with it the candidates (R-128, B-026)."""

from collections.abc import Mapping, Sequence
from typing import Any

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, Refused, RulesUnmet
from storage.kernel.identifiers import new_id
from trading.awards.award_file import most_candidates
from trading.awards.model import AwardFacts, RankedBid, Standing, in_order
from trading.awards.rules import candidates_are_few_and_ranked
from trading.awards.tables import Award, AwardBidder
from trading.tenders.content import PRICE_KEY
from trading.tenders.model import Stage
from trading.tenders.permissions import insiders
from trading.tenders.tables import Lot

_UNITS = {"days": " 日", "percent": "%", "money": " 元"}


async def receive_ranking(uow: Work, lot: Lot, rows: Sequence[RankedBid], actor: Actor, *,
                          experts: Sequence[str] = ()) -> Award:
    """Within evaluation's own transaction, which holds the lot FOR UPDATE, brought it to EVALUATED, and commits.

    The best ranked, three at most, become candidates. ``experts``: the names that a government procurement's result
    announces (R-163); elsewhere leave them out. Raises ``RulesUnmet`` R-128 when nobody is ranked.
    """
    if lot.stage != Stage.EVALUATED:
        raise Refused("评标报告签署后方可接收排序", stage=lot.stage)
    if await uow.session.get(Award, lot.id) is not None:
        raise Refused("本标段的评标结果已接收")
    ordered = _ordered(rows)
    most = most_candidates(lot)
    count = sum(row.rank is not None and row.rank <= most for row in ordered)
    if not candidates_are_few_and_ranked(AwardFacts(now=await uow.now(), candidates=count, most_candidates=most)):
        raise RulesUnmet((candidates_are_few_and_ranked,), lot=lot.code)
    award = Award(lot_id=lot.id, received_at=await uow.now(), experts=list(experts))
    uow.session.add(award)
    await uow.session.flush()
    bidders = [_bidder(lot, row, most) for row in ordered]
    uow.session.add_all(bidders)
    uow.record("ranking.received", actor, stream=f"lot:{lot.id}", subject=f"lot:{lot.id}", audience=insiders(lot),
               payload={"lot": lot.code, "candidates": count, "ranking": [line(each) for each in bidders]})
    return award


def _ordered(rows: Sequence[RankedBid]) -> list[RankedBid]:
    try:
        return in_order(rows)
    except ValueError:
        raise Invalid("排序须从第一名起连续，且被否决的投标没有名次", field="rank") from None


def _bidder(lot: Lot, row: RankedBid, most: int) -> AwardBidder:
    is_candidate = row.rank is not None and row.rank <= most
    standing = Standing.REJECTED if row.rank is None else Standing.CANDIDATE if is_candidate else Standing.RANKED
    return AwardBidder(
        id=new_id(), lot_id=lot.id, bid_id=row.bid_id, party_id=row.party_id, name=row.name, uscc=row.uscc,
        price=row.price, score=row.score, rank=row.rank, rejected=row.rejected, values=labelled(lot, row.values),
        is_candidate=is_candidate, standing=standing)


def labelled(lot: Lot, values: Mapping[str, str]) -> dict[str, Any]:
    """The announced lines but the price, by the label under which the tender document asked for them, in its order."""
    asked = [each for each in lot.announced_fields if each["key"] != PRICE_KEY and each["key"] in values]
    return {each["label"]: values[each["key"]] + _UNITS.get(each["kind"], "") for each in asked}


def line(bidder: AwardBidder) -> dict[str, Any]:
    """One bidder as the ledger tells of it."""
    return {"bid": str(bidder.bid_id), "name": bidder.name, "uscc": bidder.uscc, "rank": bidder.rank,
            "price": None if bidder.price is None else f"{bidder.price:.2f}",
            "score": None if bidder.score is None else f"{bidder.score:.2f}", "rejected": bidder.rejected}
