"""On what a certificate was held valid, as it is kept, and judged again by whoever trusts nobody (R-701). Pure.

The digest of the grounds stands in the act's ledger entry; grounds and evidence travel with the export. Chain, CRLs and
OCSP answers must lead to the very same judgement at the act's instant, however many years have passed since.
"""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from asn1crypto import x509 as asn1
from cryptography import x509

from storage.crypto.canonical import Json, canonical_sha256
from storage.crypto.certificates import describe
from storage.crypto.errors import Malformed
from storage.crypto.revocation import CRL, parse_word
from storage.crypto.trust import SIGN, UNWRAP, Admission, TrustList, Validation

# The longest that a node may be set to let a word count after its end (``revocation_grace_hours``).
LONGEST_GRACE = timedelta(hours=720)


def grounds_body(fingerprint: str, purpose: str, found: Validation) -> dict[str, Json]:
    """What the digest is over: everything but the instant, which the act itself has."""
    return {
        "v": 1, "certificate": fingerprint, "purpose": purpose, "edition": found.list_version,
        "authority": found.authority, "chain": _digests(found.chain), "crls": _digests(found.crls),
        "ocsps": _digests(found.ocsps), "flags": list(found.flags)}


def evidence_named(body: Mapping[str, Any]) -> set[str]:
    """SHA-256 (hex) of every certificate, CRL and OCSP answer that the grounds rest on."""
    return {*body["chain"], *body["crls"], *body["ocsps"]}


class KeptEvidence:
    """Certificates, CRLs and OCSP answers (DER) by their SHA-256 (hex); lists put together of them are read once.

    Raises ``Malformed`` for one that is not what its digest says.
    """

    def __init__(self, ders: Mapping[str, bytes]) -> None:
        if any(sha256(der).hexdigest() != name for name, der in ders.items()):
            raise Malformed("所保存的证书或吊销信息与其摘要不符", field="evidence")
        self._ders = ders
        self._lists: dict[tuple[Any, ...], TrustList] = {}

    def judge(self, body: Mapping[str, Any], at: datetime, admissions: Mapping[str, Admission]) -> Validation:
        """The judgement at ``at`` made anew from what was kept; ``admissions``: terms of the body's edition, by
        fingerprint, the same for the same edition.

        The last of the chain is taken for a root: whether it is one that the reader trusts, the caller asks. Raises
        ``CertificateRefused`` where the certificate was not valid then, ``Malformed`` where something is missing, or
        something else follows than was kept, ``Unavailable`` for SM2 on a machine without it.
        """
        if not evidence_named(body) <= self._ders.keys():
            raise Malformed("所保存的证书或吊销信息缺失", field="evidence")
        holder = describe(x509.load_der_x509_certificate(self._ders[body["chain"][0]]))
        listed, answers = self._list(body, admissions), [self._ders[name] for name in body["ocsps"]]
        usage = UNWRAP if body["purpose"] in ("seal", "decrypt") else SIGN
        with ThreadPoolExecutor(1) as pool:  # it may be asked from within a loop, and waits for nothing
            found = pool.submit(asyncio.run, listed.validate(holder, at, usage, answers)).result()
        if grounds_body(holder.fingerprint, body["purpose"], found) != dict(body):
            raise Malformed("由所保存的证书链和吊销信息得不出当时的结论", field="grounds")
        return found

    def _list(self, body: Mapping[str, Any], admissions: Mapping[str, Admission]) -> TrustList:
        key = body["edition"], tuple(body["chain"][1:]), tuple(body["crls"])
        if key not in self._lists:
            above = [asn1.Certificate.load(self._ders[name]) for name in body["chain"][1:]]
            self._lists[key] = TrustList(
                tuple(above[-1:]), tuple(above[:-1]), tuple(parse_word(CRL, self._ders[name]) for name in body["crls"]),
                (), admissions, LONGEST_GRACE, body["edition"])
        return self._lists[key]


def grounds_digest(body: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the grounds in RFC 8785 form, as an act's entry names them."""
    return canonical_sha256(dict(body))


def _digests(ders: tuple[bytes, ...]) -> list[Json]:
    return [sha256(each).hexdigest() for each in ders]
