"""An evaluation re-checked by someone who trusts nobody: price, scores and ranking from plain data. No database.

The document is the archive's: ``{v, lot, method, set_sha256, members: [{member, alias}], bids, votes, round,
sheets: [{member, round, commitment, text}], reasons: {alert: text}, outcome, outcome_sha256, report}``.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from bidding.opening.model import CAUSES
from bidding.opening.verification import Proven
from evaluation.scoring.aggregation import alerts, disputes
from evaluation.scoring.model import Method, OpenBid, Sheet, Vote
from evaluation.scoring.passing import technical_result, unpriced
from evaluation.scoring.ranking import draw_key, evaluate
from evaluation.scoring.reviewing import Rejection, collate
from evaluation.scoring.rules import review_is_complete
from evaluation.scoring.sheets import commitment, judge_sheet, read_sheet
from storage.crypto.canonical import canonical_sha256
from storage.crypto.errors import Malformed

Document = Mapping[str, Any]
COMMITTED, REVEALED, RANKED = "evaluation.scores_committed", "evaluation.scores_revealed", "evaluation.ranked"
TECHNICAL, TECHNICAL_SIGNED = "evaluation.technical_result", "evaluation.technical_signed"
REPORT_SIGNED = "evaluation.report_signed"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The document, read; ``aliases`` by member."""

    method: Method
    bids: Sequence[OpenBid]
    votes: Sequence[Vote]
    aliases: Mapping[str, str]
    rejections: Mapping[str, tuple[Rejection, ...]]
    passing: Mapping[str, tuple[Rejection, ...]]  # as ``rejections``, of two envelopes without any price

    @property
    def scored(self) -> list[str]:
        """The bids that came through the initial review and were scored."""
        return [each.bid for each in self.bids if not self.passing[each.bid]]


def read_document(document: Document) -> Evaluated:
    """Method, bids and votes as values, the majority counted anew; raises ``Malformed``."""
    try:
        method = msgspec.convert(document["method"], Method)
        bids = msgspec.convert(document["bids"], list[OpenBid])
        votes = msgspec.convert(document["votes"], list[Vote])
        if not {each.unopened for each in bids} - {None} <= CAUSES.keys():
            raise KeyError("unopened")
        aliases = {str(each["member"]): str(each["alias"]) for each in document["members"]}
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise Malformed("评标数据的格式不对", field="evaluation") from error
    rejections = collate(method, bids, votes, len(aliases))
    passing = collate(method, unpriced(bids), votes, len(aliases)) if document.get("technical") else rejections
    return Evaluated(method, bids, votes, aliases, rejections, passing)


def verify_evaluation(document: Document, *, announced: Sequence[Document],
                      acts: Sequence[tuple[str, Document]] | None = None) -> Iterator[Proven]:
    """Each proof as it succeeds; raises a ``DomainError`` at the first that fails.

    ``announced``: the rows of the opening. ``acts``: action and payload of the lot's ledger entries, in their order,
    as proven by the ledger's own verification; without them the order of commitment and reveal is not judged.
    """
    held = read_document(document)
    _same_bids(held.bids, announced)
    yield Proven(f"评审的 {len(held.bids)} 份投标文件就是开标时解密的投标文件，报价一致（B-023）",
                 f"the {len(held.bids)} bids evaluated are those decrypted, at the prices announced")
    _complete_votes(held)
    yield Proven(f"初步评审：{len(held.votes)} 票逐项重计，否决与多数意见一致",
                 f"initial review: {len(held.votes)} votes counted again, rejections agree with the majority")
    sheets = _sheets(document, held)
    yield Proven(f"评分表 {len(sheets)} 份与各自的承诺一致，客观项一致，分值均在范围内",
                 f"{len(sheets)} score sheets match their commitments, objective items agree, all in range")
    _explained(document, held, sheets)
    if document.get("technical"):
        yield _passed(document, held, sheets, acts)
    _same_outcome(document, held, sheets)
    yield Proven("评标基准价、价格分、各项得分、总分、排序重新计算一致",
                 "baseline, price scores, item scores, totals and ranking come out the same again")
    if acts is not None:
        _ledger(document, acts)
        yield Proven("账本：全体评委提交承诺在先，公开评分在后；排序结果与账本记录一致",
                     "ledger: every commitment precedes every reveal; the ranking is the one recorded")


def _same_bids(bids: Sequence[OpenBid], announced: Sequence[Document]) -> None:
    opened = {str(row["bid"]): (row["name"], row["uscc"], row["price"]) for row in announced
              if row["state"] == "decrypted"}
    judged = {each.bid: (each.name, each.uscc, f"{each.price:.2f}" if each.price is not None else None)
              for each in bids}
    if len(judged) != len(bids) or judged != opened:
        raise Malformed("评审的投标文件与开标公布的不一致（B-023）", field="bids")


