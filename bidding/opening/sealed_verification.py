"""Every bid of an exported opening: sealed, submitted and receipted before the hour, as it was frozen. No database.

Of what the platform no longer has as it was sealed, a bid of an export names the kinds (``spoilt``). Frozen set,
receipt and submission still tell that it was there and what digests it had, so that no bid is hidden by it; and the
export as a whole does not hold (``require_kept``).
"""

from collections.abc import Collection, Mapping
from typing import Any

from bidding.bids.model import KIND_NAMES, PRICE, kinds_in
from bidding.bids.receipt_verification import verify_receipt
from storage.crypto.canonical import from_base64, parse_object
from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.errors import Malformed
from storage.crypto.header import read_header
from storage.crypto.manifest import check_manifest, read_manifest
from storage.crypto.stamp_chain import check_stamp
from storage.kernel.clock import from_wire
from storage.kernel.errors import Refused
from storage.ledger.model import LedgerBroken
from storage.ledger.verification import verify_sealed_document

Document = Mapping[str, Any]


class BidsSpoilt(Refused):
    """The platform has not kept bids as they were sealed, and says so: its own fault (fault 11)."""

    code = "bids-spoilt"


def spoilt_of(bid: Document) -> frozenset[str]:
    """The kinds of which the platform no longer has all that was sealed."""
    return frozenset(bid.get("spoilt", ()))


def require_kept(bundle: Document) -> None:
    """Raises ``BidsSpoilt`` where an export names bids that were not kept: each by place and bidder, and what of it."""
    found = {bid["bid"]: bid for opening in (bundle.get("prices"), bundle) if opening
             for bid in opening["bids"] if spoilt_of(bid)}
    if found:
        told = "；".join(f"第 {bid['place']} 号 {bid['name']}（{'、'.join(map(_name, sorted(spoilt_of(bid))))}）"
                        for bid in found.values())
        raise BidsSpoilt(f"平台没有完好保存以下投标文件，责任在平台：{told}。账本和回执仍证明其于截止前递交及当时的"
                         "摘要，但缺失的内容无法核对。其余各份均已照常核对 / the platform has not kept bid "
                         f"{', '.join(str(bid['place']) for bid in found.values())} as sealed, which is its own fault")


def _name(kind: str) -> str:
    return KIND_NAMES.get(kind, kind)


def check_kinds(bid: Document, kinds: Collection[str]) -> None:
    """Each of these envelopes once, but for what is named as spoilt; raises ``Malformed``."""
    held, spoilt = [each["kind"] for each in bid["envelopes"]], spoilt_of(bid)
    if len(set(held)) != len(held) or {*held, *spoilt} != set(kinds):
        raise Malformed("投标文件的信封不全", bid=bid["bid"])


def check_bid(bid: Document, frozen: Document, notice: Document, roots: Collection[str] | None,
              ledger_key: str) -> None:
    """One bid against its item of the frozen set; raises ``Malformed``, ``LedgerBroken`` and as signatures do."""
    certificate = parse_certificate(bid["certificate"])
    if certificate.fingerprint != frozen["certificate"] or bid["version"] != frozen["version"]:
        raise Malformed("投标文件与封存的集合不一致", bid=bid["bid"])
    check_kinds(bid, frozen["manifests"])
    for envelope in bid["envelopes"]:
        _check_envelope(bid, envelope, frozen, certificate, notice, roots)
    head = verify_sealed_document(bid["submission"], ledger_key)
    if (head.action, head.subject) != ("bid.submitted", f"bid:{bid['bid']}") or head.at >= notice["opens_at"]:
        raise LedgerBroken("递交记录不属于这份投标文件，或晚于截止时间", seq=None)
    told = parse_object(bid["receipt"]["body"].encode())
    receipt = {"number": told["number"], "kind": told["kind"], "proof": None, **bid["receipt"]}
    body = verify_receipt(receipt, roots=roots, ledger_key=None).body
    headers, manifests = ({each["kind"]: each[digest] for each in body["envelopes"]}
                          for digest in ("header_sha256", "manifest_sha256"))
    if (body["bid"], body["decided_at"], headers, manifests) != (
            bid["bid"], head.at, frozen["headers"], frozen["manifests"]):
        raise Malformed("回执与递交记录不一致", bid=bid["bid"])


def _check_envelope(bid: Document, envelope: Document, frozen: Document, certificate: Certificate, notice: Document,
                    roots: Collection[str] | None) -> None:
    kind, opens_at = envelope["kind"], from_wire(str(notice["opens_at"]))
    header, manifest = read_header(envelope["header"].encode()), read_manifest(envelope["manifest"].encode())
    if (header.sha256, manifest.sha256) != (frozen["headers"][kind], frozen["manifests"][kind]):
        raise Malformed("信封头或清单与封存的集合不一致", bid=bid["bid"], kind=kind)
    check_manifest(manifest, header, certificate.public_key, from_base64(envelope["signature"], "signature"))
    ctx = header.ctx
    if (ctx.lot, ctx.version, ctx.bidder, ctx.envelope) != (notice["code"], frozen["version"], certificate.tag, kind):
        raise Malformed("信封不属于这个标段、版本或投标人", bid=bid["bid"], kind=kind)
    stamp = check_stamp(from_base64(envelope["timestamp_token"], "timestamp_token"), bytes.fromhex(manifest.sha256),
                        roots)
    # A seal made before an extension names the earlier time; one that names a later was opened too early.
    if from_wire(ctx.opens_at) > opens_at or stamp.at > opens_at:
        raise Malformed("信封所载的开标时间或时间戳晚于开标", bid=bid["bid"], kind=kind)


def check_price_envelope(bid: Document, listed: Document, first: Document) -> None:
    """Header and manifest of each price object are those that were submitted and frozen at the deadline."""
    check_kinds(bid, kinds_in(PRICE))
    digests = {kind: {(item["headers"][kind], item["manifests"][kind]) for item in (listed, first)}
               for kind in kinds_in(PRICE)}
    for each in bid["envelopes"]:
        digests[each["kind"]].add((read_header(each["header"].encode()).sha256,
                                   read_manifest(each["manifest"].encode()).sha256))
    for kind, found in digests.items():
        if len(found) != 1:
            raise Malformed("第二信封与截止时封存的不一致", bid=bid["bid"], kind=kind)
