"""A payment's verdict: every rule is asked, all that refuse are told, the gravest gives the word (R-401)."""

from dataclasses import dataclass

from bidding.deposits import rules
from bidding.deposits.model import Claim, Payment, Verdict
from storage.kernel.rule import Rule

# The gravest first: a stranger's money is a stranger's, however late.
_RULES: tuple[tuple[Rule[Payment, Claim], Verdict], ...] = (
    (rules.payer_is_the_bidder, Verdict.WRONG_PAYER),
    (rules.paid_from_the_basic_account, Verdict.NOT_BASIC),
    (rules.arrived_in_time, Verdict.LATE),
    (rules.nothing_was_complete_before, Verdict.DUPLICATE),
    (rules.amount_is_enough, Verdict.SHORT),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and the numbers of all rules that stand against the payment."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def judge(payment: Payment, claim: Claim | None) -> Judgement:
    """What a payment is worth; without a claim the account is none of ours."""
    if claim is None:
        return Judgement(Verdict.UNKNOWN)
    failed = [(each, verdict) for each, verdict in _RULES if not each(payment, claim)]
    if failed:
        return Judgement(failed[0][1], tuple(each.number for each, _ in failed))
    total = claim.already + payment.amount
    return Judgement(Verdict.OVERPAID if total > claim.required else Verdict.MATCHED)


TITLES = {each.number: each.title for each, _ in _RULES}
