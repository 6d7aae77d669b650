"""Whose fault it was, judged again from signed complaints and the counts in the ledger. Imports no database.

What cannot be checked by others: whether a wrap opens for its custodian. That is why one voice decides nothing, and why
the complaints must be signed by the certificates that the bids' own headers name.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bidding.opening.attribution import Tally, cause_at_close
from bidding.opening.complaints import ComplaintItem, Why, check_complaint
from bidding.opening.model import BidState
from bidding.opening.sealed_verification import spoilt_of
from storage.crypto.canonical import from_base64
from storage.crypto.certificates import parse_certificate
from storage.crypto.context import commitment
from storage.crypto.errors import Malformed
from storage.crypto.header import Header, read_header
from storage.crypto.shamir import combine
from storage.ledger.model import LedgerBroken

Document = Mapping[str, Any]
Acts = Mapping[str, list[Document]]
_BY_COUNT = frozenset({"badly-dealt", "dealing-disputed", "custodians-absent", "share-mismatch"})


def judge_custody(bundle: Document, acts: Acts, notice_sha256: str) -> Iterator[tuple[str, str]]:
    """What holds, in Chinese and English; raises ``Malformed``, ``SignatureRefused`` or ``LedgerBroken``."""
    headers = {bid["bid"]: _headers(bid) for bid in bundle["bids"]}
    voices = [(int(payload["index"]), item) for payload in acts.get("custodian.complained", [])
              for item in _signed(payload, bundle, headers, notice_sha256)]
    if voices:
        yield (f"保管人异议：{len(voices)} 项，均由投标文件所载保管人的证书签名",
               f"custodians' complaints: {len(voices)}, each signed by the certificate that the bid names")
    judged = 0
    for bid in bundle["bids"]:
        spoken = {index for index, item in voices if item.bid == bid["bid"]}
        if bid["state"] == BidState.DECRYPTED and bid["secrets"] is not None:
            yield from _in_spite_of(bid, headers[bid["bid"]][bid["secrets"]["kind"]], spoken)
        elif headers[bid["bid"]] and bid["cause"] in _BY_COUNT and "custodians" in bid["evidence"]:
            _judge(bid, min(headers[bid["bid"]].items())[1], spoken, acts)
            judged += 1
    if judged:
        yield (f"责任认定：{judged} 份，由保管人各自的份额与签名异议重新得出",
               f"fault: {judged} findings drawn again from what each custodian gave and signed")


def _headers(bid: Document) -> dict[str, Header]:
    return {each["kind"]: read_header(each["header"].encode()) for each in bid["envelopes"]}


def _signed(payload: Document, bundle: Document, headers: Mapping[str, Mapping[str, Header]],
            notice_sha256: str) -> list[ComplaintItem]:
    certificate = parse_certificate(bundle["certificates"][payload["certificate"]])
    found = check_complaint(payload["text"], from_base64(payload["signature"], "signature"), certificate)
    if (found.lot, found.index, found.notice_sha256) != (bundle["lot"]["code"], payload["index"], notice_sha256):
        raise Malformed("保管人异议不属于这次开标", field="complaint")
    spoilt = {bid["bid"]: spoilt_of(bid) for bid in bundle["bids"]}
    for item in found.items:
        header = headers.get(item.bid, {}).get(item.kind)
        if header is None and item.kind in spoilt.get(item.bid, ()):
            continue  # whom it names as its custodian, the platform has not kept
        if header is None or header.sha256 != item.header_sha256:
            raise Malformed("保管人异议所指的投标文件不在封存集合中", bid=item.bid)
        named = header.ctx.custodians[found.index - 1]
        keeper = parse_certificate(bundle["certificates"][named.removeprefix("sha256:")])
        if keeper.tag != named or not (
                keeper.fingerprint == certificate.fingerprint or certificate.is_pair_with(keeper)):
            raise Malformed("异议不是由投标文件所载的保管人签名", bid=item.bid, index=found.index)
        if item.why is Why.SHARE and header.com_s[found.index - 1].hex() == item.share:
            raise Malformed("异议所称的份额与承诺相符", bid=item.bid, index=found.index)
    return list(found.items)


def _judge(bid: Document, header: Header, spoken: set[int], acts: Acts) -> None:
    """The cause must follow from the counts, and every complaint counted must stand signed in the ledger."""
    action = "bid.revoked" if bid["state"] == BidState.REVOKED else "bid.withdrawn_by_fault"
    recorded = next((each["evidence"] for each in acts.get(action, []) if each["bid"] == bid["bid"]), None)
    counts = bid["evidence"]["custodians"]
    if recorded != bid["evidence"]:
        raise LedgerBroken("未开启的证据与账本记录不符", seq=None)
    sound, complained, unsound, absent = (
        frozenset(map(int, counts[name])) for name in ("sound", "complained", "unsound", "absent"))
    tally = Tally(header.ctx.k, header.ctx.n, sound, complained, unsound)
    if counts["needed"] != header.ctx.k or tally.absent != absent or complained & unsound or sound & (
            complained | unsound):
        raise Malformed("保管人的计数与投标文件不符", bid=bid["bid"])
    if not complained <= spoken or not spoken <= complained | sound:
        raise LedgerBroken("计入的保管人异议与账本中签名的异议不符", seq=None)
    cause = cause_at_close(BidState.WAITING, tally)
    if cause is None or tally.is_enough or (cause.code, cause.becomes.value) != (bid["cause"], bid["state"]):
        raise Malformed("责任认定不能由保管人的份额与异议得出", bid=bid["bid"])


def _in_spite_of(bid: Document, header: Header, spoken: set[int]) -> Iterator[tuple[str, str]]:
    """An opened bid shows of each complainant's share what it must have been; whether the wrap held it stays open."""
    shares = {int(index): bytes.fromhex(share) for index, share in bid["secrets"]["shares"].items()}
    known = [shares[index] for index in sorted(shares)][:header.ctx.k]
    if len(known) < header.ctx.k:  # its bidder gave S_P itself: nothing follows for the share of another
        return
    for index in sorted(spoken - set(shares)):
        due = combine(known, at=index) + bytes([index])
        fits = commitment("s", due, header.ctx.algorithms) == header.com_s[index - 1]
        yield ((f"第 {bid['place']} 号：保管人 {index} 有异议，文件仍已开启；由其他份额推得的份额与承诺"
                + ("相符" if fits else "不符，投标人分发有误")),
               f"bid {bid['place']}: custodian {index} complained, and it was opened all the same; the share that "
               f"follows from the others {'fits' if fits else 'contradicts'} its commitment")
