"""Writes grounds.json: what certificates were held valid on, honest and wrong in each way, with what a verifier finds.

Run from the project's root: ``python -m tests.vectors.make_grounds``. Each run gives other keys. The findings are what
the Python verifier says of them; ``test_grounds_vectors`` and the web client's tests hold both verifiers to them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from asn1crypto import pem
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from storage.crypto.authority import new_key
from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.certificate_signing import sign_certificate, sign_crl
from storage.crypto.grounds import KeptEvidence, grounds_body
from storage.crypto.revocation import ask_ocsp
from storage.crypto.trust import Admission, Validation
from storage.kernel.clock import from_wire, to_wire
from storage.kernel.errors import DomainError
from tests.pki.authorities import POLICY, found_authority
from tests.pki.program import answer, crl

FILE = Path(__file__).parent / "grounds.json"
NOW = datetime(2026, 11, 26, 2, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
KINDS = ("rsa", "ec-p256", "sm2")


@dataclass
class Book:
    """Cases as they are written; evidence by its SHA-256 (hex), shared between them."""

    evidence: dict[str, str] = field(default_factory=dict)
    cases: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, chain: Sequence[bytes], crls: Sequence[bytes] = (), ocsps: Sequence[bytes] = (), *,
            at: datetime = NOW, flags: Sequence[str] = (), purpose: str = "sign", terms: dict[str, Any] | None = None,
            authority: str = "", without: Sequence[bytes] = ()) -> None:
        """One case: the grounds as they were kept, and what the Python verifier finds in them."""
        root = x509.load_der_x509_certificate(chain[-1])
        named = str(root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
        found = Validation(at, authority or named, tuple(chain), tuple(crls), tuple(ocsps), tuple(flags),
                           list_version=1)
        body = grounds_body(sha256(chain[0]).hexdigest(), purpose, found)
        for each in (*chain, *crls, *ocsps):
            self.evidence[sha256(each).hexdigest()] = to_base64(each)
        given = terms if terms is not None else {
            sha256(each).hexdigest(): listed() for each in chain[1:]}
        case = {"name": name, "at": to_wire(at), "body": body, "terms": given,
                "without": [sha256(each).hexdigest() for each in without]}
        self.cases.append(case | {"finding": finding(case, self.evidence)})


def listed(begins: datetime = NOW - 10 * HOUR, ends: datetime = NOW + 10000 * HOUR, *, suspended: bool = False,
           policies: Sequence[str] = ()) -> dict[str, Any]:
    """Terms of a CA as the ledger's edition tells them."""
    return {"valid_from": to_wire(begins), "valid_to": to_wire(ends), "status": "suspended" if suspended else "listed",
            "policies": list(policies)}


def finding(case: dict[str, Any], evidence: dict[str, str]) -> str:
    """``holds``, the reason of a refusal, or the field that is wrong."""
    admissions = {name: Admission(from_wire(each["valid_from"]), from_wire(each["valid_to"]),
                                  each["status"] == "suspended", frozenset(each["policies"]))
                  for name, each in case["terms"].items()}
    kept = {name: der for name, der in evidence.items() if name not in case["without"]}
    try:
        ders = {name: from_base64(der, "evidence") for name, der in kept.items()}
        KeptEvidence(ders).judge(case["body"], from_wire(case["at"]), admissions)
    except DomainError as error:
        return str(error.facts.get("reason") or error.facts.get("field") or error.code)
    return "holds"