def _complete_votes(held: Evaluated) -> None:
    asked = {(each.bid, item.number) for each in held.bids for item in held.method.review_items}
    for member in held.aliases:
        own = {(vote.bid, vote.item): (vote.passes, vote.reason) for vote in held.votes if vote.member == member}
        if not review_is_complete(own, asked):
            raise Malformed("评委的初步评审不完整（R-300）", field="votes")


def _sheets(document: Document, held: Evaluated) -> list[Sheet]:
    """The sheets of the round that counts: one a member, each the preimage of its commitment."""
    if not held.method.sheet_items or not held.scored:
        return []
    lot, number = str(document["lot"]), int(document["round"])
    found = {}
    for each in document["sheets"]:
        if each["round"] != number or each["text"] is None:
            continue
        text, member = str(each["text"]).encode(), str(each["member"])
        if commitment(text) != each["commitment"]:
            raise Malformed("评分表与先前的承诺不一致（R-330）", field="sheets")
        found[member] = read_sheet(text, lot=lot, number=number, member=member)
        judge_sheet(found[member], held.method, held.scored)
    if set(found) != set(held.aliases):
        raise Malformed("评分表与评标委员会成员不一致", field="sheets")
    sheets = list(found.values())
    if disputes(held.method, sheets, held.aliases):
        raise Malformed("客观评审因素评分不一致（R-330）", field="sheets")
    return sheets


def _explained(document: Document, held: Evaluated, sheets: Sequence[Sheet]) -> None:
    reasons: Mapping[str, str] = document["reasons"]
    if not all(reasons.get(each.id, "").strip() for each in alerts(held.method, sheets, held.aliases)):
        raise Malformed("畸高、畸低的评分未说明理由（R-332）", field="reasons")


def _passed(document: Document, held: Evaluated, sheets: Sequence[Sheet],
            acts: Sequence[tuple[str, Document]] | None) -> Proven:
    """The technical result again without prices; it was signed, and fixed who passed, before any price was opened."""
    again = technical_result(held.method, unpriced(held.bids), held.passing, sheets, held.aliases)
    digest = canonical_sha256(again)
    if again != document["technical"] or digest != document["technical_sha256"]:
        raise Malformed("重新计算的技术商务评审结果与记录不一致", field="technical")
    if {each.bid for each in held.bids if not each.sealed} - set(again["passed"]):
        raise Malformed("未通过技术商务评审的投标文件的报价被开启（R-318）", field="bids")
    if acts is not None:
        order = [name for name, payload in acts if name == "prices.frozen" or (
            name in (TECHNICAL, TECHNICAL_SIGNED, "prices.passers_fixed") and payload["result_sha256"] == digest)]
        fixed = [payload["passed"] for name, payload in acts if name == "prices.passers_fixed"]
        if order[-4:] != [TECHNICAL, TECHNICAL_SIGNED, "prices.passers_fixed", "prices.frozen"] or fixed != [
                again["passed"]]:
            raise Malformed("技术商务评审结果未在报价开启之前签署固定（R-318）", field="ledger")
    return Proven(f"技术商务评审：{len(again['passed'])} 家通过，不依赖任何报价重新得出，签署在报价开启之前（R-318）",
                  f"technical review: {len(again['passed'])} passed, again without any price, signed before prices")


def _same_outcome(document: Document, held: Evaluated, sheets: Sequence[Sheet]) -> None:
    again = evaluate(held.method, held.bids, held.rejections, sheets, aliases=held.aliases,
                     key=draw_key(str(document["set_sha256"]), sheets))
    if again != document["outcome"] or canonical_sha256(again) != document["outcome_sha256"]:
        raise Malformed("重新计算的评标结果与记录不一致", field="outcome")


def _ledger(document: Document, acts: Sequence[tuple[str, Document]]) -> None:
    number = document["round"]
    committed: list[str] = []
    for action, payload in acts:
        if action == COMMITTED and payload["round"] == number:
            committed.append(str(payload["commitment"]))
        elif action == REVEALED and payload["round"] == number and len(committed) < len(document["members"]):
            raise Malformed("有评分在全体评委提交承诺之前公开（R-330）", field="ledger")
    stated = {str(each["commitment"]) for each in document["sheets"] if each["round"] == number}
    if stated - set(committed):
        raise Malformed("评分承诺不在账本中", field="ledger")
    _recorded(RANKED, document["outcome_sha256"], acts)
    if document.get("report"):
        _recorded(REPORT_SIGNED, document["outcome_sha256"], acts)


def _recorded(action: str, digest: str, acts: Collection[tuple[str, Document]]) -> None:
    told = [payload["outcome_sha256"] for name, payload in acts if name == action]
    if told[-1:] != [digest]:
        raise Malformed("评标结果与账本记录不一致", field="ledger")
