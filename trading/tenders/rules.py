"""The numbered rules of time, money and publicity that a notice must meet (domain.md §1)."""

import re
from datetime import date

from storage.kernel.clock import shanghai
from storage.kernel.rule import rule
from trading.tenders.facts import LotFacts

_BL, _IR, _EB, _CTS = "招标投标法 ", "招标投标法实施条例 ", "电子招标投标办法 ", "CTS-EBS01-2016 "
_LAW, _REGULATION = date(2000, 1, 1), date(2012, 2, 1)
_ELECTRONIC, _CERTIFIED = date(2013, 5, 1), date(2016, 1, 1)
# Words by which a notice would put a gate before the document.
_GATES = re.compile(r"报名|现场(领取|购买|获取)|(资格确认|审核通过)后(方可)?(领取|下载|获取)|仅限.{0,8}(领取|下载)")


@rule("BL-9", "项目已经批准，资金已经落实，招标计划已提交", cites=_BL + "第九条", since=_LAW)
def project_is_approved_and_funded(lot: LotFacts) -> bool:
    """Approval and source of money are named; a rehearsal has neither."""
    named = bool(lot.approval.strip() and lot.funding.strip())
    return lot.plan_is_submitted and (named or lot.kind.rehearsal)


@rule("R-101", "达到规模标准的项目须标明依法必须招标",
      cites="国家发展改革委令第16号（2018）第五条", since=date(2018, 6, 1))
def compulsory_tender_is_marked(lot: LotFacts) -> bool:
    """In scope and at or above the threshold of its kind, a lot is compulsory."""
    threshold = lot.kind.compulsory_from
    if threshold is None or not lot.in_scope:
        return True
    return lot.compulsory or (lot.estimate is not None and lot.estimate < threshold)


@rule("R-102", "招标文件发售期不少于法定期限（工程五日，政府采购五个工作日）",
      cites=_IR + "第十六条；B-009", since=_REGULATION)
def documents_are_available_long_enough(lot: LotFacts) -> bool:
    """From the issue of the document to the announced end of its availability, and not past the deadline."""
    if lot.issued_at is None or lot.documents_until is None or lot.deadline_at is None:
        return False
    return lot.calendar.add(lot.issued_at, lot.kind.spans.documents) <= lot.documents_until <= lot.deadline_at


@rule("R-103", "招标文件发出至投标截止不少于二十日", cites=_BL + "第二十四条；B-004", since=_LAW)
def bidding_lasts_long_enough(lot: LotFacts) -> bool:
    """From the issue of the document to the deadline; pre-qualification has a clock of its own (R-104)."""
    if lot.prequalification:
        return True
    if lot.issued_at is None or lot.deadline_at is None:
        return False
    return lot.calendar.add(lot.issued_at, lot.kind.spans.bidding) <= lot.deadline_at


@rule("R-104", "资格预审文件停止发售至提交截止不少于五日", cites=_IR + "第十七条", since=_REGULATION)
def prequalification_lasts_long_enough(lot: LotFacts) -> bool:
    """From the end of the file's availability to the deadline of applications."""
    if not lot.prequalification:
        return True
    if lot.documents_until is None or lot.deadline_at is None:
        return False
    return lot.calendar.add(lot.documents_until, lot.kind.spans.prequalification) <= lot.deadline_at


@rule("B-004", "开标日须为工作日，遇法定节假日顺延至节后", cites=_CTS + "B-004；民法典 第二百零三条", since=_CERTIFIED)
def opening_day_is_worked(lot: LotFacts) -> bool:
    """A rehearsal may be held on any day."""
    if lot.kind.rehearsal:
        return True
    return lot.deadline_at is not None and lot.calendar.is_working(shanghai(lot.deadline_at).date())


@rule("R-107", "开标在投标截止的同一时间、公告的地点进行", cites=_BL + "第三十四条", since=_LAW)
def opening_is_at_the_deadline(lot: LotFacts) -> bool:
    """One instant serves both; the place must be named, and both stand in the notice."""
    return lot.deadline_at is not None and bool(lot.opening_place.strip()) and lot.opening_place in lot.notice.body


@rule("R-120", "投标保证金不超过估算价的百分之二及行业上限",
      cites=_IR + "第二十六条；发展改革委令第30号、第27号", since=_REGULATION)
