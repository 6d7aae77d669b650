"""Is it sealed as the tender document demands? Header against slot, manifest against header (R-140, R-704)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bidding.bids.model import LARGEST, Slot, differing_fields
from bidding.bids.rules import bidder_can_unwrap, sealed_as_required
from storage.crypto.canonical import parse_object
from storage.crypto.errors import Malformed, NotSupported
from storage.crypto.header import LARGEST as LONGEST_HEADER
from storage.crypto.header import Header, read_header
from storage.crypto.manifest import Manifest, check_manifest, read_manifest
from storage.crypto.reader import Layout
from storage.crypto.wraps import HPKE_P256, RSA_OAEP, SM2_ENCRYPTION, Wrap
from storage.kernel.errors import RulesUnmet
from storage.kernel.rule import require

_ALGORITHM = {"ec-p256": HPKE_P256, "rsa": RSA_OAEP, "sm2": SM2_ENCRYPTION}
_GCM_TAG = 16
_SECRET = {"bidder": 32, "custodian": 33}


@dataclass(frozen=True)
class Recipients:
    """Fingerprint to key kind ("ec-p256" | "rsa" | "sm2"): the bidder's own valid certificates that secrets may be
    sealed to, and the custodians'. ``pairs``: by SM2 signing certificate, the encryption halves of its pair (R-702)."""

    own: Mapping[str, str]
    custodians: Mapping[str, str]
    pairs: Mapping[str, Collection[str]] = field(default_factory=dict)


def refuse_seal(*fields: str, reason: str = "") -> RulesUnmet:
    """The refusal of R-140, with the fields that are not as required."""
    return RulesUnmet((sealed_as_required,), field=fields[0], fields="、".join(fields), reason=reason)


def check_header(text: str, kind: str, slot: Slot, recipients: Recipients) -> Header:
    """The header, when it is canonical, whole, and bound to exactly this slot.

    Raises ``RulesUnmet`` R-140 with the fields named (a seal for another lot, bidder or version among them,
    fault 29), or R-704 when the bidder could not open it.
    """
    data = text.encode()
    try:
        context = parse_object(data, limit=LONGEST_HEADER).get("ctx")
        if fields := differing_fields(context, slot.context(kind)):
            raise refuse_seal(*fields)
        header = read_header(data)
    except (Malformed, NotSupported) as error:
        raise refuse_seal(str(error.facts.get("field", "header")), reason=error.message) from error
    wrapped_to = [item.cert.removeprefix("sha256:") for item in header.wraps_for("bidder")]
    require((bidder_can_unwrap, bidder_can_unwrap(
        wrapped_to, recipients.pairs.get(slot.bidder, {slot.bidder}), recipients.own)))
    for item in header.wraps:
        _check_wrap(item, recipients)
    return header


def _check_wrap(item: Wrap, recipients: Recipients) -> None:
    known = recipients.own if item.role == "bidder" else recipients.custodians
    kind = known.get(item.cert.removeprefix("sha256:"))
    if kind is None or _ALGORITHM.get(kind) != item.alg:
        raise refuse_seal("wraps", reason="密钥信封的算法与证书不符")
    if item.alg == HPKE_P256 and len(item.ct) != _SECRET[item.role] + _GCM_TAG:
        raise refuse_seal("wraps", reason="密钥信封的长度不对")
    if item.alg == RSA_OAEP and len(item.ct) not in (256, 384, 512):
        raise refuse_seal("wraps", reason="密钥信封的长度不对")


def check_recovery(header: Header, remedy: str) -> None:
    """Raises ``RulesUnmet`` R-140 for a wrap under a recovery code where the tender document has no remedy (R-144)."""
    if header.recovery is not None and remedy == "none":
        raise refuse_seal("recovery", reason="招标文件未规定补救方案，不得附恢复码信封")


def check_size(size: int, parts: int, kind: str, slot: Slot) -> Layout:
    """How the object lies in parts; raises ``RulesUnmet`` R-140 for a size or part count that cannot be."""
    if not 0 <= size <= LARGEST[kind]:
        raise refuse_seal("size", reason=f"内容须在 {LARGEST[kind]} 字节以内")
    seg = slot.context(kind)["seg"]
    layout = Layout(size, seg if isinstance(seg, int) else 0)
    if parts != layout.count:
        raise refuse_seal("parts", reason=f"该大小应为 {layout.count} 个分片")
    return layout


def check_statement_size(size: int, asked: int | None) -> None:
    """Raises ``RulesUnmet`` R-140 unless the statement has the one length that the lot asks for, if it asks."""
    if asked is not None and size != asked:
        raise refuse_seal("size", reason=f"本标段的开标一览表须补齐到 {asked} 字节，以免大小透露是否附有保函")


def check_signed_manifest(text: str, signature: bytes, header: str, size: int, public_key: object) -> Manifest:
    """The manifest, when it is canonical, of this header and size, and signed by the sealing certificate.

    Raises ``Malformed``, ``SignatureRefused``, or ``RulesUnmet`` R-140.
    """
    manifest = read_manifest(text.encode())
    if manifest.size != size:
        raise refuse_seal("size", reason="清单所载大小与申报不符")
    check_manifest(manifest, read_header(header.encode()), public_key, signature)
    return manifest
