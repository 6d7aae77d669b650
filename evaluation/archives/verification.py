"""An archive package re-checked by someone who trusts nobody: from the sealed bids to the contract. No database."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from bidding.opening.sealed_verification import require_kept
from bidding.opening.verification import Anchors, Proven, sealed_by, verify_opening
from evaluation.committees.verification import verify_committee
from evaluation.scoring.verification import verify_evaluation
from storage.crypto.canonical import from_base64
from storage.crypto.errors import Malformed
from storage.ledger.model import LedgerBroken
from storage.ledger.verification import decode_entry

Document = Mapping[str, Any]
Acts = Sequence[tuple[str, Document]]


def verify_archive(package: Document, anchors: Anchors) -> Iterator[Proven]:
    """Each proof as it succeeds; raises a ``DomainError`` at the first that fails.

    Order: the opening as its own bundle, the expert draw, the evaluation computed anew, candidates and winner,
    papers, and the platform's seal over all of it. Bids not kept fail at the end, as in ``verify_bundle``.
    """
    opening = package["opening"]
    yield from verify_opening(opening, anchors)
    acts = payloads_of(opening["ledger"])
    named = by_action(acts)
    yield from verify_committee(named, _last(named, "lot.bids_frozen")["set_sha256"])
    yield from verify_evaluation(package["evaluation"], announced=_announced(opening), acts=acts)
    yield from _award(package["evaluation"]["outcome"], named)
    yield from _papers(package["files"], named)
    yield sealed_by(package, anchors)
    require_kept(opening)


def _announced(opening: Document) -> list[Document]:
    """The rows of the opening; of two envelopes with the prices that the second one announced."""
    second = opening.get("prices")
    priced = {row["bid"]: row["price"] for row in second["announced"]} if second else {}
    return [{**row, "price": priced.get(row["bid"], row["price"])} for row in opening["announced"]]


def payloads_of(export: Document) -> list[tuple[str, Document]]:
    """Action and payload of every entry whose payload is readable, in the ledger's order."""
    return [(decode_entry(each["entry"]).action, each["payload"]) for each in export["entries"]
            if each.get("payload") is not None]


def by_action(acts: Acts) -> dict[str, list[Document]]:
    """Payloads by action, each in order."""
    found: dict[str, list[Document]] = {}
    for action, payload in acts:
        found.setdefault(action, []).append(payload)
    return found


def _last(named: Mapping[str, Sequence[Document]], action: str) -> Document:
    if not named.get(action):
        raise LedgerBroken(f"账本中没有“{action}”", seq=None)
    return named[action][-1]


def _award(outcome: Document, named: Mapping[str, Sequence[Document]]) -> Iterator[Proven]:
    """Candidates, winner and contract follow from the ranking that was just computed."""
    ranked = {int(row["rank"]): row for row in outcome["rows"] if row["rank"] is not None}
    shown = _last(named, "candidates.publicised")["candidates"]
    for each in shown:
        row = ranked.get(int(each["rank"]))
        if row is None or (row["name"], row["price"]) != (each["name"], each["price"]):
            raise Malformed("公示的中标候选人与重新计算的排序不一致（R-128）", field="candidates")
    yield Proven(f"中标候选人 {len(shown)} 名与重新计算的排序一致", f"{len(shown)} candidates follow from the ranking")
    confirmed = _last(named, "winner.confirmed")
    winner = confirmed["winner"]
    passed_over = {int(each["rank"]) for each in confirmed["passed_over"]}
    if winner is None or set(range(1, int(winner["rank"]))) - passed_over:
        raise Malformed("中标人不是排名最前的候选人，也未说明理由（B-027）", field="winner")
    contract = _last(named, "contract.signed")
    if (contract["winner"], contract["price"]) != (winner["name"], winner["price"]):
        raise Malformed("合同与中标人、中标价不一致", field="contract")
    yield Proven(f"中标人 {winner['name']} 为第 {winner['rank']} 名，合同价 {contract['price']} 元即其投标报价",
                 f"the winner ranked {winner['rank']}; the contract is at its bid price")


def _papers(files: Sequence[Document], named: Mapping[str, Sequence[Document]]) -> Iterator[Proven]:
    """Every signed paper that the ledger knows is in the package, to the last bit."""
    held = {str(each["sha256"]) for each in files}
    for each in files:
        content = from_base64(each["content"], "content")
        if sha256(content).hexdigest() != each["sha256"] or len(content) != each["size"]:
            raise Malformed("归档文件与其摘要不一致", field=str(each["name"]))
    expected = {str(each["sha256"]) for each in named.get("paper.completed", [])}
    _last(named, "opening.published")
    expected |= {str(each["pdf_sha256"]) for each in named["opening.published"]}
    if expected - held:
        raise Malformed("账本记载的签署文件不在归档包中", field="files")
    yield Proven(f"签署文件 {len(files)} 份齐全，摘要与账本记录一致",
                 f"{len(files)} signed papers are complete and equal their recorded digests")
