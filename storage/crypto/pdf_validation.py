"""Reading the signatures of a PDF: who, when, over what; and whether the document does more than show itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.status import SignatureCoverageLevel

from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.errors import Malformed
from storage.crypto.trust import TrustList

# Entries by which a document runs, fetches, or hides something (fault 42).
_ACTIVE = {"/JavaScript": "script", "/JS": "script", "/Launch": "launch", "/EmbeddedFiles": "attachment",
           "/EF": "attachment", "/RichMedia": "media", "/XFA": "form", "/SubmitForm": "submission",
           "/ImportData": "submission", "/GoToR": "link", "/GoToE": "attachment"}
_MOST_OBJECTS = 200_000


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """One signature. ``signed_at``: time of a trusted time stamp, else None; ``claimed_at``: what the signer's
    clock said; ``is_intact``: the signed bytes are unchanged; ``is_trusted``: the chain holds at that time;
    ``is_modified``: what was added later goes beyond further signatures; ``authority``: of the time stamp."""

    field: str
    certificate: Certificate
    signed_at: datetime | None
    claimed_at: datetime | None
    authority: str
    is_intact: bool
    is_trusted: bool
    is_modified: bool

    @property
    def holds(self) -> bool:
        """The one answer: unchanged, trusted, and nothing slipped in afterwards."""
        return self.is_intact and self.is_trusted and not self.is_modified


async def validate_pdf(pdf: bytes, trust: TrustList, at: datetime) -> list[PdfSignature]:
    """The signatures in order of signing, judged at their time stamps, or at ``at`` where there is none.

    Evidence the document carries (DSS) is used besides the trust list's. Raises ``Malformed`` for no PDF and for
    a signature that cannot be read.
    """
    reader = _reader(pdf)
    try:
        return [await _judge(reader, signature, trust, at) for signature in reader.embedded_signatures
                if signature.sig_object_type != "/DocTimeStamp"]
    except (PdfError, SignatureValidationError, ValueError, KeyError, TypeError) as error:
        raise Malformed("PDF 签名无法读取", field="pdf") from error


def active_content(pdf: bytes) -> frozenset[str]:
    """What a document does beyond showing itself: script, launch, attachment, media, form, submission, link.

    Empty for a plain document. Raises ``Malformed`` for no PDF, an encrypted one, or too many objects.
    """
    reader = _reader(pdf)
    found: set[str] = set()
    try:
        for value in _objects(reader.trailer_view):
            if isinstance(value, generic.DictionaryObject):
                action = {str(value.raw_get("/S"))} if "/S" in value else set()
                found |= {_ACTIVE[key] for key in (set(value) | action) & set(_ACTIVE)}
    except (PdfError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed("PDF 无法读取", field="pdf") from error
    return frozenset(found)


async def _judge(reader: Any, signature: Any, trust: TrustList, at: datetime) -> PdfSignature:
    evidence = _evidence(reader)
    stamped = _stamped_at(signature)
    status = await _status(signature, trust.context(stamped or at, **evidence))
    stamp = status.timestamp_validity
    proven = bool(stamp and stamp.valid and stamp.intact and stamp.trusted)
    if stamped and not proven:
        status = await _status(signature, trust.context(at, **evidence))
    whole = status.coverage in (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)
    claimed = signature.self_reported_timestamp
    return PdfSignature(
        field=str(signature.field_name), certificate=parse_certificate(signature.signer_cert.dump()),
        signed_at=stamped if proven else None, claimed_at=claimed,
        authority=str(stamp.signing_cert.subject.native.get("common_name", "")) if proven else "",
        is_intact=bool(status.intact and status.valid), is_trusted=bool(status.trusted),
        is_modified=not (whole and status.docmdp_ok))


async def _status(signature: Any, context: Any) -> Any:
    judge: Any = async_validate_pdf_signature
    return await judge(signature, signer_validation_context=context, ts_validation_context=context)


def _stamped_at(signature: Any) -> datetime | None:
    for token in extract_tst_data_iter(signature.signer_info, signed=False):
        found: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
        return found
    return None


def _evidence(reader: Any) -> dict[str, Any]:
    if "/DSS" not in reader.root:
        return {}
    store: Any = DocumentSecurityStore.read_dss(reader)
    bare = store.as_validation_context({"trust_roots": [], "allow_fetching": False})
    return {"certificates": list(store.load_certs()), "crls": list(bare.crls)}


def _reader(pdf: bytes) -> Any:
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=False)
        if reader.encrypted:
            raise Malformed("PDF 已加密，无法读取", field="pdf")
        return reader
    except (PdfError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise Malformed("不是可读取的 PDF", field="pdf") from error


def _objects(start: Any) -> Iterator[Any]:
    waiting, seen = [start], set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, generic.IndirectObject):
            if value.reference in seen:
                continue
            seen.add(value.reference)
            referred: Any = value
            value = referred.get_object()
        if len(seen) > _MOST_OBJECTS:
            raise ValueError("too many objects")
        yield value
        if isinstance(value, generic.DictionaryObject):
            waiting.extend(value.raw_get(key) for key in value)
        elif isinstance(value, generic.ArrayObject):
            waiting.extend(value.raw_get(index) for index in range(len(value)))
