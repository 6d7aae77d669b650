"""Statements decrypted again from published secrets, and what was announced of them. Imports no database."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from bidding.bids.model import statement_in
from bidding.opening.sealed_verification import spoilt_of
from bidding.opening.statements import (
    AnnouncedBid,
    Field,
    Statement,
    announced_rows,
    confirmation_bytes,
    read_statement,
)
from storage.crypto.canonical import Json, from_base64, parse_object
from storage.crypto.certificates import parse_certificate, verify_signature
from storage.crypto.envelope import message_key_of
from storage.crypto.errors import Malformed, ObjectAltered
from storage.crypto.header import read_header
from storage.crypto.manifest import read_manifest
from storage.crypto.reader import SealedReader

Document = Mapping[str, Any]


def fields_from(announced_fields: Sequence[Document]) -> list[Field]:
    """The lines the tender document asks for, from the bundle's lot."""
    return [Field(each["key"], each["label"], each["kind"], bool(each.get("required", True)))
            for each in announced_fields]


def open_bid(bid: Document, announced_fields: Sequence[Document], envelope_name: str) -> Statement:
    """The statement, decrypted here and now; raises when a commitment, digest or seal does not hold."""
    envelope = next(each for each in bid["envelopes"] if each["kind"] == statement_in(envelope_name))
    header, manifest = read_header(envelope["header"].encode()), read_manifest(envelope["manifest"].encode())
    stored, released = from_base64(envelope["object"], "object"), bid["secrets"]
    shares = {int(index): bytes.fromhex(share) for index, share in released["shares"].items()}
    secret, custody = bytes.fromhex(released["s_b"]), released.get("s_p")
    both = header.join(secret, shares) if custody is None else header.join_whole(secret, bytes.fromhex(custody))
    key = message_key_of(header, both)
    reader = SealedReader(key, manifest, lambda offset, length: stored[offset:offset + length])
    if len(stored) != reader.layout.stored_size:
        raise ObjectAltered("对象长度与清单不符", stored=len(stored), signed=reader.layout.stored_size)
    return read_statement(reader.read(0, manifest.size), fields_from(announced_fields))


def check_announced(opening: Document, opened: Mapping[str, Mapping[str, str]], announced: Document,
                    announced_fields: Sequence[Document], price_limit: str | None) -> None:
    """Raises ``Malformed`` unless the announced rows are exactly what the decrypted statements give (``opened``: their
    lines by bid).

    Of an opened bid that the platform has not kept, the row is judged by the lines it tells itself.
    """
    limit = Decimal(price_limit) if price_limit else None
    told = {row["bid"]: {each["key"]: each["value"] for each in row["fields"]} for row in announced["rows"]}
    values = {bid["bid"]: told.get(bid["bid"]) for bid in opening["bids"] if spoilt_of(bid)} | dict(opened)
    bids = [AnnouncedBid(
        place=bid["place"], bid=bid["bid"], version=bid["version"], name=bid["name"], uscc=bid["uscc"],
        submitted_at=parse_object(bid["receipt"]["body"].encode())["decided_at"],  # type: ignore[arg-type]
        state=bid["state"], cause=bid["cause"], values=values.get(bid["bid"])) for bid in opening["bids"]]
    rows: Json = announced_rows(bids, fields_from(announced_fields), limit)
    if rows != announced["rows"] or rows != opening["announced"]:
        raise Malformed("唱标内容与重新解密的内容不一致", field="announced")


def check_confirmations(opening: Document) -> int:
    """How many bidders' signatures over their announced rows hold; raises at one that does not.

    One by another certificate than the bid's, as after a renewal, is the bidder's where a CA wrote its credit code into
    it; whether that CA counts is judged with the grounds.
    """
    record: Any = parse_object(opening["record"]["text"].encode())
    owners = {bid["bid"]: bid for bid in opening["bids"]}
    announced = {row["bid"]: row for row in opening["announced"]}
    confirmed = 0
    for row in record["rows"]:
        known = {name: value for name, value in row.items() if name not in ("confirmation", "decrypted_at")}
        if known != announced.get(row["bid"]):
            raise Malformed("开标记录与唱标内容不一致", field="rows")
        confirmation = row["confirmation"]
        if confirmation is not None:
            certificate = parse_certificate(opening["certificates"][confirmation["certificate"]])
            if certificate.fingerprint != confirmation["certificate"]:
                raise Malformed("确认所用证书与记录不符", field="certificate")
            owner = owners[row["bid"]]
            is_own = certificate.fingerprint == parse_certificate(owner["certificate"]).fingerprint
            if not is_own and (certificate.uscc == "" or certificate.uscc != owner["uscc"]):
                raise Malformed("确认所用证书不是该投标人的", field="certificate", bid=row["bid"])
            verify_signature(certificate, confirmation_bytes(row["row_sha256"]),
                             from_base64(confirmation["signature"], "signature"))
            confirmed += 1
    return confirmed
