"""The ranking as the award takes it: one row a bid, ranks from one without a gap."""

from decimal import Decimal
from uuid import UUID

from evaluation.scoring.model import MethodKind
from evaluation.scoring.tables import Evaluation
from trading.awards.model import RankedBid


def ranked_bids(evaluation: Evaluation) -> list[RankedBid]:
    """Every bid of the outcome. Where bids remain tied (R-321), the one submitted first stands first."""
    outcome = evaluation.outcome or {"rows": [], "method": ""}
    facts = {each["bid"]: each for each in evaluation.bids}
    scored = outcome["method"] != MethodKind.LOWEST
    ordered = sorted((row for row in outcome["rows"] if row["rank"] is not None),
                     key=lambda row: (row["rank"], row["place"]))
    places = {row["bid"]: place for place, row in enumerate(ordered, 1)}
    return [RankedBid(
        bid_id=UUID(row["bid"]), party_id=UUID(facts[row["bid"]]["party"]), name=row["name"], uscc=row["uscc"],
        price=Decimal(row["price"]) if row["price"] is not None else None,
        score=Decimal(row["total"]["value"]) if row["total"] and scored else None,
        rank=places.get(row["bid"]), rejected=row["rejected"], values=facts[row["bid"]]["values"])
        for row in outcome["rows"]]
