"""Signed PDFs (PAdES, through pyHanko): by the platform at once, by a client-held key in two steps.

With a time-stamp authority the level is B-T; with a trust list besides B-LT: chain and CRLs stand in the document.
``pdf_lasting`` makes B-LTA of it.
A person's private key never comes here: the client signs ``to_sign`` and sends the signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1
from asn1crypto.algos import SignedDigestAlgorithm
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_signer import PdfTBSDocument
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation.dss import DocumentSecurityStore, collect_validation_info
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from storage.crypto.canonical import canonical_bytes as canonical
from storage.crypto.canonical import from_base64, parse_object, to_base64
from storage.crypto.certificates import EC_P256, RSA, Certificate, verify_signature
from storage.crypto.certified_key import CertifiedKey
from storage.crypto.errors import CertificateRefused, Malformed
from storage.crypto.sm2 import SM2, SM2_WITH_SM3
from storage.crypto.trust import TrustList
from storage.crypto.tsa import TimestampAuthority

# Hexadecimal digits reserved for the signature, its chain and a time stamp of any authority.
_RESERVED = 32 * 1024
_MECHANISM = {EC_P256: "sha256_ecdsa", RSA: "sha256_rsa", SM2: SM2_WITH_SM3}


@dataclass(frozen=True, slots=True)
class Stamp:
    """A visible mark: the first page of ``pdf`` at ``box`` (left, bottom, right, top in points) of ``page``
    (from 0; -1 is the last)."""

    pdf: bytes = field(repr=False)
    box: tuple[int, int, int, int]
    page: int = -1


@dataclass(frozen=True, slots=True)
class PreparedPdf:
    """A document waiting for one signature: keep ``pdf`` and ``state``, let the client sign ``to_sign``.

    ``to_sign``: the signed attributes in DER; ECDSA-SHA256 (DER) or RSA PKCS#1 v1.5 SHA-256 over these bytes.
    ``state``: canonical JSON. A document has room for one waiting signature: who comes second prepares anew.
    """

    pdf: bytes = field(repr=False)
    state: bytes = field(repr=False)
    to_sign: bytes


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is put into the document for later checks: by ``trust`` at business time ``at`` (gives B-LT)."""

    trust: TrustList = field(repr=False)
    at: datetime


async def prepare_pdf(pdf: bytes, certificate: Certificate, *, field_name: str, reason: str = "",
                      chain: Sequence[Certificate] = (), stamp: Stamp | None = None) -> PreparedPdf:
    """Lays out a signature of ``certificate`` in a new field; ``chain``: further certificates to carry along.

    Raises ``Malformed`` when ``pdf`` is no PDF, is encrypted, or has that field already.
    """
    signer = _signer(certificate, chain)
    meta = signers.PdfSignatureMetadata(
        field_name=field_name, md_algorithm=_digest_of(certificate), subfilter=fields.SigSeedSubFilter.PADES,
        reason=reason or None, name=certificate.organisation)
    place = fields.SigFieldSpec(field_name, on_page=stamp.page if stamp else 0, box=stamp.box if stamp else None)
    style = StaticStampStyle(background=_StampPage(stamp.pdf), border_width=0) if stamp else None
    pdf_signer: Any = signers.PdfSigner(meta, signer, stamp_style=style, new_field_spec=place)
    try:
        writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
        digest, _, output = await pdf_signer.async_digest_doc_for_signing(writer, bytes_reserved=_RESERVED)
    except (PdfError, ValueError, TypeError, KeyError, SigningError) as error:
        raise Malformed("PDF 不能签名：文件损坏、加密或签名域已存在", field="pdf") from error
    attributes = await signer.signed_attrs(digest.document_digest, _digest_of(certificate), use_pades=True)
    state = canonical({
        "digest": to_base64(digest.document_digest), "start": digest.reserved_region_start,
        "end": digest.reserved_region_end, "attributes": to_base64(attributes.dump()),
        "certificate": certificate.fingerprint, "field": field_name})
    return PreparedPdf(output.getvalue(), state, attributes.dump())


