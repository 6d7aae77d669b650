"""One changed byte in each part of a receipt, an exported lot and a signed paper, by class, for both verifiers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Change:
    """``name``: the class of what is changed; ``content``: the whole file with one byte changed."""

    name: str
    content: bytes


def _paths(bundle: dict[str, Any]) -> dict[str, Path]:
    bids = bundle["bids"]
    opened = next(index for index, bid in enumerate(bids) if bid["state"] == "decrypted")
    closed = next(index for index, bid in enumerate(bids) if bid["state"] != "decrypted")
    statement = next(index for index, each in enumerate(bids[opened]["envelopes"]) if "object" in each)
    envelope: Path = ("bids", opened, "envelopes", statement)
    entries = bundle["ledger"]["entries"]
    payload = next(index for index, each in enumerate(entries) if each.get("payload"))
    proof = next(index for index, each in enumerate(entries) if each["proof"])
    certificate = next(iter(bundle["certificates"]))
    share = next(iter(bids[opened]["secrets"]["shares"]))
    return {
        "entry": ("ledger", "entries", 1, "entry"), "leaf": ("ledger", "entries", 1, "leaf"),
        "proof": ("ledger", "entries", proof, "proof", 0), "salt": ("ledger", "entries", payload, "salt"),
        "payload": ("ledger", "entries", payload, "payload"), "checkpoint": ("ledger", "checkpoint"),
        "log key": ("ledger", "key"), "sealed act": ("ledger", "sealed", 0, "act"),
        "batch": ("ledger", "batches", 0, "entry"), "notice": ("notice", "notice"),
        "notice signature": ("notice", "signature", "value"), "notice chain": ("notice", "signature", "chain", 0),
        "notice stamp": ("notice", "token"), "envelope header": (*envelope, "header"),
        "manifest": (*envelope, "manifest"), "bidder's signature": (*envelope, "signature"),
        "envelope stamp": (*envelope, "timestamp_token"), "sealed object": (*envelope, "object"),
        "key of the bidder": ("bids", opened, "secrets", "s_b"),
        "key of a custodian": ("bids", opened, "secrets", "shares", share),
        "receipt": ("bids", opened, "receipt", "body"), "submission": ("bids", opened, "submission", "act", "act"),
        "certificate": ("bids", opened, "certificate"), "bidder": ("bids", opened, "name"),
        "cause": ("bids", closed, "cause"), "price": ("announced", 0, "price"), "lot": ("lot", "title"),
        "grounds": ("grounds", "validations", 0, "authority"), "edition": ("grounds", "editions", 0, "entry"),
        "word on revocation": ("grounds", "evidence", bundle["grounds"]["validations"][0]["crls"][0]),
        "limit": ("lot", "price_limit"), "platform": ("platform", "name"), "record": ("record", "text"),
        "record paper": ("record", "pdf_sha256"), "signing time": ("record", "signatures", 0, "signed_at"),
        "other certificate": ("certificates", certificate), "seal": ("seal", "text"),
        "seal signature": ("seal", "signature", "value")}


def _other(text: str) -> str:
    """One character in the middle changed by its lowest bit, to another of its kind."""
    at = len(text) // 2
    while not (text[at].isascii() and text[at].isalnum() and chr(ord(text[at]) ^ 1).isalnum()):
        at = (at + 1) % len(text)
    return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1:]


def _changed(document: dict[str, Any], path: Path) -> bytes:
    copy: Any = json.loads(json.dumps(document))
    at = copy
    for step in path[:-1]:
        at = at[step]
    value = at[path[-1]]
    if isinstance(value, dict):  # of a payload, its first text
        name = next(name for name in value if isinstance(value[name], str) and any(map(str.isalnum, value[name])))
        value[name] = _other(value[name]) if value[name].isascii() else value[name] + "x"
    else:
        at[path[-1]] = _other(value) if any(each.isascii() and each.isalnum() for each in value) else value + "x"
    return json.dumps(copy, ensure_ascii=False).encode()


def bundle_changes(bundle: dict[str, Any]) -> Iterator[Change]:
    """One change a class of what a bundle holds."""
    for name, path in _paths(bundle).items():
        yield Change(name, _changed(bundle, path))


def receipt_changes(receipt: dict[str, Any]) -> Iterator[Change]:
    """The same of a receipt."""
    for name, path in {
            "number": ("number",), "kind": ("kind",), "body": ("body",), "signature": ("signature", "value"),
            "chain": ("signature", "chain", 1), "act": ("proof", "act", "act"), "salt": ("proof", "act", "salt"),
            "payload": ("proof", "act", "payload"), "sibling": ("proof", "act", "siblings", 3),
            "batch": ("proof", "batch", "entry"), "root": ("proof", "batch", "payload"),
            "checkpoint": ("proof", "checkpoint"), "log key": ("proof", "key"), "log": ("proof", "log")}.items():
        yield Change(name, _changed(receipt, path))  # type: ignore[arg-type]


def paper_changes(pdf: bytes) -> Iterator[Change]:
    """The same of a signed PDF whose last container is a document time stamp."""
    first, last = pdf.index(b"/Contents <"), pdf.rindex(b"/Contents <") + len(b"/Contents <")
    end = pdf.index(b">", last)
    letter = next(at for at in range(last, end) if chr(pdf[at]) in "abcdefABCDEF")
    for name, at, mask in (
            ("text", pdf.index(b"/CreationDate") + 20, 1), ("signature", first + 3000, 1),
            ("evidence", pdf.index(b"/DSS") + 1, 2), ("what was signed", pdf.rindex(b"/ByteRange") + 14, 1),
            ("stamp", last + 600, 1), ("letter case of the stamp", letter, 0x20), ("padding of the stamp", end - 1, 1),
            ("version in the stamp", _version(pdf, last), 2), ("end of the file", len(pdf) - 1, 1),
            ("cross references", pdf.rindex(b"startxref") + 11, 1)):
        yield Change(name, pdf[:at] + bytes([pdf[at] ^ mask]) + pdf[at + 1:])


def _version(pdf: bytes, start: int) -> int:
    """Where the digit of the CMS version stands in the hex of a container: 02 01 03 for a time stamp."""
    return pdf.index(b"020103", start) + 5
