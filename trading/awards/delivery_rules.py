"""The numbered rules of letters, courier, contract and archive (domain.md §1.1, §2.2, §8)."""

from datetime import date
from decimal import Decimal

from storage.kernel.rule import rule
from trading.awards.model import AwardFacts, Paperwork

_BL, _IR, _CTS = "招标投标法 ", "招标投标法实施条例 ", "CTS-EBS01-2016 "
_LAW, _REGULATION, _CERTIFIED = date(2000, 1, 1), date(2012, 2, 1), date(2016, 1, 1)
_TENTH = Decimal("0.10")
FOUR_TESTS = frozenset({"authenticity", "integrity", "usability", "safety"})


@rule("A-172", "中标通知书和结果通知书已编制", cites=_CTS + "A-172", since=_CERTIFIED)
def letters_are_written(facts: AwardFacts) -> bool:
    """There is something to hand in."""
    return facts.letters in {Paperwork.DRAFT, Paperwork.REFUSED}


@rule("A-174/2", "中标通知书已提交并由招标人电子签名", cites="电子招标投标办法 第四十条；" + _CTS + "A-174",
      since=date(2013, 5, 1))
def award_letter_is_signed(facts: AwardFacts) -> bool:
    """The centre verifies the very paper that the tenderee signed (R-147)."""
    return facts.letters is Paperwork.SIGNED


@rule("A-174", "通知书已经验证，并记录验证人和时间", cites=_CTS + "A-174", since=_CERTIFIED)
def letters_are_verified(facts: AwardFacts) -> bool:
    """Nothing goes out that nobody verified."""
    return facts.letters is Paperwork.VERIFIED


@rule("BL-45", "中标通知书已经发出", cites=_BL + "第四十五条", since=_LAW)
def letters_are_sent(facts: AwardFacts) -> bool:
    """The e-notice is the legal act; what is read, couriered or contracted follows it."""
    return facts.letters_sent_at is not None


@rule("R-225", "收件人已确认地址并同意寄送", cites="个人信息保护法 第十三条；民法典 第一千零三十五条",
      since=date(2021, 11, 1))
def addressee_has_consented(facts: AwardFacts) -> bool:
    """A courier is a convenience: no address is used that was not given for it."""
    return facts.has_address


@rule("A-181", "合同已编制并提交验证", cites=_CTS + "A-181", since=_CERTIFIED)
def contract_is_submitted(facts: AwardFacts) -> bool:
    """Only what was handed in is verified."""
    return facts.contract is Paperwork.SUBMITTED


@rule("A-181/2", "合同已编制", cites=_CTS + "A-181", since=_CERTIFIED)
def contract_is_written(facts: AwardFacts) -> bool:
    """There is something to hand in."""
    return facts.contract in {Paperwork.DRAFT, Paperwork.REFUSED}


@rule("A-182", "合同已经验证，并记录验证人和时间", cites=_CTS + "A-182", since=_CERTIFIED)
def contract_is_verified(facts: AwardFacts) -> bool:
    """Both sign what was verified."""
    return facts.contract is Paperwork.VERIFIED


@rule("R-117", "履约保证金不超过中标合同金额的百分之十", cites=_IR + "第五十八条", since=_REGULATION)
def performance_bond_is_within_its_cap(facts: AwardFacts) -> bool:
    """Where none is asked for, nothing is to be judged."""
    if not facts.performance_bond:
        return True
    return facts.contract_price is not None and facts.performance_bond <= facts.contract_price * _TENTH


@rule("R-114", "自中标通知书发出之日起三十日内订立合同", cites=_BL + "第四十六条；政府采购法 第四十六条", since=_LAW)
def contract_is_made_in_time(facts: AwardFacts) -> bool:
    """A warning, then a mark on the contract: a term that ran out does not void what both sign (R-165)."""
    made_at = facts.contract_signed_at or facts.now
    return facts.contract_by is None or made_at < facts.contract_by


@rule("BL-46", "合同已经双方签署", cites=_BL + "第四十六条", since=_LAW)
def contract_is_signed(facts: AwardFacts) -> bool:
    """The lot's file is closed after its contract."""
    return facts.contract_signed_at is not None


@rule("R-811", "归档信息包通过真实、完整、可用、安全四性检测", cites="DA/T 103-2024；DA/T 48", since=date(2024, 1, 1))
def package_passes_four_tests(facts: AwardFacts) -> bool:
    """All four are named, and none failed."""
    return facts.package_tests.keys() >= FOUR_TESTS and all(facts.package_tests.values())


@rule("R-811/2", "投标保证金已全部退还，保函已全部退保", cites=_IR + "第五十七条", since=_REGULATION)
def refunds_have_been_settled(facts: AwardFacts) -> bool:
    """What is still owed belongs to the file, so the file waits for it."""
    return facts.refunds_are_settled
