"""The trust list 信任列表 (R-700): recognised CAs with their CRLs, and validation of a certificate against it.

Whoever holds a certificate that chains to the list is admitted: register once, use everywhere. Nothing is fetched
while a user waits: roots, intermediates and CRLs are files, and a missing or stale CRL means *not* valid (R-701).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import crl, pem
from asn1crypto import x509 as asn1
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import ExpiredError, NotYetValidError, PathBuildingError, RevokedError

from storage.crypto.certificates import Certificate
from storage.crypto.errors import CertificateRefused

# What a certificate is used for, and the key usages of which it must have one (empty: the caller has checked).
SIGN = "sign"
UNWRAP = "unwrap"


@dataclass(frozen=True, slots=True)
class Validation:
    """Why a certificate was held valid at ``at``; kept with each signature so that it can be checked years later.

    ``authority``: the root's common name; ``chain``: DER, leaf first, root last; ``crls``: DER of those used.
    """

    at: datetime
    authority: str
    chain: tuple[bytes, ...] = field(repr=False)
    crls: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True)
class TrustList:
    """Roots, intermediates and CRLs as asn1crypto objects, parsed once; see ``read_trust_list``."""

    roots: tuple[Any, ...]
    intermediates: tuple[Any, ...] = ()
    crls: tuple[Any, ...] = field(default=(), repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The roots' common names, for the page that shows who is recognised."""
        return tuple(_name(root) for root in self.roots)

    def joined(self, other: "TrustList") -> "TrustList":
        """Both lists as one."""
        return TrustList(self.roots + other.roots, self.intermediates + other.intermediates, self.crls + other.crls)

    def context(self, at: datetime, *, certificates: Sequence[Any] = (), crls: Sequence[Any] = ()) -> Any:
        """A validation context for the moment ``at``: no fetching, revocation data required.

        ``certificates`` and ``crls``: evidence a document carries with it, as asn1crypto objects.
        """
        return ValidationContext(
            trust_roots=list(self.roots), other_certs=[*self.intermediates, *certificates],
            crls=[*self.crls, *crls], moment=at,
            allow_fetching=False, revocation_mode="require", retroactive_revinfo=True)

    async def validate(self, certificate: Certificate, at: datetime, usage: str = SIGN) -> Validation:
        """Chain, dates, revocation and key usage at the moment ``at`` (business time, never the process clock).

        Raises ``CertificateRefused`` with ``reason``: usage, expired, not-yet-valid, revoked, untrusted,
        revocation-unknown. Every other failure counts as untrusted.
        """
        if not (certificate.can_unwrap if usage == UNWRAP else certificate.can_sign):
            raise _refusal("usage", certificate)
        leaf = asn1.Certificate.load(certificate.der)
        validator: Any = CertificateValidator(leaf, validation_context=self.context(at))
        try:
            path = await validator.async_validate_usage(set())
        except Exception as error:  # every exception means not valid; which one only words the refusal
            raise _refusal(_reason(error, certificate, at), certificate) from error
        chain = list(path.iter_certs(include_root=True))[::-1]
        issuers = {item.subject.hashable for item in chain}
        used = tuple(item.dump() for item in self.crls if item.issuer.hashable in issuers)
        return Validation(at, _name(chain[-1]), tuple(item.dump() for item in chain), used)


def read_trust_list(directory: Path) -> TrustList:
    """Certificates (``*.pem``, ``*.crt``, ``*.cer``) and CRLs (``*.crl``), PEM or DER, of one directory.

    A certificate that signed itself is a root, any other an intermediate. An unreadable file raises
    ``CertificateRefused`` naming it: a trust list is never half read.
    """
    found = [item for path in _files(directory, {".pem", ".crt", ".cer"}) for item in _load(path, asn1.Certificate)]
    crls = [item for path in _files(directory, {".crl"}) for item in _load(path, crl.CertificateList)]
    roots = tuple(item for item in found if item.self_signed in ("yes", "maybe"))
    return TrustList(roots, tuple(item for item in found if item not in roots), tuple(crls))


def trust_of(certificates: Iterable[bytes], crls: Sequence[bytes] = ()) -> TrustList:
    """A trust list of root certificates and CRLs in DER: for offline verification with what a bundle carries."""
    return TrustList(tuple(asn1.Certificate.load(item) for item in certificates), (),
                     tuple(crl.CertificateList.load(item) for item in crls))


class TrustStore:
    """The trust list of a directory, read again when a file in it changed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen: tuple[tuple[str, int, int], ...] = ()
        self._list = TrustList(())

    def current(self) -> TrustList:
        """The list as the files stand now; cheap when nothing changed."""
        stats = tuple((path.name, (stat := path.stat()).st_mtime_ns, stat.st_size)
                      for path in _files(self._directory, {".pem", ".crt", ".cer", ".crl"}))
        if stats != self._seen:
            self._list, self._seen = read_trust_list(self._directory), stats
        return self._list


def _files(directory: Path, endings: set[str]) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.suffix in endings) if directory.is_dir() else []


def _load(path: Path, kind: Any) -> list[Any]:
    data = path.read_bytes()
    try:
        ders = [der for _, _, der in pem.unarmor(data, multiple=True)] if pem.detect(data) else [data]
        items = [kind.load(der, strict=True) for der in ders]
        for item in items:
            item.native  # noqa: B018  # asn1crypto parses lazily; this finds a broken file now
    except (ValueError, TypeError) as error:
        raise CertificateRefused(f"信任列表文件无法读取：{path.name}", reason="unreadable") from error
    return items


def _reason(error: Exception, certificate: Certificate, at: datetime) -> str:
    match error:
        case RevokedError():
            return "revoked"
        case ExpiredError():
            return "expired"
        case NotYetValidError():
            return "not-yet-valid"
        case PathBuildingError():
            return "untrusted"
    if not certificate.is_valid_at(at):
        return "expired" if at > certificate.not_after else "not-yet-valid"
    return "revocation-unknown" if "revocation" in type(error).__name__.lower() + str(error).lower() else "untrusted"


_WORDS = {
    "usage": "证书用途不符", "revoked": "证书已被吊销", "expired": "证书已过期", "not-yet-valid": "证书尚未生效",
    "untrusted": "证书不是信任列表中的机构签发", "revocation-unknown": "无法确认证书是否被吊销",
}


def _refusal(reason: str, certificate: Certificate) -> CertificateRefused:
    return CertificateRefused(_WORDS[reason], reason=reason, fingerprint=certificate.fingerprint)


def _name(certificate: Any) -> str:
    return str(certificate.subject.native.get("common_name") or certificate.subject.human_friendly)
