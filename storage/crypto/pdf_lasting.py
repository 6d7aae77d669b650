"""Signatures that outlast their certificates (PAdES B-LTA): proof of validity into the document, a time stamp over it.

What was known of every certificate when it signed (chain, CRLs, OCSP answers) is written behind the signatures, and a
document time stamp seals signatures and evidence together. Where a CA gives nothing of use, its signature stays at
B-T, and the validation says so; the others are not kept waiting for it.
"""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import PdfTimeStamper, TimestampDSSContentSettings
from pyhanko_certvalidator.errors import PathError, ValidationError

from storage.crypto.errors import Malformed, TimestampRefused
from storage.crypto.pdf_reading import open_pdf
from storage.crypto.pdf_signing import Evidence, Stamper, add_evidence, sign_pdf
from storage.crypto.pdf_validation import validate_paper
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.trust import TrustList, trust_of
from storage.crypto.tsa import TimestampAuthority

# No entries by signature (VRI): they would have to follow the time stamp that is to seal them.
_BEFORE = TimestampDSSContentSettings(include_vri=False, update_before_ts=True)


@dataclass(frozen=True, slots=True)
class LastStamp:
    """The last document time stamp of a file as it says itself, unchecked: its authority, and its certificate's end."""

    authority: str
    ends_at: datetime


def last_stamp_of(pdf: bytes) -> LastStamp | None:
    """None for a file without document time stamp; raises ``Malformed`` for no PDF."""
    try:
        found = open_pdf(pdf).embedded_timestamp_signatures
        if not found:
            return None
        certificate = found[-1].signer_cert
        return LastStamp(str(certificate.subject.native.get("common_name", "")), certificate.not_valid_after)
    except (PdfError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed("PDF 签名无法读取", field="pdf") from error


def own_trust(keys: PlatformKeys, now: datetime) -> TrustList:
    """What speaks for the platform's own certificates now: its roots, and its embedded authority's words."""
    answers = (keys.vouched(each.certificate, now) for each in (keys.document, keys.timestamp))
    bare = trust_of([root.der for root in keys.roots], keys.crls)
    return bare.with_answers([answer for found in answers for answer in found])


async def make_lasting(pdf: bytes, evidence: Evidence, authority: TimestampAuthority) -> bytes:
    """The signed document with evidence for its signatures and a document time stamp over everything.

    Raises ``Malformed`` for no PDF, ``Unavailable`` when the authority does not answer.
    """
    try:
        proven = await add_evidence(pdf, evidence)
    except (PdfError, ValueError, KeyError, TypeError) as error:
        raise Malformed("PDF 签名无法读取", field="pdf") from error
    return await _stamped(proven or pdf, evidence, authority)


async def restamp(pdf: bytes, evidence: Evidence, authority: TimestampAuthority) -> bytes:
    """The document with a further document time stamp over everything, and proof that the last one was good.

    To be done before the last one's certificate ends; from then on that one is proven by this. What is there stays as
    it is, byte for byte. Raises ``Malformed`` for no PDF, ``TimestampRefused`` where it bears no document time stamp or
    ``evidence`` does not prove the last one any more, ``Unavailable`` when the authority does not answer.
    """
    stamps = (await validate_paper(pdf, evidence.trust, evidence.at)).stamps
    if not stamps:
        raise TimestampRefused("文件没有文件时间戳")
    last = stamps[-1]
    name = str(open_pdf(pdf).embedded_timestamp_signatures[-1].field_name)
    proven = await add_evidence(pdf, evidence, field_name=name) if last.is_intact and not last.is_modified else None
    if proven is None:
        raise TimestampRefused("最后一个文件时间戳已不能证明，不能在其上加盖", authority=last.authority)
    return await _stamped(proven, evidence, authority)


async def _stamped(pdf: bytes, evidence: Evidence, authority: TimestampAuthority) -> bytes:
    """Proof of the authority goes before its stamp, so that the stamp is the last in the file."""
    output = BytesIO(pdf)
    stamping: Any = PdfTimeStamper(Stamper(authority))
    context = evidence.trust.context(evidence.at)
    try:
        await stamping.async_timestamp_pdf(
            IncrementalPdfFileWriter(output, strict=False), "sha256", validation_context=context, in_place=True,
            dss_settings=_BEFORE)
    except (PathError, SigningError, ValidationError):  # nothing here proves its authority: stamped all the same
        output = BytesIO(pdf)
        await stamping.async_timestamp_pdf(IncrementalPdfFileWriter(output, strict=False), "sha256", in_place=True)
    return output.getvalue()


async def seal_paper(pdf: bytes, keys: PlatformKeys, authority: TimestampAuthority, *, field_name: str, reason: str,
                     now: datetime, others: TrustList | None = None) -> bytes:
    """The platform's own signature over a paper, made to last; ``others``: what speaks for those who signed before.

    ``now``: process time will do. Errors as ``sign_pdf`` and ``make_lasting``.
    """
    signed = await sign_pdf(pdf, keys.document, field_name=field_name, reason=reason, authority=authority)
    own = own_trust(keys, now)
    return await make_lasting(signed, Evidence(own.joined(others) if others else own, now), authority)
