"""Reading the signatures of a PDF: who, when, over what, how long it can be proven, and what was added afterwards.

Levels are those of PAdES: B-B a signature, B-T with a trusted time, B-LT with the proof of validity inside, B-LTA
with a document time stamp over signature and proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import SignatureCoverageLevel

from storage.crypto.certificates import Certificate, parse_certificate
from storage.crypto.errors import CertificateRefused, Malformed
from storage.crypto.pdf_container import is_plain
from storage.crypto.pdf_reading import open_pdf
from storage.crypto.trust import TrustList
from storage.kernel.errors import Unavailable

B_B, B_T, B_LT, B_LTA = "B-B", "B-T", "B-LT", "B-LTA"
_WHOLE = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)
# Whether a certificate may sign, ``_reason`` judges, as of every signature (``Certificate.can_sign``).
_USAGE = KeyUsageConstraints(key_usage=set())
_ADDED = {ModificationLevel.NONE: "nothing", ModificationLevel.LTA_UPDATES: "evidence",
          ModificationLevel.FORM_FILLING: "signatures", ModificationLevel.ANNOTATIONS: "annotations"}


@dataclass(frozen=True, slots=True)
class PdfSignature:
    """One signature. ``signed_at``: time of a trusted time stamp, else None; ``claimed_at``: what the signer's
    clock said; ``is_intact``: the signed bytes are unchanged; ``is_trusted``: the certificate was valid at that time,
    else ``reason`` says why not, as ``TrustList.validate`` does;
    ``is_modified``: what was added later goes beyond further signatures; ``authority``: of the time stamp; ``added``
    later: nothing, evidence, signatures, annotations, content; ``level``: one of PAdES, B-B to B-LTA."""

    field: str
    certificate: Certificate
    signed_at: datetime | None
    claimed_at: datetime | None
    authority: str
    is_intact: bool
    is_trusted: bool
    reason: str
    is_modified: bool
    added: str
    level: str

    @property
    def holds(self) -> bool:
        """The one answer: unchanged, trusted, and nothing slipped in afterwards."""
        return self.is_intact and self.is_trusted and not self.is_modified


@dataclass(frozen=True, slots=True)
class DocumentStamp:
    """A time stamp over the document as it was then. ``ends_at``: its certificate's end, before which the document
    wants another; ``is_trusted``: the authority's chain held when it stamped."""

    at: datetime
    authority: str
    ends_at: datetime
    is_intact: bool
    is_trusted: bool
    is_modified: bool
    revision: int


@dataclass(frozen=True, slots=True)
class SignedPaper:
    """All signatures of a PDF in order of signing, all document time stamps, and whether the last of them covers
    the file to its end."""

    signatures: tuple[PdfSignature, ...]
    stamps: tuple[DocumentStamp, ...]
    is_whole: bool


async def validate_pdf(pdf: bytes, trust: TrustList, at: datetime) -> list[PdfSignature]:
    """The signatures alone, see ``validate_paper``."""
    return list((await validate_paper(pdf, trust, at)).signatures)


async def validate_paper(pdf: bytes, trust: TrustList, at: datetime) -> SignedPaper:
    """What a PDF's signatures and document time stamps are worth at ``at``; each signature is judged at its time
    stamp, or at ``at`` where there is none.

    Evidence the document carries (DSS) is used besides the trust list's. Raises ``Malformed`` for no PDF and for
    a signature that cannot be read, ``Unavailable`` for SM2 on a machine that does not know it.
    """
    reader = open_pdf(pdf)
    try:
        stamps = [await _judge_stamp(pdf, reader, each, trust) for each in reader.embedded_timestamp_signatures]
        signatures = [await _judge(pdf, reader, each, trust, at, stamps) for each in reader.embedded_regular_signatures]
        covered = max((sum([*map(int, each.byte_range)][2:]) for each in reader.embedded_signatures), default=0)
    except Unavailable:
        raise
    except Exception as error:  # whatever makes it unreadable: it proves nothing
        raise Malformed("PDF 签名无法读取", field="pdf") from error
    return SignedPaper(tuple(signatures), tuple(stamps), covered == len(pdf))


