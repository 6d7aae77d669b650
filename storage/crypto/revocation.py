"""Was a certificate revoked? What CRLs (RFC 5280) and OCSP answers (RFC 6960) say, and whether it still counts (R-701).

Pure: whoever fetched them, here they are read, their signatures checked, and one certificate judged. What cannot be
read to the last critical extension is not used, and without a usable word a certificate is not valid.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from asn1crypto import crl, ocsp

from storage.crypto.errors import Malformed

CRL, OCSP = "crl", "ocsp"
GOOD, REVOKED, UNKNOWN = "good", "revoked", "unknown"
# An answer that names no end is good for this long.
_UNDATED = timedelta(minutes=10)
_READ_HERE = {"authority_key_identifier", "crl_number", "issuing_distribution_point"}

# (issuer certificate, algorithm, signed bytes, signature) → True where it verifies.
Check = Callable[[Any, Any, bytes, bytes], bool]


@dataclass(frozen=True, slots=True)
class Word:
    """What a CA said of its certificates' revocation. ``revoked``: serial number → instant.

    ``serials``: those an OCSP answer vouches for, None for a CRL, which speaks of all; ``places``: the distribution
    points a partitioned CRL is for; ``leaves_only`` and ``authorities_only`` likewise narrow a CRL.
    """

    kind: str
    der: bytes = field(repr=False)
    this_update: datetime
    next_update: datetime
    revoked: Mapping[int, datetime] = field(repr=False)
    serials: frozenset[int] | None = None
    places: frozenset[str] = frozenset()
    leaves_only: bool = False
    authorities_only: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 of the DER, lower-case hex."""
        return sha256(self.der).hexdigest()

    def speaks_of(self, certificate: Any) -> bool:
        """True when the certificate (asn1crypto) is one this word covers."""
        if self.serials is not None:
            return certificate.serial_number in self.serials
        if self.leaves_only if certificate.ca else self.authorities_only:
            return False
        return not self.places or bool(self.places & _places(certificate.crl_distribution_points))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Good, revoked or unknown; on what words it rests, and whether they are past their end (within the grace)."""

    state: str
    words: tuple[Word, ...] = ()
    is_late: bool = False
    revoked_at: datetime | None = None


def judge(certificate: Any, words: Sequence[Word], at: datetime, grace: timedelta = timedelta()) -> Verdict:
    """The certificate (asn1crypto) at ``at``, by words of its own issuer whose signatures were checked.

    A revocation counts from its instant on, whichever word names it. A word counts until its end, and ``grace``
    longer where no other does: then the verdict is late, and says so (R-515).
    """
    told = [word for word in words if word.speaks_of(certificate)]
    for word in told:
        when = word.revoked.get(certificate.serial_number)
        if when is not None and when <= at:
            return Verdict(REVOKED, (word,), revoked_at=when)
    told.sort(key=lambda word: word.next_update, reverse=True)
    if told and at <= told[0].next_update:
        return Verdict(GOOD, (told[0],))
    if told and at <= told[0].next_update + grace:
        return Verdict(GOOD, (told[0],), is_late=True)
    return Verdict(UNKNOWN)


def read_crl(listed: Any, issuer: Any, check: Check) -> Word | None:
    """A CRL (asn1crypto) as its issuer's word; None where it is another's, or narrower than can be judged here."""
    body = listed["tbs_cert_list"]
    usage = issuer.key_usage_value
    if listed.issuer != issuer.subject or (usage is not None and "crl_sign" not in usage.native):
        return None
    if body["next_update"].native is None or any(_is_unreadable(each) for each in body["crl_extensions"]):
        return None
    scope = listed.issuing_distribution_point_value
    narrow = scope.native if scope else {}
    if narrow.get("indirect_crl") or narrow.get("only_some_reasons") or narrow.get("only_contains_attribute_certs"):
        return None
    if not check(issuer, listed["signature_algorithm"], body.dump(), listed["signature"].native):
        return None
    entries = [] if body["revoked_certificates"].native is None else body["revoked_certificates"]
    revoked = {entry["user_certificate"].native: entry["revocation_date"].native for entry in entries}
    return Word(CRL, listed.dump(), body["this_update"].native, body["next_update"].native, revoked,
                places=_places([scope]) if scope else frozenset(),
                leaves_only=bool(narrow.get("only_contains_user_certs")),
                authorities_only=bool(narrow.get("only_contains_ca_certs")))


def read_ocsp(answer: Any, issuer: Any, check: Check) -> Word | None:
    """An OCSP answer (asn1crypto) as the issuer's word, signed by it or by whom it named for that; else None."""
    if answer["response_status"].native != "successful" or \
            answer["response_bytes"]["response_type"].native != "basic_ocsp_response":
        return None
    basic = answer.basic_ocsp_response
    body = basic["tbs_response_data"]
    signer = _responder(basic, issuer, body["produced_at"].native, check)
    if signer is None or not check(signer, basic["signature_algorithm"], body.dump(), basic["signature"].native):
        return None
    told = [each for each in body["responses"] if _names(each["cert_id"], issuer)
            and each["cert_status"].name in (GOOD, REVOKED)]
    if not told:
        return None
    ends = [each["next_update"].native or each["this_update"].native + _UNDATED for each in told]
    return Word(
        OCSP, answer.dump(), max(each["this_update"].native for each in told), min(ends),
        {each["cert_id"]["serial_number"].native: each["cert_status"].chosen["revocation_time"].native
         for each in told if each["cert_status"].name == REVOKED},
        frozenset(each["cert_id"]["serial_number"].native for each in told))


