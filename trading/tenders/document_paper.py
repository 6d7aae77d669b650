"""The tender document as its template reads it: every known datum in words (A-61), every filled field (A-60)."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from storage.kernel.money import in_words
from trading.tenders.content import Formula, PriceFormula, ScoringItem
from trading.tenders.document_text import FIELDS, DocumentData, filled
from trading.tenders.notice_text import REHEARSAL_MARK, moment

TEMPLATE_FILE = Path(__file__).parent / "templates" / "tender_document.typ"
STAGES = {"form": "形式评审", "qualification": "资格评审", "response": "响应性评审"}
GROUPS = {"price": "报价", "technical": "技术", "business": "商务", "credit": "信用"}
KINDS = {"money": "金额（元）", "days": "天数", "text": "文字", "percent": "百分比"}
FILE_KINDS = {"attachment": "附件", "bill": "工程量清单", "drawing": "图纸", "main": "正文"}
REMEDIES = {"none": "不设补救方案；因投标人原因未解密的，视为撤销投标文件。",
            "backup": "投标人可在解密时限内提交自行保管的备份（解密密钥、恢复码，或以原文重新加密），"
                      "其内容须与已提交清单逐字节一致；保管人份额未足的，可一并提交保管密钥；"
                      "平台存储受损的，开标结束前可以原文复原，不因此改变责任。"}
_FORMULAS = {
    Formula.MEAN: "评标基准价为有效报价的算术平均值。",
    Formula.TRIMMED_MEAN: "有效报价五家及以上的，去掉一个最高价和一个最低价后的算术平均值为评标基准价；"
                          "不足五家的不去掉。",
    Formula.PERCENTAGE_TRIM: "有效报价七家及以上的，各去掉最高、最低百分之二十（四舍五入取整）后的"
                             "算术平均值乘以系数 K 为评标基准价。",
    Formula.COMPOSITE: "评标基准价 =［λ×限价×（1−d）+（1−λ）×平均值］×K。",
    Formula.DOWN_FLOAT: "评标基准价为有效报价的算术平均值乘以（1−K）。",
    Formula.LOWEST_EVALUATED: "经评审的最低投标价法：偏差折价后评审价最低、且不低于成本的投标人排名第一。",
    Formula.LOWEST_RATIO: "价格分 = 最低评审价 ÷ 评审价 × 价格权重。",
}

TWO_OPENINGS = (
    "本次招标采用双信封形式。投标截止时间开启第一信封（技术商务），其任何文件和文件名均不得载有报价；载有报价的"
    "文件（投标函写明报价的，包括投标函）一律放入第二信封。第二信封（报价）继续密封。",
    "评标委员会先评审第一信封，评审结果由全体成员签署后不再改变。招标人随后公告第二次开标时间；第二次开标只开启通过评审的"
    "投标人的第二信封，另行解密、唱标、记录。未通过的投标人的第二信封始终不开启，其密钥份额不予释放。",
    "投标人在两次开标时各解密一次；撤回、替换投标文件均对两个信封一并进行。")
_FORMS = {"cash": "基本账户转账", "bank": "银行保函", "insurer": "保证保险", "guarantor": "融资担保公司保函"}

def _yes(value: bool) -> str:
    return "是" if value else "否"


def _money(value: Decimal | None, absent: str) -> str:
    return absent if value is None else f"{value:,.2f} 元（大写：{in_words(value)}）"


def _cover(data: DocumentData) -> list[list[str]]:
    rows = [["项目名称", data.project], ["项目编号", data.project_code], ["招标项目", data.tender_project],
            ["招标项目编号", data.tender_code], ["标段", data.lot], ["标段编号", data.lot_code],
            ["交易类别", data.trade_kind], ["招标人", data.tenderee]]
    if data.agency:
        rows.append(["招标代理机构", data.agency])
    return [*rows, ["投标截止（开标）时间", moment(data.deadline_at)], ["交易平台", f"{data.platform} {data.address}"]]


def _notice(data: DocumentData) -> str:
    basis = f"已由{data.approval}批准，" if data.approval else ""
    return (f"{data.project}{basis}招标人为{data.tenderee}，资金来源：{data.funding or '见公告'}。"
            f"现对{data.lot}（{data.lot_code}）公开招标。\n招标范围：{data.content or '见公告'}\n"
            f"招标文件于{moment(data.documents_from)}至{moment(data.documents_until)}在{data.platform}（{data.address}）"
            f"免费下载，除平台注册外不设其他条件。\n投标截止时间即开标时间：{moment(data.deadline_at)}；"
            f"开标地点：{data.opening_place}。\n公告全文以平台发布的文本为准。")


SUITE_WORDS = {1: "国际算法套件（AES-256、SHA-256）；SM2、P-256、RSA 证书均可投标",
               2: "国密套件（SM2、SM3、SM4）；投标人和保管人须使用 SM2 双证书"}


def _front(data: DocumentData) -> list[list[str]]:
    rows = [
        ("资金来源", data.funding or "见公告"), ("投标人资格要求", filled(data, "qualification")),
        ("联合体投标", filled(data, "consortium")), ("踏勘现场", filled(data, "site_visit")),
        ("分包", filled(data, "subcontracting")), ("偏离", filled(data, "deviation")),
        ("最高投标限价", _money(data.price_limit, "不设最高投标限价")),
        ("投标保证金", _deposit(data)), ("中标候选人", _award(data)),
        ("投标有效期", f"自投标截止之日起 {data.validity_days} 日"),
        ("招标文件发售期", f"{moment(data.documents_from)} 至 {moment(data.documents_until)}"),
        ("投标截止时间", moment(data.deadline_at)),
        ("开标时间和地点", f"{moment(data.deadline_at)}，{data.opening_place}"),
        ("签到", f"开标前 {data.sign_in_minutes} 分钟起；签到与否不影响投标效力"),
        ("信封形式", _envelopes(data)),
        ("解密时限", f"{data.decryption_minutes} 分钟，主持人可依规定对全体投标人延长"),
        ("密码算法", SUITE_WORDS[data.structure.suite]),
        ("解密失败的补救", REMEDIES.get(data.structure.remedy, "")),
        ("开标异议", f"唱标后不少于 {data.objection_minutes} 分钟内当场提出，当场答复"),
        ("最少投标人数", f"{data.min_bidders} 家；不足的不开标，投标文件保持密封"),
        ("工程量清单", "须提交已标价工程量清单" if data.requires_bill else "不要求"),
    ]
    return [[str(number), name, value] for number, (name, value) in enumerate(rows, start=1)]


def _envelopes(data: DocumentData) -> str:
    if not data.structure.two_envelopes:
        return "单信封：全部内容在一次开标中开启"
    return (f"双信封：第一信封（技术商务）先开启、先评审；第二信封（报价）在第二次开标中只对通过评审的投标人开启，"
            f"未通过的不开启。第二次开标至少提前 {data.structure.price_notice_minutes} 分钟公告")


def _envelope(priced: bool, data: DocumentData) -> str:
    return ("第二信封" if priced else "第一信封") if data.structure.two_envelopes else "—"


def _deposit(data: DocumentData) -> str:
    if not data.deposit:
        return "不要求"
    forms = "、".join(_FORMS[each] for each in data.structure.deposit_forms)
    return f"{_money(data.deposit, '')}；形式由投标人在下列中自行选择，效力相同：{forms}"


def _award(data: DocumentData) -> str:
    award = data.structure.award
    if award.names_winner:
        return "评标委员会直接确定中标人"
    wins = "排名第一的中标候选人为中标人" if award.first_ranked_wins else "招标人在中标候选人中依法确定中标人"
    return f"评标委员会推荐不超过 {award.candidates} 名并标明排序；{wins}"


def _formula(formula: PriceFormula | None) -> list[list[str]]:
    if formula is None:
        return [["1", "未设置价格公式。"]]
    told = [_FORMULAS[Formula(formula.number)]]
    for name, values in (("K", formula.k_set), ("d", formula.d_set), ("λ", formula.lambda_set)):
        if values:
            told.append(f"{name} 的取值：{'、'.join(map(str, values))}；开标后、公布报价前当众抽取，种子和算法公开。")
    if formula.above is not None and formula.below is not None:
        told.append(f"偏差率 =（报价−基准价）÷基准价×100%；高于基准价的每百分之一扣 {formula.above} 分，"
                    f"低于的每百分之一扣 {formula.below} 分，满分 {formula.full} 分，扣完为止。")
    if formula.weight is not None:
        told.append(f"价格权重 {formula.weight}%。")
    told.append("评标基准价由通过初步评审的投标报价计算，确定后不因否决投标重新计算。")
    return [[f"({number})", text] for number, text in enumerate(told, start=1)]


def _standard(item: ScoringItem) -> str:
    trims = "（评委为七人及以上时，去掉一个最高分和一个最低分后取平均）" if item.drops_extremes else ""
    return f"{item.standard}{trims}"


def paper_data(data: DocumentData, files: Sequence[tuple[str, str, int, str]], *, demo: bool) -> dict[str, Any]:
    """The template's data; ``files``: name, kind, size in bytes, SHA-256 of each attachment."""
    held = data.structure
    title = f"{REHEARSAL_MARK if data.rehearsal else ''}{data.lot}招标文件"
    return {
        "platform": data.platform, "demo": demo, "title": title, "lot_code": data.lot_code, "number": data.number,
        "edition": data.edition, "rehearsal": data.rehearsal, "tenderee": data.tenderee, "cover": _cover(data),
        "notice": _notice(data), "front": _front(data), "formula": _formula(held.price_formula), "k": held.k,
        "n": held.n, **_clauses(data),
        "bid_parts": [[part.number, part.title, _yes(part.required), _envelope(part.priced, data)]
                      for part in held.bid_parts],
        "announced": [[each.key, each.label, KINDS[each.kind], _yes(each.required), _envelope(each.priced, data)]
                      for each in held.announced_fields],
        "custodians": [[str(each.index), each.name, each.certificate] for each in held.custodians],
        "review_items": [[each.number, STAGES[each.stage], each.title, each.standard] for each in held.review_items],
        "scoring_items": [[each.number, each.title, GROUPS[each.group], f"{each.lowest}—{each.highest}",
                           _standard(each)] for each in held.scoring_items],
        **{key: filled(data, key) for key in FIELDS},
        "files": [[name, FILE_KINDS.get(kind, kind), f"{size:,}", digest] for name, kind, size, digest in files],
        "clarifications": [{"title": each["title"], "body": each["body"], "at": each["at"]}
                           for each in data.clarifications],
    }