async def _judge(pdf: bytes, reader: Any, signature: Any, trust: TrustList, at: datetime,
                 stamps: Sequence[DocumentStamp]) -> PdfSignature:
    evidence = _evidence(reader)
    stamped = _stamped_at(signature)
    status = await _status(signature, trust.context(stamped or at, **evidence))
    stamp = status.timestamp_validity
    proven = bool(stamp and stamp.valid and stamp.intact and stamp.trusted)
    if stamped and not proven:
        status = await _status(signature, trust.context(at, **evidence))
    reason = await _reason(signature, trust.joined(_words(evidence, signature)), stamped if proven and stamped else at)
    whole = status.coverage in _WHOLE
    is_intact = bool(status.intact and status.valid) and is_plain(pdf, signature)
    is_trusted = bool(status.trusted) and not reason
    level = await _level(reader, signature, trust, at, stamps) if is_intact and is_trusted and proven else B_B
    return PdfSignature(
        field=str(signature.field_name), certificate=parse_certificate(signature.signer_cert.dump()),
        signed_at=stamped if proven else None, claimed_at=signature.self_reported_timestamp,
        authority=_name(stamp.signing_cert) if proven else "", is_intact=is_intact, is_trusted=is_trusted,
        reason="" if is_trusted else reason or "untrusted", is_modified=not (whole and status.docmdp_ok),
        added=_ADDED.get(status.modification_level, "content"), level=level)


async def _reason(signature: Any, trust: TrustList, at: datetime) -> str:
    """Why the signer's certificate was not valid, by what judges every certificate (R-701); "" where it was."""
    try:
        await trust.validate(parse_certificate(signature.signer_cert.dump()), at)
    except CertificateRefused as refused:
        return str(refused.facts["reason"])
    return ""


def _words(evidence: dict[str, Any], signature: Any) -> TrustList:
    """What the document and the signature carry, as a list that trusts nobody."""
    carried = (*evidence.get("certificates", ()), *signature.other_embedded_certs)
    return TrustList((), carried, tuple(evidence.get("crls", ())), tuple(evidence.get("ocsps", ())))


async def _level(reader: Any, signature: Any, trust: TrustList, at: datetime, stamps: Sequence[DocumentStamp]) -> str:
    """B-T at least: trusted and stamped. Of what lies in the file, only what a trusted stamp covers counts for B-LTA;
    a stamp whose certificate has ended proves nothing any more."""
    bare = TrustList(trust.roots, trust.intermediates, admissions=trust.admissions)
    for each in stamps:
        if each.is_intact and each.is_trusted and each.at <= at <= each.ends_at and await _is_proven(
                signature, bare, _evidence(reader.get_historical_resolver(each.revision))):
            return B_LTA
    return B_LT if await _is_proven(signature, bare, _evidence(reader)) else B_T


async def _is_proven(signature: Any, bare: TrustList, evidence: dict[str, Any]) -> bool:
    """True where roots and the evidence alone prove signer and time stamp."""
    status = await _status(signature, bare.context(_stamped_at(signature), **evidence))  # type: ignore[arg-type]
    stamp = status.timestamp_validity
    return bool(status.trusted and stamp and stamp.trusted)


async def _judge_stamp(pdf: bytes, reader: Any, stamp: Any, trust: TrustList) -> DocumentStamp:
    at = stamp.signed_data["encap_content_info"]["content"].parsed["gen_time"].native
    judge: Any = async_validate_pdf_timestamp
    status = await judge(stamp, trust.context(at, **_evidence(reader)))
    certificate = stamp.signer_cert
    return DocumentStamp(
        at=at, authority=_name(certificate), ends_at=certificate.not_valid_after,
        is_intact=bool(status.intact and status.valid) and is_plain(pdf, stamp), is_trusted=bool(status.trusted),
        is_modified=status.coverage not in _WHOLE or status.docmdp_ok is False, revision=stamp.signed_revision)


async def _status(signature: Any, context: Any) -> Any:
    judge: Any = async_validate_pdf_signature
    return await judge(signature, signer_validation_context=context, ts_validation_context=context,
                       key_usage_settings=_USAGE)


def _stamped_at(signature: Any) -> datetime | None:
    for token in extract_tst_data_iter(signature.signer_info, signed=False):
        found: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
        return found
    return None


def _evidence(revision: Any) -> dict[str, Any]:
    """Certificates, CRLs and OCSP answers that lie in the file, or in an earlier revision of it."""
    if "/DSS" not in revision.root:
        return {}
    store: Any = DocumentSecurityStore.read_dss(revision)
    bare = store.as_validation_context({"trust_roots": [], "allow_fetching": False})
    return {"certificates": list(store.load_certs()), "crls": list(bare.crls), "ocsps": list(bare.ocsps)}


def _name(certificate: Any) -> str:
    return str(certificate.subject.native.get("common_name", ""))