class Line:
    """A CA of one kind of key with one holder: chain, words, and certificates made oddly."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.ca = found_authority(folder / kind, kind, NOW)
        self.kind = kind
        self.root, self.issuing = (self.der(which) for which in ("root", "issuing"))
        self.holder = self.ca.issue("单位", begins=NOW - 10 * HOUR)
        self.chain = (self.holder.certificate.der, self.issuing, self.root)

    def der(self, which: str) -> bytes:
        """The DER of one of the CA's own certificates."""
        return self.ca.certificate(which).public_bytes(Encoding.DER)

    def crls(self, at: datetime = NOW) -> tuple[bytes, bytes]:
        """Of the issuing CA and of the root, in the order in which grounds name them."""
        return crl(self.ca, "issuing", at), crl(self.ca, "root", at)

    def answer(self, serial: int, at: datetime = NOW, issuer: str = "issuing") -> bytes:
        """The OCSP answer about a certificate of ``issuer``."""
        _, _, der = pem.unarmor((self.ca.folder / f"{issuer}.pem").read_bytes())
        return answer(self.ca, ask_ocsp(serial, asn1.Certificate.load(der)), at)

    def odd(self, *extensions: tuple[x509.ExtensionType, bool], issuer: str = "issuing", key: Any = None,
            by: Any = None) -> tuple[bytes, Any]:
        """A certificate with these extensions alone, and its key; ``by``: certificate and key of another issuer."""
        made = key or new_key(self.kind)  # type: ignore[arg-type]
        above, signer = by or (self.ca.certificate(issuer), self.ca.key(issuer))
        builder = x509.CertificateBuilder(
            issuer_name=above.subject, serial_number=x509.random_serial_number(),
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"odd {len(extensions)}")]),
            not_valid_before=NOW - HOUR, not_valid_after=NOW + 1000 * HOUR)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        signed = sign_certificate(builder, made.public_key(), signer)
        return signed.public_bytes(Encoding.DER), made

    def odd_crl(self, *extensions: tuple[x509.ExtensionType, bool], which: str = "issuing") -> bytes:
        """A CRL that revokes nothing, with these extensions."""
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.ca.certificate(which).subject, last_update=NOW - HOUR, next_update=NOW + HOUR)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return sign_crl(builder, self.ca.key(which)).public_bytes(Encoding.DER)


def usage(*granted: str) -> tuple[x509.KeyUsage, bool]:
    """A critical key usage."""
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in granted for name in names}), True


SIGNS = usage("digital_signature")
UNKNOWN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00"), True)


def flipped(der: bytes) -> bytes:
    """The last bit of the signature turned."""
    return der[:-1] + bytes([der[-1] ^ 1])


def place(url: str) -> list[x509.UniformResourceIdentifier]:
    """A full name of a distribution point."""
    return [x509.UniformResourceIdentifier(url)]


def narrow(**what: Any) -> tuple[x509.IssuingDistributionPoint, bool]:
    """A critical issuing distribution point."""
    asked: dict[str, Any] = {"full_name": None, "relative_name": None, "only_contains_user_certs": False,
                             "only_contains_ca_certs": False, "only_some_reasons": None, "indirect_crl": False,
                             "only_contains_attribute_certs": False}
    return x509.IssuingDistributionPoint(**asked | what), True


def usual(book: Book, line: Line, other: Line) -> None:
    """What every kind of key goes through."""
    kind, chain, holder = line.kind, line.chain, line.holder.certificate
    serial = int(holder.serial, 16)
    ours, above = line.crls()
    told = line.answer(serial)
    book.add(f"{kind}: by CRLs", chain, (ours, above))
    book.add(f"{kind}: by an answer of the delegate", chain, (above,), (told,))
    book.add(f"{kind}: by answers alone, the root's own among them", chain, (),
             (told, line.answer(line.ca.certificate("issuing").serial_number, issuer="root")))
    book.add(f"{kind}: to seal to", chain, (ours, above), purpose="seal")
    book.add(f"{kind}: a sealing half does not sign", (
        line.ca.issue("半", begins=NOW - HOUR, usage="wrap").certificate.der, *chain[1:]), (ours, above))
    book.add(f"{kind}: a signing half takes no seal", (
        line.ca.issue("半", begins=NOW - HOUR, usage="sign").certificate.der, *chain[1:]), (ours, above),
        purpose="decrypt")
    book.add(f"{kind}: no key usage at all", (
        line.ca.issue("无", begins=NOW - HOUR, usage="none").certificate.der, *chain[1:]), (ours, above))
    book.add(f"{kind}: expired", (
        line.ca.issue("旧", begins=NOW - 48 * HOUR, days=1).certificate.der, *chain[1:]), (ours, above))
    book.add(f"{kind}: not yet valid", (
        line.ca.issue("新", begins=NOW + HOUR).certificate.der, *chain[1:]), (ours, above))
    book.add(f"{kind}: signature of the certificate changed", (flipped(chain[0]), *chain[1:]), (ours, above))
    book.add(f"{kind}: signature of the issuing certificate changed", (chain[0], flipped(line.issuing), line.root),
             (ours, above))
    book.add(f"{kind}: signature of the CRL changed", chain, (flipped(ours), above))
    book.add(f"{kind}: signature of the answer changed", chain, (above,), (_changed_answer(told),))
    book.add(f"{kind}: no word on the issuing certificate", chain, (ours,))
    book.add(f"{kind}: an answer by another CA", chain, (above,), (other.answer(serial),))
    _revoked(book, line, above)
    _late(book, line)
    book.add(f"{kind}: of another issuer's line", (chain[0], other.issuing, other.root), other.crls())


