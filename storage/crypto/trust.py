"""The trust list 信任列表 (R-700): recognised CAs with their words on revocation, and validation of a certificate.

Whoever holds a certificate that chains to the list is admitted: register once, use everywhere. Nothing is fetched
here: roots, intermediates, CRLs and OCSP answers are given, and a missing or stale one means *not* valid (R-701).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from asn1crypto import crl
from asn1crypto import x509 as asn1
from pyhanko_certvalidator import CertificateValidator, ValidationContext

from storage.crypto.certificates import Certificate
from storage.crypto.chain_signatures import SIGNATURES, verifies
from storage.crypto.revocation import OCSP, REVOKED, UNKNOWN, Verdict, Word, judge, parse_word, words_of
from storage.crypto.trust_files import certificates_in, crls_in, stats_of
from storage.crypto.trust_reasons import reason_of, refusal
from storage.kernel.errors import Unavailable

# What a certificate is used for, and the key usages of which it must have one (empty: the caller has checked).
SIGN = "sign"
UNWRAP = "unwrap"
CACHED_CRL = "cached-crl"
CACHED_OCSP = "cached-ocsp"


@dataclass(frozen=True, slots=True)
class Validation:
    """Why a certificate was held valid at ``at``; kept with each signature so that it can be checked years later.

    ``authority``: the root's common name; ``chain``: DER, leaf first, root last; ``crls`` and ``ocsps``: DER of those
    it rests on; ``flags``: cached-crl, cached-ocsp where one was past its end, within the grace (R-515);
    ``list_version``: the edition of the trust list, None for a list that has none.
    """

    at: datetime
    authority: str
    chain: tuple[bytes, ...] = field(repr=False)
    crls: tuple[bytes, ...] = field(repr=False)
    ocsps: tuple[bytes, ...] = field(default=(), repr=False)
    flags: tuple[str, ...] = ()
    usage: str = SIGN
    list_version: int | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """On what terms a CA's certificate is on the list: half-open ``[valid_from, valid_to)``, suspended or not, and the
    policy identifiers of which a certificate it issued must name one (empty: any)."""

    valid_from: datetime
    valid_to: datetime
    is_suspended: bool = False
    policies: frozenset[str] = frozenset()


@dataclass(frozen=True)
class TrustList:
    """Roots, intermediates, CRLs and OCSP answers as asn1crypto objects, parsed once.

    ``admissions``: terms by the CA certificate's SHA-256 (hex); one that is not named has none to keep.
    ``grace``: how long a CRL or OCSP answer counts after its end while the CA is away.
    """

    roots: tuple[Any, ...]
    intermediates: tuple[Any, ...] = ()
    crls: tuple[Any, ...] = field(default=(), repr=False)
    ocsps: tuple[Any, ...] = field(default=(), repr=False)
    admissions: Mapping[str, Admission] = field(default_factory=dict)
    grace: timedelta = timedelta()
    version: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The roots' common names, for the page that shows who is recognised."""
        return tuple(_name(root) for root in self.roots)

    @cached_property
    def words(self) -> Mapping[bytes, tuple[Word, ...]]:
        """What each CA said on revocation, signatures checked, by the SHA-256 of its certificate."""
        return {each.sha256: words_of(each, self.crls, self.ocsps, _known_here)
                for each in (*self.roots, *self.intermediates)}

    def joined(self, other: "TrustList") -> "TrustList":
        """Both lists as one; of the terms, those of this one."""
        return TrustList(self.roots + other.roots, self.intermediates + other.intermediates, self.crls + other.crls,
                         self.ocsps + other.ocsps, {**other.admissions, **self.admissions}, self.grace, self.version)

    def with_answers(self, answers: Sequence[bytes]) -> "TrustList":
        """The same list with further OCSP answers, DER."""
        return replace(self, ocsps=(*self.ocsps, *(parse_word(OCSP, each) for each in answers)))

    def context(self, at: datetime, *, certificates: Sequence[Any] = (), crls: Sequence[Any] = (),
                ocsps: Sequence[Any] = ()) -> Any:
        """A validation context for the moment ``at``: no fetching, revocation data required.

        ``certificates``, ``crls``, ``ocsps``: evidence a document carries with it, as asn1crypto objects.
        """
        return ValidationContext(
            trust_roots=[each for each in self.roots if self.refuses(each, at) is None],
            other_certs=[*self.intermediates, *certificates], crls=[*self.crls, *crls], ocsps=[*self.ocsps, *ocsps],
            moment=at, allow_fetching=False, revocation_mode="require", retroactive_revinfo=True,
            signature_validator=SIGNATURES)

    def refuses(self, authority: Any, at: datetime) -> str | None:
        """Why the list does not admit this CA certificate at ``at``: suspended, not-listed; None where it does."""
        terms = self.admissions.get(authority.sha256.hex())
        if terms is None:
            return None
        if not terms.valid_from <= at < terms.valid_to:
            return "not-listed"
        return "suspended" if terms.is_suspended else None

    async def validate(self, certificate: Certificate, at: datetime, usage: str = SIGN,
                       answers: Sequence[bytes] = ()) -> Validation:
        """Chain, dates, terms of the list, revocation and key usage at ``at`` (business time, never the process clock).

        ``answers``: OCSP answers about this certificate besides the list's own, DER.
        Raises ``CertificateRefused`` with ``reason``: usage, expired, not-yet-valid, untrusted, suspended, not-listed,
        policy, revoked, revocation-unknown. Every other failure counts as untrusted; but ``Unavailable`` for a chain of
        SM2 on a machine that does not know it.
        """
        if not (certificate.can_unwrap if usage == UNWRAP else certificate.can_sign):
            raise refusal("usage", certificate)
        chain = await self._chain(certificate, at)
        for authority in chain[1:]:
            if (reason := self.refuses(authority, at)) is not None:
                raise refusal(reason, certificate)
        if not self._policy_holds(chain):
            raise refusal("policy", certificate)
        parsed = [parse_word(OCSP, each) for each in answers]
        verdicts = [judge(subject, (*self.words.get(issuer.sha256, ()), *words_of(issuer, (), parsed, verifies)), at,
                          self.grace) for subject, issuer in pairwise(chain)]
        for verdict in verdicts:
            if verdict.state in (REVOKED, UNKNOWN):
                raise refusal("revoked" if verdict.state == REVOKED else "revocation-unknown", certificate)
        return _validation(chain, verdicts, at, usage, self.version)

    async def _chain(self, certificate: Certificate, at: datetime) -> list[Any]:
        """Leaf first, root last, as asn1crypto objects. Revocation is judged afterwards, by ``judge``."""
        leaf = asn1.Certificate.load(certificate.der)
        if leaf.ca:  # an authority vouches for others, and acts for nobody
            raise refusal("usage", certificate)
        context = ValidationContext(trust_roots=list(self.roots), other_certs=list(self.intermediates), moment=at,
                                    allow_fetching=False, revocation_mode="soft-fail", signature_validator=SIGNATURES)
        validator: Any = CertificateValidator(leaf, validation_context=context)
        try:
            path = await validator.async_validate_usage(set())
        except Unavailable:
            raise
        except Exception as error:  # every exception means not valid; which one only words the refusal
            raise refusal(reason_of(error, certificate, at), certificate) from error
        return list(path.iter_certs(include_root=True))[::-1]

    def _policy_holds(self, chain: Sequence[Any]) -> bool:
        """The leaf names a policy of every CA above it that the list asks one of."""
        told = chain[0].certificate_policies_value
        named = {each["policy_identifier"].dotted for each in told} if told else set()
        asked = [self.admissions[each.sha256.hex()].policies for each in chain[1:]
                 if each.sha256.hex() in self.admissions]
        return all(not policies or named & policies for policies in asked)


