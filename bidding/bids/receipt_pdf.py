"""The receipt for people: a signed PDF with a QR code that leads to the verification page (A-101, R-222)."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from bidding.bids.model import KIND_NAMES
from bidding.bids.tables import Receipt
from storage.crypto.pdf_lasting import seal_paper
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.trust import TrustList
from storage.crypto.tsa import TimestampAuthority
from storage.database.settings import Settings
from storage.documents.render import render
from storage.kernel.clock import from_wire, process_now, shanghai
from storage.kernel.errors import Conflict, NotFound
from storage.ledger.checkpoints import verifier_key
from storage.ledger.printing import in_fragment, in_words
from storage.objects.store import ObjectStore

_TEMPLATE = Path(__file__).parent / "receipt.typ"
_TITLES = {"receipt": "投标文件递交回执", "withdrawal": "投标文件撤回回执"}
PREFIX = "receipts/"
LARGEST = 8 << 20


async def receipt_pdf(receipt: Receipt, store: ObjectStore, keys: PlatformKeys, settings: Settings,
                      authority: TimestampAuthority, others: TrustList | None = None) -> bytes:
    """The one PDF of a receipt: made at the first asking, then always the same bytes (R-222: re-downloadable).

    ``others``: the trust list, where the platform's own certificates are of a CA on it.
    """
    key = pdf_key(receipt)
    try:
        return await store.get_range(key, 0, LARGEST)
    except NotFound:
        pass
    digest, body = sha256(receipt.body.encode()).hexdigest(), json.loads(receipt.body)
    address = (f"{settings.public_origin}/verify#receipt={receipt.number}&sha256={digest}"
               f"{in_fragment(body.get('checkpoint'))}")
    # With the paper in hand a stranger checks the log by a key that the site cannot change any more.
    ledger_key = verifier_key(f"yunkai/{settings.platform_id}", keys.checkpoint.public_key())
    view = receipt_view(body, digest) | {"platform": settings.platform_name, "demo": settings.demo,
                                         "key": ("账本公钥", ledger_key)}
    plain = render(_TEMPLATE, view, created_at=receipt.decided_at, qr=address)
    signed = await seal_paper(plain, keys, authority, field_name="platform", reason=_TITLES[receipt.kind],
                              now=process_now(), others=others)
    try:
        await store.put(key, signed, "application/pdf")
    except Conflict:
        # Another node was first; there is one paper.
        return await store.get_range(key, 0, LARGEST)
    return signed


def pdf_key(receipt: Receipt) -> str:
    """Where its PDF lies, once made."""
    return f"{PREFIX}{receipt.number}.pdf"


def receipt_view(body: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """What the paper shows: Chinese words, Shanghai time to the millisecond."""
    lot, bidder = body["lot"], body["bidder"]
    facts = [("标段", f"{lot['title']}（{lot['code']}）"), ("投标人", f"{bidder['name']}　{bidder['uscc']}"),
             ("投标文件版本", f"第 {body['version']} 版"), ("证书序列号", bidder["certificate_serial"]),
             ("投标截止时间", _at(lot["deadline_at"])), *_times(body),
             ("时钟", f"以平台数据库时钟为准，与受理节点时钟相差 {body['clock_offset_ms']} 毫秒")]
    remarks = ["本回执由平台签名。扫描二维码，或将回执 JSON 文件放入验证页，可离线验证签名、时间戳与账本证明。",
               "回执 JSON 的 SHA-256："]
    if lot["rehearsal"]:
        remarks.insert(0, "本标段为演练，不是真实交易。")
    return {"title": _TITLES[body["kind"]], "number": body["number"], "facts": facts, "digest": digest,
            "checkpoint": ("账本检查点", in_words(body.get("checkpoint"))),
            "envelopes": [_envelope(each) for each in body.get("envelopes", [])], "remarks": remarks}


def _times(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    if body["kind"] == "withdrawal":
        return [("撤回的回执", str(body["withdraws"])), ("撤回时间", _at(body["decided_at"]))]
    replaced = [("替换的回执", str(body["replaces"]))] if body["replaces"] else []
    return [*replaced, ("首个字节", _at(body["first_byte_at"])), ("最后字节", _at(body["last_byte_at"])),
            ("校验完成", _at(body["checked_at"])), ("递交时间", _at(body["decided_at"]))]


def _envelope(envelope: Mapping[str, Any]) -> dict[str, Any]:
    kind = envelope["kind"]
    title = f"{KIND_NAMES[kind]}（密文）"
    return {"title": title, "facts": [
        ("字节数", f"{envelope['size']}（密文 {envelope['sealed_size']}）"),
        ("清单 SHA-256", envelope["manifest_sha256"]), ("清单 SM3", envelope["manifest_sm3"]),
        ("分片根", envelope["parts_root"]), ("信封头 SHA-256", envelope["header_sha256"])]}


def _at(text: str) -> str:
    return shanghai(from_wire(text)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "（北京时间）"
