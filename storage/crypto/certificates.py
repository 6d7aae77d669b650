"""Certificates as the platform reads them: X.509 in PEM or DER, keys SM2, EC P-256, or RSA of 2048 bits and more."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import sha256

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from stdnum.cn import uscc as uscc_number

from storage.crypto.errors import CertificateRefused, Malformed, NotSupported
from storage.crypto.signatures import PublicKey, check_signature
from storage.crypto.sm2 import SM2, Sm2PublicKey, public_key_of

EC_P256 = "ec-p256"
RSA = "rsa"
LONGEST = 64 * 1024
_WRAPPING = {EC_P256: {"key_agreement"}, RSA: {"key_encipherment"},
             SM2: {"key_encipherment", "data_encipherment", "key_agreement"}}
_USCC = re.compile(r"(?=(\d{8}[0-9A-HJ-NP-RTUWXY]{10}))")
_USCC_PLACES = (NameOID.ORGANIZATION_IDENTIFIER, NameOID.SERIAL_NUMBER, NameOID.ORGANIZATIONAL_UNIT_NAME)
_DEMO = "演示 DEMO"


@dataclass(frozen=True)
class Certificate:
    """What a certificate says; that it is trusted is another question, see ``trust.TrustList``.

    fingerprint: SHA-256 of the DER, lower-case hex; serial: lower-case hex; uscc: the unified social credit code
    found in organizationIdentifier, serialNumber or OU, "" without one; organisation falls back to the common
    name; usages: names as X.509 has them (digital_signature …), empty where the extension is absent.
    """

    der: bytes = field(repr=False)
    fingerprint: str
    serial: str
    organisation: str
    common_name: str
    uscc: str
    issuer: str
    not_before: datetime
    not_after: datetime
    key_kind: str
    usages: frozenset[str]

    @cached_property
    def x509(self) -> x509.Certificate:
        """The same as a ``cryptography`` object."""
        return x509.load_der_x509_certificate(self.der)

    @property
    def public_key(self) -> PublicKey:
        """SM2, EC P-256 or RSA, by ``key_kind``."""
        return supported_key(self.x509)

    @property
    def pem(self) -> str:
        """PEM text."""
        return self.x509.public_bytes(Encoding.PEM).decode()

    @property
    def tag(self) -> str:
        """"sha256:"+fingerprint, as ctx and wraps name a certificate."""
        return f"sha256:{self.fingerprint}"

    @property
    def is_demo(self) -> bool:
        """True for a certificate of the demo CAs: worth nothing outside a demo."""
        return any(part.value == _DEMO for part in self.x509.subject)

    @property
    def can_sign(self) -> bool:
        """Key usage admits signatures. An absent extension admits all, but nothing for SM2: its keys come in pairs."""
        return self._is_unlimited or bool(self.usages & {"digital_signature", "content_commitment"})

    @property
    def can_unwrap(self) -> bool:
        """Key usage admits the wrap of this key kind: keyAgreement for EC, keyEncipherment for RSA, for SM2 any of
        those of an encryption certificate (R-702)."""
        return self._is_unlimited or bool(self.usages & _WRAPPING[self.key_kind])

    def is_pair_with(self, encryption: "Certificate") -> bool:
        """True where ``encryption`` is the other half of this signing certificate's dual pair: SM2 both, one subject
        name and credit code, one issuer, each for its own use alone (R-702)."""
        return (self.key_kind == encryption.key_kind == SM2 and self.can_sign and not self.can_unwrap
                and encryption.can_unwrap and not encryption.can_sign
                and self.x509.issuer == encryption.x509.issuer and self.uscc == encryption.uscc
                and (self.organisation, self.common_name) == (encryption.organisation, encryption.common_name))

    @property
    def _is_unlimited(self) -> bool:
        return not self.usages and self.key_kind != SM2

    def is_valid_at(self, moment: datetime) -> bool:
        """Inside its own dates, both ends included as X.509 has it; says nothing of revocation."""
        return self.not_before <= moment <= self.not_after


def parse_certificate(data: str | bytes) -> Certificate:
    """One certificate from PEM or DER. Raises ``Malformed`` (also for a private key, which nobody may send),
    ``NotSupported`` for another kind of key."""
    raw = data.encode() if isinstance(data, str) else data
    if b"PRIVATE KEY" in raw:
        raise Malformed("只需证书，切勿提交私钥", field="certificate")
    if len(raw) > LONGEST:
        raise Malformed("证书过长", field="certificate")
    try:
        found = x509.load_pem_x509_certificate(raw) if b"-----BEGIN" in raw else x509.load_der_x509_certificate(raw)
        return describe(found)
    except (ValueError, TypeError, x509.DuplicateExtension) as error:
        raise Malformed("不是合法的 X.509 证书", field="certificate") from error


def describe(found: x509.Certificate) -> Certificate:
    """The platform's view of a ``cryptography`` certificate; ``NotSupported`` for another kind of key."""
    der = found.public_bytes(Encoding.DER)
    common_name = _first(found.subject, NameOID.COMMON_NAME)
    return Certificate(
        der=der, fingerprint=sha256(der).hexdigest(), serial=f"{found.serial_number:x}",
        organisation=_first(found.subject, NameOID.ORGANIZATION_NAME) or common_name, common_name=common_name,
        uscc=_uscc(found.subject),
        issuer=_first(found.issuer, NameOID.COMMON_NAME) or found.issuer.rfc4514_string(),
        not_before=found.not_valid_before_utc, not_after=found.not_valid_after_utc,
        key_kind=_kind_of(supported_key(found)),
        usages=_usages(found))


