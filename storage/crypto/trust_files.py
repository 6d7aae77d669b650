"""A folder of certificates and CRLs, read as a trust list: for a demo, a first edition, and verifying offline.

A certificate that signed itself is a root, any other an intermediate. A folder is never half read.
"""

from pathlib import Path
from typing import Any

from asn1crypto import crl, pem
from asn1crypto import x509 as asn1

from storage.crypto.errors import CertificateRefused

CERTIFICATES = frozenset({".pem", ".crt", ".cer"})
LISTS = frozenset({".crl"})
Stats = tuple[tuple[str, int, int], ...]


def certificates_in(directory: Path) -> list[Any]:
    """The certificates of ``*.pem``, ``*.crt``, ``*.cer`` (PEM or DER) as asn1crypto objects.

    Raises ``CertificateRefused`` naming a file that cannot be read.
    """
    return [item for path in files_in(directory, CERTIFICATES) for item in _load(path, asn1.Certificate)]


def crls_in(directory: Path) -> dict[str, Any]:
    """The CRLs of ``*.crl`` likewise, by the name of the file (and a number, where it holds several)."""
    return {f"{path.name}#{number}" if number else path.name: item for path in files_in(directory, LISTS)
            for number, item in enumerate(_load(path, crl.CertificateList))}


def files_in(directory: Path, endings: frozenset[str]) -> list[Path]:
    """The files with one of the endings, by name; none where there is no such folder."""
    return sorted(path for path in directory.iterdir() if path.suffix in endings) if directory.is_dir() else []


def stats_of(directory: Path, endings: frozenset[str] = CERTIFICATES | LISTS) -> Stats:
    """Name, time and size of each file: what changes when the folder does."""
    return tuple((path.name, (stat := path.stat()).st_mtime_ns, stat.st_size) for path in files_in(directory, endings))


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
