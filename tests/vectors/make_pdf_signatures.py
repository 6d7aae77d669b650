"""Writes pdf-signatures.json: signed PDFs, honest and wrong in each way, with what a verifier finds in each.

Run from the project's root: ``python -m tests.vectors.make_pdf_signatures``. Each run gives other keys. The findings
are what the Python verifier says; ``test_pdf_signature_vectors`` and the web client's tests hold both to them.
"""

import asyncio
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pypdf import PdfWriter

from storage.crypto.authority import distinguished_name, new_key
from storage.crypto.canonical import to_base64
from storage.crypto.certificates import describe, parse_certificate
from storage.crypto.certified_key import CertifiedKey
from storage.crypto.demo_pki import Identity
from storage.crypto.pdf_lasting import seal_paper
from storage.crypto.pdf_signing import finish_pdf, prepare_pdf
from storage.crypto.pdf_validation import PdfSignature, validate_paper
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys
from storage.crypto.revocation import CRL, parse_word
from storage.crypto.trust import TrustList, trust_of
from storage.crypto.tsa import EmbeddedAuthority
from storage.kernel.clock import to_wire
from storage.kernel.errors import DomainError
from tests.pki.program import crl
from tests.vectors.make_grounds import HOUR, KINDS, NOW, SIGNS, Line, flipped

FILE = Path(__file__).parent / "pdf-signatures.json"
# When everything is judged: words of NOW are past their end, certificates are not.
LATER = NOW + timedelta(days=30)


@dataclass
class Book:
    """Cases as they are written, all judged by the same ``roots`` (PEM)."""

    roots: list[str]
    cases: list[dict[str, Any]] = field(default_factory=list)

    async def add(self, name: str, pdf: bytes, at: datetime = LATER) -> None:
        """One case, with what the Python verifier finds in it."""
        found = await finding(pdf, self.roots, at)
        self.cases.append({"name": name, "at": to_wire(at), "pdf": to_base64(zlib.compress(pdf, 9)), "finding": found})


async def finding(pdf: bytes, roots: Sequence[str], at: datetime) -> dict[str, Any] | str:
    """Of each signature signer, whether intact, the instant that a time stamp proves, why the certificate was not
    valid ("" where it was); whether each document stamp holds; whether nothing follows. A word for what is no PDF."""
    try:
        found = await validate_paper(pdf, trust_of([parse_certificate(each).der for each in roots]), at)
    except DomainError as error:
        return error.code
    return {"signatures": [_told(each) for each in found.signatures],
            "stamps": [each.is_intact and each.is_trusted for each in found.stamps], "whole": found.is_whole}


def _told(found: PdfSignature) -> dict[str, Any]:
    signer = found.certificate.organisation or found.certificate.common_name
    if not found.is_intact:
        return {"signer": signer, "intact": False}
    return {"signer": signer, "intact": True, "certificate": found.reason,
            "signed_at": f"{found.signed_at:%Y-%m-%dT%H:%M:%SZ}" if found.signed_at else None}


@dataclass
class Desk:
    """Where papers are signed: a blank page, the platform's keys, its authority with the clock of NOW."""

    page: bytes
    keys: PlatformKeys

    @property
    def stamping(self) -> EmbeddedAuthority:
        """The platform's own authority."""
        return EmbeddedAuthority(self.keys.timestamp, lambda: NOW)

    @property
    def own_words(self) -> tuple[bytes, ...]:
        """OCSP answers about the platform's two certificates at NOW."""
        return tuple(each for held in (self.keys.document, self.keys.timestamp)
                     for each in self.keys.vouched(held.certificate, NOW))

    async def signed(self, signer: Identity, stamping: EmbeddedAuthority | None, pdf: bytes | None = None,
                     name: str = "signer") -> bytes:
        """The page signed; whatever the certificate says of its use."""
        allowed = replace(signer.certificate, usages=signer.certificate.usages | {"digital_signature"})
        prepared = await prepare_pdf(pdf or self.page, allowed, field_name=name)
        return await finish_pdf(prepared, allowed, signer.sign(prepared.to_sign), authority=stamping)

    async def kept(self, signer: Identity, line: Line, crls: Sequence[bytes], answers: Sequence[bytes] = (), *,
                   stamping: EmbeddedAuthority | None = None, about: Sequence[bytes] | None = None) -> bytes:
        """Signed, stamped, and with these words of the CA and those about the authority (``about``) in the file."""
        signed = await self.signed(signer, stamping or self.stamping)
        told = self.own_words if about is None else about
        return with_words(signed, (line.issuing, line.root), (*crls, *self.keys.crls), (*answers, *told))


