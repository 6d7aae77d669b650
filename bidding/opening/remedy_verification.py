"""Who released, by what right, and what was brought again: judged from the ledger, compared with the record (R-144).

A bid opened by its bidder alone counts only where the bidder signed that it gives S_P, as a remedy. An object brought
again is the one that was signed, or its bytes would not decrypt; that the platform had lost it stays told.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from bidding.opening.model import DAMAGES
from bidding.opening.release_verification import Released, check_releases
from storage.crypto.canonical import parse_object
from storage.ledger.model import LedgerBroken

Document = Mapping[str, Any]
Acts = Mapping[str, list[Document]]


def judge_releases(opening: Document, acts: Acts, kinds: Collection[str],
                   remedy: str | None) -> Iterator[tuple[str, str]]:
    """What holds, in Chinese and English; raises ``Malformed``, ``SignatureRefused`` or ``LedgerBroken``."""
    found = check_releases(opening, acts.get("bid.released", []), kinds, remedy)
    remedies = len(found.remedies)
    sealed_to = found.count - remedies
    yield (f"解密申请：{found.count} 份签名成立，其中由密封时所用证书签名 {sealed_to} 份，依补救方案 {remedies} 份",
           f"releases: {found.count} signed, {sealed_to} by the certificate sealed to, {remedies} as a remedy")
    if found.alone:
        yield (f"补救：{len(found.alone)} 份由投标人自行提交保管密钥开启，经其签名，与投标时的承诺相符",
               f"remedy: {len(found.alone)} opened by the bidder's own S_P, signed by it and as it committed to")
    restored = _restored(acts, kinds)
    if restored:
        yield (f"复原：{len(restored)} 个对象曾在平台受损或缺失（平台原因），由投标人依补救方案逐字节复原",
               f"restored: {len(restored)} objects that the platform damaged or lost (its fault), brought again")
    _check_record(opening, found, restored)


def _restored(acts: Acts, kinds: Collection[str]) -> set[tuple[str, str]]:
    """Bid and kind of what was brought again; each was found damaged by the platform before."""
    found = {(each["bid"], each["kind"]) for each in acts.get("bid.object_damaged", [])}
    found |= {(each["bid"], each["kind"]) for each in acts.get("bid.body_checked", [])
              if each.get("cause") in DAMAGES and "kind" in each}
    restored = {(each["bid"], each["kind"]) for each in acts.get("bid.object_restored", [])}
    if not restored <= {(bid, kind) for bid, kind in found if kind in kinds}:
        raise LedgerBroken("账本记有复原的对象，却没有其受损的记录", seq=None)
    return restored


def _check_record(opening: Document, found: Released, restored: set[tuple[str, str]]) -> None:
    """The opening record tells the same remedies; records made before there were any tell none."""
    record: Any = parse_object(opening["record"]["text"].encode())
    if "remedies" not in record:
        return
    told = {(each["bid"], each["what"]) for each in record["remedies"]}
    due = {(bid, "alone" if bid in found.alone else "key") for bid in found.remedies}
    if told != due | {(bid, f"restored {kind}") for bid, kind in restored}:
        raise LedgerBroken("开标记录所载的补救与账本不符", seq=None)
