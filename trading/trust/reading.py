"""CAs' certificates as people hand them in, and the list as it is stored and published."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from asn1crypto import pem
from asn1crypto import x509 as asn1

from storage.crypto.canonical import Json, canonical_sha256
from storage.crypto.chain_signatures import verifies
from storage.crypto.errors import Malformed
from storage.crypto.trust import is_root
from storage.crypto.trust_files import certificates_in
from storage.kernel.clock import to_wire
from trading.trust.model import Authority, AuthorityStatus, ListedCertificate
from trading.trust.rules import Presented

_LONGEST = 16 * 1024


def stored(authorities: Iterable[Authority]) -> list[Any]:
    """As JSON for a row."""
    return [msgspec.to_builtins(each) for each in authorities]


def restored(rows: Sequence[Any]) -> tuple[Authority, ...]:
    """From the JSON of a row."""
    return tuple(msgspec.convert(each, Authority) for each in rows)


def published(authority: Authority) -> dict[str, Json]:
    """As the ledger and its readers have it: certificates by SHA-256 alone, instants as on the wire."""
    return {
        "code": authority.code, "name": authority.name, "region": authority.region, "status": authority.status.value,
        "valid_from": to_wire(authority.valid_from), "valid_to": to_wire(authority.valid_to),
        "policies": list(authority.policies), "crl_addresses": list(authority.crl_addresses),
        "ocsp_addresses": list(authority.ocsp_addresses),
        "certificates": [each.fingerprint for each in authority.certificates]}


def list_digest(authorities: Iterable[Authority]) -> str:
    """SHA-256 (hex) of the published list in RFC 8785 form, by code."""
    return canonical_sha256([published(each) for each in sorted(authorities, key=lambda each: each.code)])


def entry_digest(authority: Authority) -> str:
    """SHA-256 (hex) of one published entry: what a proposal is based on."""
    return canonical_sha256(published(authority))


def der_of(listed: ListedCertificate) -> bytes:
    """The DER of a listed certificate."""
    _, _, der = pem.unarmor(listed.pem.encode())
    return bytes(der)


def read_certificates(text: str) -> tuple[ListedCertificate, ...]:
    """Every certificate of a PEM text, each once; raises ``Malformed`` for anything else."""
    if "PRIVATE KEY" in text:
        raise Malformed("只需证书，切勿提交私钥", field="certificates")
    try:
        found = [asn1.Certificate.load(der, strict=True) for name, _, der in pem.unarmor(text.encode(), multiple=True)
                 if name == "CERTIFICATE"]
        made = {each.sha256.hex(): _listed(each) for each in found if len(each.dump()) <= _LONGEST}
    except (ValueError, TypeError, KeyError) as error:
        raise Malformed("不是 PEM 格式的 CA 证书", field="certificates") from error
    if not made or len(made) != len(found):
        raise Malformed("不是 PEM 格式的 CA 证书，或证书过长、重复", field="certificates")
    return tuple(made.values())


def presented(authorities: Iterable[Authority]) -> Presented:
    """Which certificates of the list may issue others, and which hang on a root of the list by true signatures."""
    found = {each.fingerprint: asn1.Certificate.load(der_of(each))
             for authority in authorities for each in authority.certificates}
    anchored = {name for name, each in found.items() if is_root(each) and _signed_by(each, each)}
    while grown := {name for name, each in found.items() if name not in anchored
                    and any(_signed_by(each, found[above]) for above in anchored)}:
        anchored |= grown
    return Presented(frozenset(name for name, each in found.items() if _may_issue(each)), frozenset(anchored))


def authorities_of(directory: Path) -> tuple[Authority, ...]:
    """The CAs of a folder, one for each root, with the intermediates that hang on it; codes from fingerprints."""
    found = certificates_in(directory)
    made = []
    for root in (each for each in found if is_root(each)):
        held = [root]
        while grown := [each for each in found if each not in held and any(_signed_by(each, above) for above in held)]:
            held += grown
        made.append(Authority(
            code=f"ca-{root.sha256.hex()[:8]}", name=_words(root), region="", status=AuthorityStatus.ACTIVE,
            valid_from=root.not_valid_before, valid_to=root.not_valid_after,
            certificates=tuple(_listed(each) for each in held)))
    return tuple({each.code: each for each in made}.values())


def _listed(found: Any) -> ListedCertificate:
    return ListedCertificate(
        fingerprint=found.sha256.hex(), subject=_words(found), role="root" if is_root(found) else "intermediate",
        key=_key(found), not_before=found.not_valid_before, not_after=found.not_valid_after,
        pem=pem.armor("CERTIFICATE", found.dump()).decode())


def _words(found: Any) -> str:
    return str(found.subject.native.get("common_name") or found.subject.human_friendly)


def _key(found: Any) -> str:
    key = found.public_key
    return f"{key.algorithm}-{key.curve[1] if key.algorithm == 'ec' else key.bit_size}"


def _may_issue(found: Any) -> bool:
    usage = found.key_usage_value
    return bool(found.ca) and (usage is None or "key_cert_sign" in usage.native)


def _signed_by(found: Any, issuer: Any) -> bool:
    return found.issuer == issuer.subject and verifies(
        issuer, found["signature_algorithm"], found["tbs_certificate"].dump(), found["signature_value"].native)