def with_words(pdf: bytes, certificates: Sequence[bytes], crls: Sequence[bytes], answers: Sequence[bytes]) -> bytes:
    """The document with these in its DSS, whatever they are worth."""
    output = BytesIO(pdf)
    writer: Any = IncrementalPdfFileWriter(output, strict=False)
    supplying: Any = DocumentSecurityStore.supply_dss_in_writer
    supplying(writer, None, certs=[asn1.Certificate.load(each) for each in certificates],
              crls=[asn1_crl.CertificateList.load(each) for each in crls],
              ocsps=[asn1_ocsp.OCSPResponse.load(each) for each in answers])
    writer.write_in_place()
    return output.getvalue()


async def usual(book: Book, desk: Desk, line: Line) -> None:
    """What every kind of key goes through."""
    kind, half = line.kind, "sign" if line.kind == "sm2" else "both"
    issue = lambda name, **how: line.ca.issue(name, **({"begins": NOW - 10 * HOUR, "usage": half} | how))  # noqa: E731
    signer, crls = issue("单位"), line.crls()
    # pyHanko hears answers about those alone who name where to ask.
    asked = issue("单位", ocsp_address="http://ca.invalid/ocsp")
    answer = line.answer(int(asked.certificate.serial, 16))
    await book.add(f"{kind}: by CRLs", await desk.kept(signer, line, crls))
    await book.add(f"{kind}: by an answer of the delegate", await desk.kept(asked, line, crls[1:], (answer,)))
    await book.add(f"{kind}: sealed by the platform", await _sealed(desk, line, signer))
    await book.add(f"{kind}: nothing of the CA in the file", await desk.signed(signer, desk.stamping))
    await book.add(f"{kind}: no time stamp", with_words(await desk.signed(signer, None), (line.issuing, line.root),
                                                        line.crls(LATER), ()))
    for name, how in (("expired when signed", {"begins": NOW - 48 * HOUR, "days": 1}),
                      ("not yet valid", {"begins": NOW + HOUR}),
                      ("another use", {"usage": "wrap"})):
        await book.add(f"{kind}: {name}", await desk.kept(issue("他用", **how), line, crls))
    await _revoked(book, desk, line, issue)
    pdf = await desk.kept(signer, line, crls)
    at = pdf.index(b"/MediaBox") + 14
    await book.add(f"{kind}: changed after signing", pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1:])
    await book.add(f"{kind}: signature of the CRL changed", await desk.kept(signer, line, (flipped(crls[0]), crls[1])))


async def _sealed(desk: Desk, line: Line, signer: Identity) -> bytes:
    listed = TrustList((asn1.Certificate.load(line.root),), (asn1.Certificate.load(line.issuing),),
                       tuple(parse_word(CRL, each) for each in line.crls()))
    return await seal_paper(await desk.signed(signer, desk.stamping), desk.keys, desk.stamping, field_name="platform",
                            reason="封存", now=NOW, others=listed)


async def _revoked(book: Book, desk: Desk, line: Line, issue: Any) -> None:
    before, after = issue("先", ocsp_address="http://ca.invalid/ocsp"), issue("后")
    line.ca.revoke(before, NOW - HOUR)
    line.ca.revoke(after, NOW + HOUR)
    told = (crl(line.ca, "issuing", NOW + 2 * HOUR), line.crls()[1])
    await book.add(f"{line.kind}: revoked before it signed", await desk.kept(before, line, told))
    await book.add(f"{line.kind}: revoked after it signed", await desk.kept(after, line, told))
    answer = line.answer(int(before.certificate.serial, 16))
    await book.add(f"{line.kind}: revoked, says the answer", await desk.kept(before, line, told[1:], (answer,)))