def _changed_answer(told: bytes) -> bytes:
    """A byte of the signed part turned: thisUpdate's last digit before Z."""
    at = told.index(b"Z\x30") if b"Z\x30" in told else told.index(b"Z")
    return told[:at - 1] + bytes([told[at - 1] ^ 1]) + told[at:]


def _revoked(book: Book, line: Line, above: bytes) -> None:
    lost = line.ca.issue("失", begins=NOW - 10 * HOUR)
    line.ca.revoke(lost, NOW - HOUR)
    chain = (lost.certificate.der, *line.chain[1:])
    ours, told = crl(line.ca, "issuing", NOW), line.answer(int(lost.certificate.serial, 16))
    book.add(f"{line.kind}: revoked by CRL", chain, (ours, above))
    book.add(f"{line.kind}: acted before the CRL's instant of revocation", chain, (ours, above), at=NOW - 2 * HOUR)
    book.add(f"{line.kind}: revoked by answer", chain, (above,), (told,))


def _late(book: Book, line: Line) -> None:
    old = line.crls(NOW - 5 * HOUR)
    flagged = ("cached-crl",)
    book.add(f"{line.kind}: on a CRL past its end, told", line.chain, old, flags=flagged)
    book.add(f"{line.kind}: on a CRL past its end, not told", line.chain, old)
    book.add(f"{line.kind}: told to be late, and is not", line.chain, line.crls(), flags=flagged)
    book.add(f"{line.kind}: on a CRL past its end beyond any grace", line.chain, line.crls(NOW - 800 * HOUR),
             flags=flagged)
    told = line.answer(int(line.holder.certificate.serial, 16), NOW - 5 * HOUR)
    book.add(f"{line.kind}: on an answer past its end, told", line.chain, line.crls()[1:], (told,),
             flags=("cached-ocsp",))


def terms(book: Book, line: Line) -> None:
    """On what terms the edition lists the CAs."""
    names = [sha256(each).hexdigest() for each in line.chain[1:]]
    for name, given in (("none", None), ("suspended", listed(suspended=True)),
                        ("ended", listed(ends=NOW - HOUR)), ("not begun", listed(NOW + HOUR)),
                        ("policy held", listed(policies=["1.2.3", POLICY])),
                        ("another policy", listed(policies=["1.2.3"]))):
        book.add(f"terms: {name}", line.chain, line.crls(), terms=dict.fromkeys(names, given) if given else {})


def bodies(book: Book, line: Line) -> None:
    """What the grounds themselves say."""
    ours, above = line.crls()
    book.add("body: another authority", line.chain, (ours, above), authority="他人")
    book.add("body: words in another order", line.chain, (above, ours))
    book.add("body: a word that is not needed", line.chain, (ours, above, crl(line.ca, "root", NOW - HOUR / 2)))
    book.add("body: evidence missing", line.chain, (ours, above), without=(ours,))
    book.add("body: a chain without issuer", line.chain[:1], (ours, above))
    book.add("body: a chain in another order", (line.chain[0], line.root, line.issuing), (ours, above))
    book.add("body: an issuing certificate acts", (line.issuing, line.root), (above,))


