"""A receipt checked alone and offline, by someone who trusts nobody (sealing.md §3). No database."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from storage.crypto.canonical import from_base64, parse_object
from storage.crypto.certificates import Certificate
from storage.crypto.errors import Malformed
from storage.crypto.stamp_chain import check_stamp
from storage.crypto.statements import check_statement
from storage.kernel.clock import from_wire
from storage.ledger.verification import verify_sealed_document

KINDS = ("receipt", "withdrawal")
# A receipt has no more than these; ``warnings`` come with the answer to a submission and are no part of it.
_MEMBERS = {"number", "kind", "body", "signature", "proof"}


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proved: its body, who signed it, when each manifest was stamped, whether the ledger holds it."""

    body: Mapping[str, Any]
    signer: Certificate
    stamped_at: Mapping[str, datetime]
    is_in_ledger: bool


def verify_receipt(document: Mapping[str, Any], *, roots: Collection[str] | None,
                   ledger_key: str | None) -> VerifiedReceipt:
    """Checks the platform's signature and chain, what each time stamp is over, and the ledger proof where there is one.

    ``document``: ``{number, kind, body, signature, proof}`` as the platform gave it; ``roots``: fingerprints of
    trusted roots, None to leave that to the reader; ``ledger_key``: the pinned verifier key, needed for a proof.
    Raises ``Malformed``, ``SignatureRefused``, ``CertificateRefused``, ``TimestampRefused``, ``LedgerBroken``.
    """
    text = str(document["body"]).encode()
    body = parse_object(text)
    kind = str(body.get("kind"))
    told = {name: document.get(name) for name in ("kind", "number")}
    if kind not in KINDS or told != {"kind": kind, "number": body.get("number")}:
        raise Malformed("不是回执，或种类、编号与内容不符", field="number")
    if not set(document) <= _MEMBERS:
        raise Malformed("回执带有不认识的内容", unknown=sorted(set(document) - _MEMBERS))
    signer = check_statement(kind, text, document["signature"], at=from_wire(str(body["decided_at"])), roots=roots)
    proof = document.get("proof")
    if proof is not None and ledger_key is not None:
        _check_proof(proof, kind, text, body, ledger_key)
    return VerifiedReceipt(body, signer, _stamps(body, roots), proof is not None and ledger_key is not None)


def _stamps(body: Mapping[str, Any], roots: Collection[str] | None) -> dict[str, datetime]:
    stamps = {}
    for envelope in body.get("envelopes", []):
        token = from_base64(envelope["timestamp_token"], "timestamp_token")
        stamps[str(envelope["kind"])] = check_stamp(token, bytes.fromhex(envelope["manifest_sha256"]), roots).at
    return stamps


def _check_proof(proof: Mapping[str, Any], kind: str, text: bytes, body: Mapping[str, Any], key: str) -> None:
    head = verify_sealed_document(proof, key)  # type: ignore[arg-type]
    payload = proof["act"].get("payload") or {}
    if not isinstance(proof["act"].get("salt"), str):
        # Without its salt the payload would be the document's own word.
        raise Malformed("账本证明缺少盐值", field="salt")
    action = {"receipt": "bid.submitted", "withdrawal": "bid.withdrawn"}[kind]
    expected = (action, f"bid:{body['bid']}", body["decided_at"], sha256(text).hexdigest())
    if (head.action, head.subject, head.at, payload.get("receipt_sha256")) != expected:
        raise Malformed("账本中的记录不是这份回执的", field="proof")