def read_trust_list(directory: Path) -> TrustList:
    """The list of a folder, see ``trust_files``."""
    found = certificates_in(directory)
    roots = tuple(item for item in found if is_root(item))
    return TrustList(roots, tuple(item for item in found if item not in roots), tuple(crls_in(directory).values()))


def is_root(certificate: Any) -> bool:
    """True for a certificate (asn1crypto) that issued itself."""
    return certificate.self_signed in ("yes", "maybe")


def trust_of(certificates: Iterable[bytes], crls: Sequence[bytes] = ()) -> TrustList:
    """A trust list of root certificates and CRLs in DER: for offline verification with what a bundle carries."""
    return TrustList(tuple(asn1.Certificate.load(item) for item in certificates), (),
                     tuple(crl.CertificateList.load(item) for item in crls))


class TrustStore:
    """The trust list of a directory, read again when a file in it changed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen: Any = ()
        self._list = TrustList(())

    def current(self) -> TrustList:
        """The list as the files stand now; cheap when nothing changed."""
        stats = stats_of(self._directory)
        if stats != self._seen:
            self._list, self._seen = read_trust_list(self._directory), stats
        return self._list


def _known_here(issuer: Any, algorithm: Any, signed: bytes, signature: bytes) -> bool:
    """As ``verifies``; where this machine knows no SM2, such a CA's words are none, and the others' count."""
    try:
        return verifies(issuer, algorithm, signed, signature)
    except Unavailable:
        return False


def _validation(chain: Sequence[Any], verdicts: Sequence[Verdict], at: datetime, usage: str,
                version: int | None) -> Validation:
    words = {word.digest: word for verdict in verdicts for word in verdict.words}
    late = {word.kind for verdict in verdicts if verdict.is_late for word in verdict.words}
    return Validation(
        at, _name(chain[-1]), tuple(item.dump() for item in chain),
        tuple(word.der for word in words.values() if word.kind != OCSP),
        tuple(word.der for word in words.values() if word.kind == OCSP),
        tuple(sorted(CACHED_OCSP if kind == OCSP else CACHED_CRL for kind in late)), usage, version)


def _name(certificate: Any) -> str:
    return str(certificate.subject.native.get("common_name") or certificate.subject.human_friendly)