def ask_ocsp(serial: int, issuer: Any) -> bytes:
    """The DER of a request about one certificate. The hash only names the issuer; SHA-1 is what responders know."""
    name = {"hash_algorithm": {"algorithm": "sha1"}, "issuer_name_hash": issuer.subject.sha1,
            "issuer_key_hash": issuer.public_key.sha1, "serial_number": serial}
    asked: bytes = ocsp.OCSPRequest({"tbs_request": {"request_list": [{"req_cert": name}]}}).dump()
    return asked


def parse_word(kind: str, der: bytes) -> Any:
    """The asn1crypto object of a CRL or an OCSP answer, read to its end; raises ``Malformed``."""
    try:
        found = (crl.CertificateList if kind == CRL else ocsp.OCSPResponse).load(der, strict=True)
        found.native  # noqa: B018  # parsed lazily; this finds a broken one now
    except (ValueError, TypeError, KeyError) as error:
        raise Malformed("吊销信息无法读取", field=kind) from error
    return found


def words_of(issuer: Any, crls: Iterable[Any], answers: Iterable[Any], check: Check) -> tuple[Word, ...]:
    """Everything that is this issuer's word."""
    read = [*(_guarded(read_crl, each, issuer, check) for each in crls),
            *(_guarded(read_ocsp, each, issuer, check) for each in answers)]
    return tuple(word for word in read if word is not None)


def _guarded(read: Callable[[Any, Any, Check], Word | None], told: Any, issuer: Any, check: Check) -> Word | None:
    """What is oddly made is no word."""
    try:
        return read(told, issuer, check)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _is_unreadable(extension: Any) -> bool:
    return bool(extension["critical"].native) and extension["extn_id"].native not in _READ_HERE


def _responder(basic: Any, issuer: Any, at: datetime, check: Check) -> Any:
    named = basic["tbs_response_data"]["responder_id"]
    for candidate in (issuer, *(basic["certs"] if basic["certs"].native else ())):
        found = candidate.chosen if hasattr(candidate, "chosen") else candidate
        is_named = (found.subject == named.chosen if named.name == "by_name"
                    else found.public_key.sha1 == named.chosen.native)
        if is_named and (found is issuer or _is_delegate(found, issuer, at, check)):
            return found
    return None


def _is_delegate(found: Any, issuer: Any, at: datetime, check: Check) -> bool:
    uses = found.extended_key_usage_value
    return (found.issuer == issuer.subject and uses is not None and "ocsp_signing" in uses.native
            and found.not_valid_before <= at <= found.not_valid_after
            and check(issuer, found["signature_algorithm"], found["tbs_certificate"].dump(),
                      found["signature_value"].native))


def _names(cert_id: Any, issuer: Any) -> bool:
    algorithm = cert_id["hash_algorithm"]["algorithm"].native
    if algorithm not in ("sha1", "sha256"):
        return False
    return bool(cert_id["issuer_key_hash"].native == getattr(issuer.public_key, algorithm)
                and cert_id["issuer_name_hash"].native == getattr(issuer.subject, algorithm))


def _places(points: Iterable[Any]) -> frozenset[str]:
    return frozenset(
        str(name.native) for point in points
        if point["distribution_point"].native is not None and point["distribution_point"].name == "full_name"
        for name in point["distribution_point"].chosen if name.name == "uniform_resource_identifier")