def supported_key(found: x509.Certificate) -> PublicKey:
    """The public key where this platform takes it, else ``NotSupported``."""
    try:
        key: object = found.public_key()
    except Exception as error:  # an unknown curve shows as one of several errors
        key = public_key_of(asn1.Certificate.load(found.public_bytes(Encoding.DER)).public_key)
        if key is None:
            raise NotSupported("不支持的证书密钥", field="certificate") from error
    match key:
        case Sm2PublicKey():
            return key
        case ec.EllipticCurvePublicKey() if isinstance(key.curve, ec.SECP256R1):
            return key
        case rsa.RSAPublicKey() if key.key_size >= 2048:
            return key
        case _:
            raise NotSupported("只支持 SM2、P-256 与 2048 位以上 RSA 证书", field="certificate")


def _kind_of(key: PublicKey) -> str:
    if isinstance(key, Sm2PublicKey):
        return SM2
    return EC_P256 if isinstance(key, ec.EllipticCurvePublicKey) else RSA


def verify_signature(certificate: Certificate, message: bytes, signature: bytes) -> None:
    """ECDSA-SHA256 (DER), RSA PKCS#1 v1.5 SHA-256 or SM2 with SM3 (DER) under the certificate's key.

    Raises ``SignatureRefused``, or ``CertificateRefused`` (reason usage) when the certificate may not sign.
    """
    if not certificate.can_sign:
        raise CertificateRefused("证书用途不含签名", reason="usage", fingerprint=certificate.fingerprint)
    check_signature(certificate.public_key, message, signature)


def uscc_in(values: Iterable[str]) -> str:
    """The first valid unified social credit code (R-804) inside the texts, or ""."""
    for value in values:
        for candidate in _USCC.findall(value):
            if uscc_number.is_valid(candidate):
                return str(candidate)
    return ""


def _uscc(subject: x509.Name) -> str:
    return uscc_in(str(part.value) for place in _USCC_PLACES for part in subject.get_attributes_for_oid(place))


def _first(name: x509.Name, place: x509.ObjectIdentifier) -> str:
    found = name.get_attributes_for_oid(place)
    return str(found[0].value) if found else ""


def _usages(found: x509.Certificate) -> frozenset[str]:
    try:
        usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return frozenset()
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign")
    return frozenset(name for name in names if getattr(usage, name))