async def words(book: Book, desk: Desk, line: Line, stranger: Line) -> None:
    """What the file says, and fails to say, of certificates."""
    signer = line.ca.issue("单位", begins=NOW - 10 * HOUR)
    crls, ended = line.crls(), line.crls(NOW - 5 * HOUR)
    await book.add("words: a CRL past its end when signed", await desk.kept(signer, line, ended))
    await book.add("words: none on the issuing certificate", await desk.kept(signer, line, crls[:1]))
    await book.add("words: none on the time-stamping authority", with_words(
        await desk.signed(signer, desk.stamping), (line.issuing, line.root), crls, ()))
    bare = await desk.signed(signer, desk.stamping)
    await book.add("words: the issuing certificate is missing", with_words(
        bare, (line.root,), (*crls, *desk.keys.crls), desk.own_words))
    other = stranger.ca.issue("外人", begins=NOW - 10 * HOUR)
    await book.add("words: a CA that is not trusted", await desk.kept(other, stranger, stranger.crls()))
    plain, key = line.odd(SIGNS)
    await book.add("use: signs, and commits to nothing", await desk.kept(
        Identity(parse_certificate(_pem(plain)), key, line.ca.certificate("issuing")), line, crls))
    await book.add("use: nothing said", await desk.kept(
        line.ca.issue("无", begins=NOW - HOUR, usage="none"), line, crls))


def _pem(der: bytes) -> str:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


async def authorities(book: Book, desk: Desk, line: Line) -> None:
    """Time stamps by who may not stamp, or not then."""
    signer, crls = line.ca.issue("单位", begins=NOW - 10 * HOUR), line.crls(LATER)
    for name, how in (("no time-stamping authority", {"time_stamping": False}),
                      ("ended before it stamped", {"now": NOW - 48 * HOUR, "days": 1}),
                      ("not yet valid", {"now": NOW + 48 * HOUR})):
        odd = _authority(desk.keys, **how)
        about = desk.keys.authority.ocsp_answer(odd.certificate.x509, now=NOW)  # type: ignore[union-attr]
        stamping = EmbeddedAuthority(odd, lambda: NOW)
        await book.add(f"authority: {name}", await desk.kept(signer, line, crls, stamping=stamping, about=(about,)))
    lost = _authority(desk.keys)
    listed = desk.keys.authority.revocation_list(  # type: ignore[union-attr]
        now=NOW, revoked=((lost.certificate.x509.serial_number, NOW - HOUR),)).public_bytes(Encoding.DER)
    await book.add("authority: revoked", await desk.kept(
        signer, line, (*crls, listed), stamping=EmbeddedAuthority(lost, lambda: NOW), about=()))


def _authority(keys: PlatformKeys, **how: Any) -> CertifiedKey:
    """A further authority under the platform's root."""
    key = new_key("ec-p256")
    asked = {"now": NOW, "time_stamping": True} | how
    made = keys.authority.issue(  # type: ignore[union-attr]
        key, distinguished_name(common_name="别的时间戳", organisation="别的时间戳"), **asked)
    return CertifiedKey(key, (describe(made), *keys.timestamp.chain[1:]))


async def unstamped(book: Book, desk: Desk, line: Line) -> None:
    """Judged as things stand at the time of judging."""
    signer = line.ca.issue("短", begins=NOW - HOUR, days=2)
    pdf = with_words(await desk.signed(signer, None), (line.issuing, line.root), line.crls(LATER), ())
    await book.add("no time stamp: ended since", pdf)
    await book.add("no time stamp: while it is valid", pdf, NOW)
    await book.add("something follows", await desk.kept(signer, line, line.crls()) + b"\n% more\n")
    first = await desk.signed(line.ca.issue("甲", begins=NOW - HOUR), desk.stamping)
    second = await desk.signed(signer, desk.stamping, first, "second")
    await book.add("two signers", with_words(second, (line.issuing, line.root), (*line.crls(), *desk.keys.crls),
                                             desk.own_words))


async def cases() -> Book:
    """All of them."""
    sheet, page = PdfWriter(), BytesIO()
    sheet.add_blank_page(200, 100)
    sheet.write(page)
    with TemporaryDirectory() as folder:
        lines = [Line(Path(folder), kind) for kind in KINDS]
        desk = Desk(page.getvalue(), load_platform_keys(Path(folder) / "own", name="云开平台", now=NOW))
        book = Book([*(each.pem for each in desk.keys.roots), *(_pem(line.root) for line in lines)])
        for line in lines:
            await usual(book, desk, line)
        by_ec = lines[1]
        await words(book, desk, by_ec, Line(Path(folder) / "strangers", "ec-p256"))
        await authorities(book, desk, by_ec)
        await unstamped(book, desk, by_ec)
    return book


if __name__ == "__main__":
    made = asyncio.run(cases())
    FILE.write_text(json.dumps({"roots": made.roots, "cases": made.cases}, ensure_ascii=False, indent=0) + "\n",
                    encoding="utf-8")