async def finish_pdf(prepared: PreparedPdf, certificate: Certificate, signature: bytes, *,
                     chain: Sequence[Certificate] = (), authority: TimestampAuthority | None = None,
                     evidence: Evidence | None = None) -> bytes:
    """The signed document: B-T with ``authority``, B-LT with ``evidence`` besides.

    Raises ``SignatureRefused`` when the signature is not over ``to_sign``, ``Malformed`` for a state of another
    certificate, ``Unavailable`` without the time stamp, ``CertificateRefused`` when the evidence cannot be gathered.
    """
    state = parse_object(prepared.state)
    start, end = state.get("start"), state.get("end")
    if state.get("certificate") != certificate.fingerprint or type(start) is not int or type(end) is not int:
        raise Malformed("待签文件不是为这张证书准备的", field="state")
    attributes = from_base64(state.get("attributes"), "attributes")
    verify_signature(certificate, attributes, signature)
    signed: Any = await _signer(certificate, chain, signature).async_sign_prescribed_attributes(
        _digest_of(certificate), cms.CMSAttributes.load(attributes),
        timestamper=Stamper(authority) if authority else None)
    output = BytesIO(prepared.pdf)
    digest = PreparedByteRangeDigest(from_base64(state.get("digest"), "digest"), start, end)
    finishing: Any = PdfTBSDocument
    await finishing.async_finish_signing(output, digest, signed)
    if evidence is None:
        return output.getvalue()
    complete = await add_evidence(output.getvalue(), evidence, field_name=str(state.get("field")))
    if complete is None:
        raise CertificateRefused("无法取得签名证书的有效性证据", reason="untrusted")
    return complete


async def sign_pdf(pdf: bytes, key: CertifiedKey, *, field_name: str, reason: str = "", stamp: Stamp | None = None,
                   authority: TimestampAuthority | None = None, evidence: Evidence | None = None) -> bytes:
    """Signs with a key of the platform; errors as ``prepare_pdf`` and ``finish_pdf``."""
    prepared = await prepare_pdf(
        pdf, key.certificate, field_name=field_name, reason=reason, chain=key.chain, stamp=stamp)
    return await finish_pdf(prepared, key.certificate, key.sign(prepared.to_sign), chain=key.chain,
                            authority=authority, evidence=evidence)


async def add_evidence(pdf: bytes, evidence: Evidence, *, field_name: str | None = None) -> bytes | None:
    """The document with chain, CRLs and OCSP answers for one of its signatures, or for all that are no time stamps.

    One revision holds them all; a signature that the list does not prove gets nothing. None where it proves none.
    """
    output = BytesIO(pdf)
    reader = PdfFileReader(output, strict=False)
    found = reader.embedded_regular_signatures if field_name is None else [
        each for each in reader.embedded_signatures if each.field_name == field_name]
    writer: Any = IncrementalPdfFileWriter.from_reader(reader)
    # A list, not a generator within ``any``: each is to be proven.
    if not any([await _supply(writer, each, evidence) for each in found]):
        return None
    writer.write_in_place()
    return output.getvalue()


async def _supply(writer: IncrementalPdfFileWriter, signature: Any, evidence: Evidence) -> bool:
    collecting: Any = collect_validation_info
    context = evidence.trust.context(evidence.at)
    try:
        paths = await collecting(signature, context)
    except Exception:  # whatever is wrong with the chain, there is no evidence
        return False
    DocumentSecurityStore.supply_dss_in_writer(
        writer, signature.pkcs7_content.hex().encode("ascii"), paths=paths, validation_context=context)
    return True


def _signer(certificate: Certificate, chain: Sequence[Certificate], signature: bytes | None = None) -> Any:
    store: Any = SimpleCertificateStore
    registry = store()
    registry.register_multiple([asn1.Certificate.load(item.der) for item in chain])
    return _making(
        asn1.Certificate.load(certificate.der), registry, signature_value=signature or 512,
        signature_mechanism=SignedDigestAlgorithm({"algorithm": _MECHANISM[certificate.key_kind]}))


def _digest_of(certificate: Certificate) -> str:
    return "sm3" if certificate.key_kind == SM2 else "sha256"


class _Signer(signers.ExternalSigner):
    """Time stamps are over SHA-256 whatever the signer's digest: authorities know no SM3."""

    async def unsigned_attrs(self, digest_algorithm: str, *what: Any, **how: Any) -> Any:
        """See pyHanko."""
        giving: Any = super().unsigned_attrs
        return await giving("sha256", *what, **how)


_making: Any = _Signer


class Stamper(TimeStamper):
    """pyHanko's view of one of our time-stamping authorities."""

    def __init__(self, authority: TimestampAuthority) -> None:
        starting: Any = super().__init__
        starting()
        self._authority = authority

    async def async_request_tsa_response(self, req: Any) -> Any:
        """See pyHanko."""
        return tsp.TimeStampResp.load(await self._authority.respond(req.dump()))


class _StampPage(PdfContent):
    """The first page of a PDF in memory as a stamp's background."""

    def __init__(self, pdf: bytes) -> None:
        super().__init__()
        self._pdf = pdf

    def render(self) -> bytes:
        """See pyHanko."""
        writer: Any = self._ensure_writer
        page = writer.import_page_as_xobject(PdfFileReader(BytesIO(self._pdf)))
        self.resources.xobject["/Stamp"] = page
        left, bottom, right, top = page.get_object()["/BBox"]
        self.box = BoxConstraints(width=abs(right - left), height=abs(top - bottom))
        return b"/Stamp Do"