def deposit_is_within_its_cap(lot: LotFacts) -> bool:
    """Where a deposit is asked for, the estimate must be known."""
    if not lot.deposit:
        return True
    if lot.estimate is None or lot.deposit > lot.estimate * lot.kind.deposit_rate:
        return False
    return lot.kind.deposit_cap is None or lot.deposit <= lot.kind.deposit_cap


@rule("R-121", "招标文件须明确最高投标限价", cites=_IR + "第二十七条", since=_REGULATION)
def maximum_price_is_stated(lot: LotFacts) -> bool:
    """Asked for by the kinds of trade that need a maximum price."""
    return not lot.kind.limit_is_needed or bool(lot.price_limit)


@rule("R-121/2", "不得规定最低投标限价", cites=_IR + "第二十七条", since=_REGULATION)
def no_minimum_price(lot: LotFacts) -> bool:
    """A minimum price is forbidden, whatever it is called."""
    return lot.minimum_price is None


@rule("R-162", "最高限价不超过采购预算", cites="政府采购法 第三十六条", since=date(2003, 1, 1))
def limit_is_within_budget(lot: LotFacts) -> bool:
    """Only kinds of trade that spend a budget."""
    if not lot.kind.limit_within_estimate or lot.price_limit is None:
        return True
    return lot.estimate is not None and lot.price_limit <= lot.estimate


@rule("R-123", "获取招标文件不得设置平台注册以外的门槛", cites=_EB + "第二十条", since=_ELECTRONIC)
def nothing_stands_before_the_document(lot: LotFacts) -> bool:
    """No sign-up, no fetching in person: the free texts of the notice are read for it."""
    return not any(_GATES.search(text) for text in lot.notice.fields.values())


@rule("B-002", "公告写明电子交易平台的网址和联系方式", cites=_CTS + "B-002；" + _EB + "第十七条", since=_CERTIFIED)
def notice_tells_where_the_platform_is(lot: LotFacts) -> bool:
    """The address people type, and whom to call."""
    notice = lot.notice
    contact = notice.fields.get("contact", "").strip()
    return bool(notice.platform_address) and notice.platform_address in notice.body and bool(contact) \
        and contact in notice.body


@rule("B-003", "公告内容与审核、验证的文本一致，各媒介同一文本",
      cites=_CTS + "B-003；" + _IR + "第十五条", since=_CERTIFIED)
def notice_is_the_text_that_was_reviewed(lot: LotFacts) -> bool:
    """One text, by digest: as reviewed, and as the lot's data give it today."""
    notice = lot.notice
    return bool(notice.sha256) and notice.sha256 == notice.reviewed_sha256 and notice.body == notice.template_body


@rule("B-005", "公告采用标准文本，必填内容齐全", cites=_CTS + "B-005", since=_CERTIFIED)
def notice_follows_the_standard_text(lot: LotFacts) -> bool:
    """Every chapter of the standard text stands, and no field of it is empty."""
    return bool(lot.notice.template_body) and not lot.notice.empty_fields


@rule("A-65", "要求工程量清单的，须上传清单附件", cites=_CTS + "A-65", since=_CERTIFIED)
def bill_of_quantities_is_attached(lot: LotFacts) -> bool:
    """Only lots that ask for a bill."""
    return not lot.requires_bill or "bill" in lot.document.attachment_kinds


@rule("A-66", "招标文件已由招标人电子签名", cites=_EB + "第四十条；" + _CTS + "A-66", since=_ELECTRONIC)
def document_is_signed(lot: LotFacts) -> bool:
    """The main document carries the tenderee's signature (R-147)."""
    return lot.document.signed


@rule("A-69", "招标文件内容与标段数据一致", cites=_CTS + "A-69", since=_CERTIFIED)
def document_agrees_with_the_lot(lot: LotFacts) -> bool:
    """It was laid out from the data that stand now."""
    return lot.document.agrees


NOTICE_RULES = (
    project_is_approved_and_funded, compulsory_tender_is_marked, documents_are_available_long_enough,
    bidding_lasts_long_enough,
    prequalification_lasts_long_enough, opening_day_is_worked, opening_is_at_the_deadline, deposit_is_within_its_cap,
    maximum_price_is_stated, no_minimum_price, limit_is_within_budget, nothing_stands_before_the_document,
    notice_tells_where_the_platform_is, notice_is_the_text_that_was_reviewed, notice_follows_the_standard_text,
    bill_of_quantities_is_attached, document_is_signed, document_agrees_with_the_lot,
)
# A lot that need not be tendered may be shorter, with a reason (domain.md §2.1).
WAIVABLE = frozenset({"R-102", "R-103"})
