"""The platform's seal over an exported document: to its last value it is as it was given out.

What the document proves, it proves by its own evidence; the seal adds that nothing of it was changed on the way, also
not what no evidence covers. ``seal`` is ``{text, signature}`` beside the document's own members; ``text`` (JCS) names
the kind of document and the SHA-256 of its canonical form without the seal.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from storage.crypto.canonical import canonical_bytes as canonical
from storage.crypto.canonical import canonical_sha256, parse_object
from storage.crypto.certificates import Certificate
from storage.crypto.certified_key import CertifiedKey
from storage.crypto.errors import Malformed, ObjectAltered
from storage.crypto.statements import check_statement, sign_statement
from storage.kernel.clock import from_wire, to_wire

KIND = "export-seal"


def seal_export(document: Mapping[str, Any], key: CertifiedKey, at: datetime) -> dict[str, Any]:
    """The document with its seal, made ``at``; it must hold what canonical JSON can hold, and a ``kind``."""
    text = canonical({"v": 1, "kind": KIND, "of": document["kind"], "at": to_wire(at),
                      "sha256": canonical_sha256(document)})
    return {**document, "seal": {"text": text.decode(), "signature": sign_statement(KIND, text, key)}}


def check_export_seal(document: Mapping[str, Any], roots: Collection[str] | None) -> Certificate:
    """Who sealed it; ``roots`` as in ``check_statement``.

    Raises ``ObjectAltered`` when a value differs from what was sealed, and what ``check_statement`` raises.
    """
    seal = document.get("seal")
    if not isinstance(seal, Mapping) or set(seal) != {"text", "signature"}:
        raise Malformed("导出文件没有平台封签", field="seal")
    text = str(seal["text"]).encode()
    told = parse_object(text)
    signer = check_statement(KIND, text, seal["signature"], at=from_wire(str(told.get("at"))), roots=roots)
    rest = {name: value for name, value in document.items() if name != "seal"}
    if (told.get("v"), told.get("of"), told.get("sha256")) != (1, document.get("kind"), canonical_sha256(rest)):
        raise ObjectAltered("导出文件与平台封签不符：有内容在给出之后被改动", field="seal")
    return signer
