"""What the routes answer of one lot's deposits from the opening on: securities, money, signals, forfeitures."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from bidding.deposits.answers import asked, lot_line, payment_answer, refund_answer, told, yuan_text
from bidding.deposits.forfeiture import GROUNDS, decided_by_another
from bidding.deposits.queries import LotDeposits, Money
from bidding.deposits.rules import payer_pays_for_one_bidder
from bidding.deposits.summary import Security, security_answer
from bidding.deposits.tables import DepositForfeiture
from bidding.opening.tables import OpenedBid
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from trading.parties.model import name_key

Answer = dict[str, Any]


def lot_answer(view: LotDeposits) -> Answer:
    """One lot's deposits."""
    bids = {each.bid_id: each for each in view.bids}
    parties = {each.party_id: each.bid_id for each in view.bids}
    return {
        "now": to_wire(view.now), "lot": lot_line(view.lot), "asked": asked(view.lot), "is_open": not view.shown,
        "bids": [_security_line(each, bids[each.bid]) for each in view.securities],
        "payments": [payment_answer(each) | {"party": each.party and {"name": each.party.name, "uscc": each.party.uscc},
                                             "bid": _bid_of(each, parties)} for each in view.money],
        "refunds": [refund_answer(each, view.now) for each in view.money if each.refund],
        "signals": signals(view.money, parties),
        "forfeitures": [forfeiture_answer(each, bids[each.bid_id], view.decides) for each in view.forfeitures],
        "grounds": [{"code": each.code, "title": each.title, "cites": each.cites, "needs_clause": each.needs_clause}
                    for each in GROUNDS.values()],
        "may": ["propose_forfeiture"] if view.shown and view.proposes else [], "missing": {},
    }


def _bid_of(money: Money, parties: Mapping[UUID, UUID]) -> str | None:
    found = parties.get(money.party.id) if money.party else None
    return str(found) if found else None


def _security_line(security: Security, bid: OpenedBid) -> Answer:
    return {"bid": str(bid.bid_id), "party": str(bid.party_id),
            "bidder": {"name": bid.bidder_name, "uscc": bid.bidder_uscc}, **security_answer(security)}


def signals(money: Sequence[Money], bids: Mapping[UUID, UUID]) -> list[Answer]:
    """One payer who paid for several bidders: by name, or by account (R-901)."""
    groups: dict[tuple[str, str], dict[UUID, Money]] = {}
    for each in money:
        if each.party is not None:
            for kind, value in (("name", name_key(each.payment.payer_name)), ("account", each.payment.payer_account)):
                groups.setdefault((kind, value), {})[each.party.id] = each
    found = [(kind, group) for (kind, _), group in groups.items() if not payer_pays_for_one_bidder(group)]
    return [{"number": payer_pays_for_one_bidder.number, "title": payer_pays_for_one_bidder.title, "by": kind,
             "payer": next(iter(group.values())).payment.payer_name,
             "bids": [str(bids[key]) for key in group if key in bids],
             "bidders": [each.party.name for each in group.values() if each.party]} for kind, group in found]


def forfeiture_answer(row: DepositForfeiture, bid: OpenedBid, decides: Actor | None) -> Answer:
    """A proposal to keep a deposit, and what became of it."""
    waits = row.status == "proposed" and decides is not None
    may_decide = waits and decided_by_another(row.proposed_by, decides.party_id if decides else None)
    return {
        "id": str(row.id), "bid": str(row.bid_id), "bidder": {"name": bid.bidder_name, "uscc": bid.bidder_uscc},
        "ground": row.ground, "ground_title": GROUNDS[row.ground].title, "clause": row.clause,
        "statement": row.statement, "amount": yuan_text(row.amount),
        "evidence": row.evidence, "status": row.status,
        "proposed_by": {"name": row.proposer_name, "at": to_wire(row.proposed_at)},
        "decided_by": row.decided_at and {"name": row.decider_name, "at": to_wire(row.decided_at)},
        "reason": row.reason, "bank_serial": row.bank_serial, "error": row.error,
        "transferred_at": to_wire(row.transferred_at) if row.transferred_at else None,
        "may": ["decide"] if may_decide else [],
        "missing": {"decide": told([decided_by_another])} if waits and not may_decide else {},
    }
