"""The numbered rules of guarantee letters. What R-414 asks is asked of every letter, and every answer is shown."""

from datetime import date, datetime

from bidding.guarantees.model import ClaimFacts, LetterFacts, expires_at, last_day_needed
from storage.kernel.clock import shanghai
from storage.kernel.rule import Rule, rule

_IR = date(2012, 2, 1)
_GUARANTEE_ORDER = date(2023, 1, 6)
_CITES = "发改法规〔2023〕27号"
_IR_26 = "招标投标法实施条例 第二十六条"
_SURETY = "民法典 第六百八十一条；独立保函规定（法释〔2016〕24号）"


@rule("R-410", "保函形式为招标文件所接受，银行保函、保证保险、担保同等有效", cites=_CITES, since=_GUARANTEE_ORDER)
def form_is_admitted(facts: LetterFacts) -> bool:
    """No issuer is designated: what the lot names is a form, and the list says of which form an issuer is."""
    return facts.issuer_kind is not None and facts.issuer_kind in facts.forms


@rule("R-410/2", "出具机构名录的变更须由另一人核准", cites=_CITES, since=_GUARANTEE_ORDER)
def list_is_kept_by_two(asked_by: str, decided_by: str) -> bool:
    """Whoever proposed an entry or its end does not decide it."""
    return asked_by != decided_by


@rule("R-412", "保函申请须在投标截止时间前提出", cites="招标投标法 第二十八条", since=date(2000, 1, 1))
def applies_before_the_deadline(now: datetime, deadline_at: datetime) -> bool:
    """The deadline instant itself is late, as for the bid the letter goes with."""
    return now < deadline_at


@rule("R-414", "保函由名录内机构以有效证书电子签名，签名完好", cites="电子签名法 第十三条、第十四条",
      since=date(2005, 4, 1))
def is_signed_by_its_issuer(facts: LetterFacts) -> bool:
    """Signature, chain and revocation hold, and the signer is the issuer that the letter names."""
    return facts.letter is not None and facts.issuer_kind is not None and facts.signed_by_issuer


@rule("R-414/2", "保函数据与签名文件的内容逐字节一致", cites="电子签名法 第五条", since=date(2005, 4, 1))
def data_is_what_was_signed(facts: LetterFacts) -> bool:
    """The data is the very attachment that the signature of the PDF covers."""
    return facts.letter is not None and facts.digest_agrees


@rule("R-414/3", "保函受益人为招标人", cites=_IR_26, since=_IR)
def beneficiary_is_the_tenderee(facts: LetterFacts) -> bool:
    """By name, as the tenderee is enrolled."""
    return facts.letter is not None and facts.letter.beneficiary == facts.beneficiary


@rule("R-414/4", "保函金额不低于投标保证金", cites=_IR_26, since=_IR)
def amount_is_enough(facts: LetterFacts) -> bool:
    """At least what the lot asks for."""
    return facts.letter is not None and facts.letter.amount >= facts.required


@rule("R-414/5", "保函所载标段编号与本标段一致", cites=_IR_26, since=_IR)
def is_for_this_lot(facts: LetterFacts) -> bool:
    """The twenty characters of the lot's code."""
    return facts.letter is not None and facts.letter.lot == facts.lot_code


@rule("R-414/6", "保函自投标截止之日或之前生效", cites=_IR_26, since=_IR)
def begins_in_time(facts: LetterFacts) -> bool:
    """Its first day is not after the deadline's."""
    return facts.letter is not None and facts.letter.begin <= shanghai(facts.deadline_at).date()


@rule("R-414/7", "保函有效期不短于投标有效期", cites=_IR_26, since=_IR)
def lasts_as_long_as_the_bid(facts: LetterFacts) -> bool:
    """Its last day is not before the deadline's day and the bid's validity (R-120)."""
    return facts.letter is not None and facts.letter.end >= last_day_needed(facts.deadline_at, facts.validity_days)


@rule("R-414/8", "保函为不可撤销的见索即付保函", cites=_SURETY, since=date(2016, 12, 1))
def is_payable_on_demand(facts: LetterFacts) -> bool:
    """Both words are needed."""
    return facts.letter is not None and facts.letter.on_demand and facts.letter.irrevocable


@rule("R-414/9", "保函被保证人为投标人本人", cites=_IR_26, since=_IR)
def secures_this_bidder(facts: LetterFacts) -> bool:
    """By unified social credit code and by name, as the bid froze them (R-224)."""
    letter = facts.letter
    return letter is not None and (letter.uscc, letter.bidder) == (facts.uscc, facts.bidder)


@rule("R-411", "索赔须在保函有效期内提出", cites=_SURETY, since=date(2016, 12, 1))
def claim_comes_in_time(claim: ClaimFacts) -> bool:
    """Up to the end of the letter's last day."""
    return claim.now < expires_at(claim.ends_on)


@rule("R-411/2", "索赔金额不超过保函金额", cites=_SURETY, since=date(2016, 12, 1))
def claim_is_covered(claim: ClaimFacts) -> bool:
    """More than the letter secures is never asked, nor nothing at all."""
    return 0 < claim.amount <= claim.letter_amount


ASKED_OF_A_LETTER: tuple[Rule[LetterFacts], ...] = (
    is_signed_by_its_issuer, data_is_what_was_signed, form_is_admitted, beneficiary_is_the_tenderee, amount_is_enough,
    is_for_this_lot, begins_in_time, lasts_as_long_as_the_bid, is_payable_on_demand, secures_this_bidder)


def judged(facts: LetterFacts) -> list[tuple[Rule[LetterFacts], bool]]:
    """Every rule of R-414 with its answer, whether or not an earlier one failed."""
    return [(asked, asked(facts)) for asked in ASKED_OF_A_LETTER]