def oddities(book: Book, line: Line) -> None:
    """Certificates made as no CA should."""
    ours, above = line.crls()
    leaf = lambda *what, **how: line.odd(SIGNS, *what, **how)[0]  # noqa: E731
    book.add("odd: plain", (leaf(), *line.chain[1:]), (ours, above))
    book.add("odd: an unknown critical extension", (leaf(UNKNOWN), *line.chain[1:]), (ours, above))
    book.add("odd: an unknown extension that is not critical", (leaf((UNKNOWN[0], False)), *line.chain[1:]),
             (ours, above))
    book.add("odd: names another key as its issuer's", (
        leaf((x509.AuthorityKeyIdentifier(b"another key", None, None), False)), *line.chain[1:]), (ours, above))
    small = rsa.generate_private_key(65537, 1024)
    book.add("odd: an RSA key of 1024 bits", (leaf(key=small), *line.chain[1:]), (ours, above))
    ca = (x509.BasicConstraints(ca=True, path_length=None), True)
    for name, extensions in (
            ("no CA", (usage("key_cert_sign", "crl_sign"),)), ("a CA that may not certify", (ca, usage("crl_sign"))),
            ("a CA that may not list", (ca, usage("key_cert_sign"))),
            ("a CA", (ca, usage("key_cert_sign", "crl_sign"))),
            ("a CA with an unknown critical extension", (ca, UNKNOWN))):
        middle, key = line.odd(*extensions, issuer="root")
        by = (x509.load_der_x509_certificate(middle), key)
        mine = sign_crl(x509.CertificateRevocationListBuilder(
            issuer_name=by[0].subject, last_update=NOW - HOUR, next_update=NOW + HOUR), key).public_bytes(Encoding.DER)
        book.add(f"odd: under {name}", (leaf(by=by), middle, line.root), (mine, above))
    _too_deep(book, line, above)


def _too_deep(book: Book, line: Line, above: bytes) -> None:
    signs = usage("key_cert_sign", "crl_sign")
    for depth in (0, 1):
        upper, key = line.odd((x509.BasicConstraints(ca=True, path_length=depth), True), signs, issuer="root")
        over = (x509.load_der_x509_certificate(upper), key)
        lower, below = line.odd((x509.BasicConstraints(ca=True, path_length=None), True), signs, UNRELATED, by=over)
        by = (x509.load_der_x509_certificate(lower), below)
        lists = [sign_crl(x509.CertificateRevocationListBuilder(
            issuer_name=each.subject, last_update=NOW - HOUR, next_update=NOW + HOUR), its).public_bytes(Encoding.DER)
            for each, its in (by, over)]
        book.add(f"odd: two CAs below one that allows {depth}", (
            line.odd(SIGNS, by=by)[0], lower, upper, line.root), (*lists, above))


UNRELATED = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.6"), b"\x05\x00"), False)


def words(book: Book, line: Line) -> None:
    """CRLs that say less than they seem to."""
    _, above = line.crls()
    here, elsewhere = place("http://ca.invalid/a.crl"), place("http://ca.invalid/b.crl")
    for name, extensions in (
            ("plain", ()), ("an unknown critical extension", (UNKNOWN,)), ("of leaves", (narrow(
                only_contains_user_certs=True),)), ("of CAs", (narrow(only_contains_ca_certs=True),)),
            ("of others' certificates", (narrow(full_name=here, indirect_crl=True),)),
            ("of some reasons", (narrow(full_name=here, only_some_reasons=frozenset({x509.ReasonFlags.superseded})),)),
            ("of attribute certificates", (narrow(only_contains_attribute_certs=True),)),
            ("of one place", (narrow(full_name=here),))):
        book.add(f"CRL: {name}", line.chain, (line.odd_crl(*extensions), above))
    for name, points in (("the same place", here), ("another place", elsewhere)):
        points_at = x509.CRLDistributionPoints([x509.DistributionPoint(points, None, None, None)])
        leaf, _ = line.odd(SIGNS, (points_at, False))
        book.add(f"CRL: of {name} as the certificate names", (leaf, *line.chain[1:]),
                 (line.odd_crl(narrow(full_name=here)), above))
    double = Line(line.ca.folder.parent / "double", line.kind)
    book.add("CRL: of a double of the CA", line.chain, (double.odd_crl(), above))
    book.add("CRL: of leaves about a CA", line.chain, (
        line.crls()[0], line.odd_crl(narrow(only_contains_user_certs=True), which="root")))


def cases() -> Book:
    """All of them."""
    book = Book()
    with TemporaryDirectory() as folder:
        lines = [Line(Path(folder), kind) for kind in KINDS]
        for number, line in enumerate(lines):
            usual(book, line, lines[(number + 1) % len(lines)])
        by_ec = lines[1]
        for write in (terms, bodies, oddities, words):
            write(book, by_ec)
    return book


if __name__ == "__main__":
    made = cases()
    FILE.write_text(json.dumps({"cases": made.cases, "evidence": made.evidence}, ensure_ascii=False, indent=0) + "\n",
                    encoding="utf-8")