def _clauses(data: DocumentData) -> dict[str, Any]:
    texts = {key: [[f"({number})", text] for number, text in enumerate(lines, start=1)]
             for key, lines in standing_clauses(data).items()}
    letter = (f"致{data.tenderee}：\n我方已仔细研究{data.lot}（{data.lot_code}）招标文件的全部内容，"
              "愿意以开标一览表载明的报价和条件投标。我方承诺在投标有效期内不撤销投标文件，中标后按招标文件签订并履行合同。")
    return {**texts, "letter": letter}


def standing_clauses(data: DocumentData) -> dict[str, list[str]]:
    """The clauses of the instructions to bidders that stand in every document, with this lot's figures."""
    deadline = moment(data.deadline_at)
    return {
        "general": [
            f"招标人为{data.tenderee}{'，招标代理机构为' + data.agency if data.agency else ''}。",
            "投标人应当具备本章前附表规定的资格。任何单位和个人不得在平台注册之外设置获取招标文件的条件。",
            "平台及其工作人员、招标人在投标截止前均不能知悉投标人的名称和数量。"],
        "document_clauses": [
            "招标文件包括本文件各章、附件以及依法发出的澄清与修改，以最后发出的版本为准。",
            "影响投标文件编制的澄清或者修改，在投标截止十五日前发出；不足十五日的，顺延投标截止时间。",
            "对招标文件有异议的，在投标截止十日前通过平台提出，招标人在三日内答复。"],
        "bid_clauses": [
            "投标文件须使用投标人的数字证书签名，并按平台规定整体加密；未按规定加密的，平台拒收并提示。",
            f"投标报价以人民币元为单位。最高投标限价：{_money(data.price_limit, '不设')}；超过的予以否决。"
            "不设最低投标限价。"],
        "submission": [
            f"投标截止时间为{deadline}，以平台服务器时间为准。到达该时刻（含该时刻本身）未传输完成的，平台拒收。",
            "投标截止前可以补充、修改或者撤回，以最后一次完整提交的版本为准；提交后平台即时发出电子回执。",
            "回执载明版本、摘要和时间，投标人可以离线核验。"],
        "opening": [
            f"开标时间与投标截止时间相同，地点为{data.opening_place}，通过平台公开进行。",
            f"投标人在解密时限（{data.decryption_minutes}分钟）内用投标时的证书解密，保管人同时释放份额；"
            "任一投标人未解密不影响他人。",
            f"{REMEDIES.get(data.structure.remedy, '')}因投标人以外的原因未解密的，视为撤回，"
            "投标人有权要求赔偿直接损失。",
            f"提交投标文件的投标人少于{data.min_bidders}家的，不开标，投标文件保持密封，重新招标。",
            *(TWO_OPENINGS if data.structure.two_envelopes else ())],
        "award": [
            "评标委员会依第三章的标准和方法评审；没有规定的标准和方法不作为依据。",
            "中标候选人公示不少于三日；自中标通知书发出之日起三十日内订立书面合同。"],
        "objections": [
            "对开标有异议的当场提出；对评标结果有异议的在公示期内提出；招标人三日内答复，答复前暂停招标投标活动。",
            "认为招标投标活动违法的，可自知道或者应当知道之日起十日内向行政监督部门投诉。"],
    }
