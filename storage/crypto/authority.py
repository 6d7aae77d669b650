"""A certificate authority of our own: for demos, and for the platform's embedded identity. Not for production."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from storage.crypto.signatures import PrivateKey

KeyKind = Literal["ec-p256", "rsa"]
DEMO = "演示 DEMO"
_BACKDATED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A self-signed root with its key."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    def issue(self, key: PrivateKey, subject: x509.Name, *, now: datetime, days: int = 825,
              time_stamping: bool = False) -> x509.Certificate:
        """An end certificate: signature, non-repudiation and key transport; or, for a TSA, time-stamping alone."""
        builder = _builder(subject, self.certificate.subject, key, now, days).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True).add_extension(
            _usage(signs=True, transports=not time_stamping, key=key), critical=True).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        if time_stamping:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        return builder.sign(self.key, hashes.SHA256())

    def revocation_list(self, *, now: datetime, revoked: tuple[tuple[int, datetime], ...] = (), days: int = 30,
                        number: int = 1) -> x509.CertificateRevocationList:
        """A CRL of (serial number, moment) pairs, valid from an hour ago for ``days``."""
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.certificate.subject, last_update=now - _BACKDATED,
            next_update=now + timedelta(days=days)).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False).add_extension(
            x509.CRLNumber(number), critical=False)
        for serial, moment in revoked:
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, moment).build())
        return builder.sign(self.key, hashes.SHA256())


def new_key(kind: KeyKind) -> PrivateKey:
    """A fresh private key, RSA of 3072 bits."""
    return rsa.generate_private_key(65537, 3072) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


def new_authority(name: str, kind: KeyKind, *, now: datetime, days: int = 3650) -> Authority:
    """A root whose subject carries the mark 演示 DEMO."""
    key = new_key(kind)
    subject = distinguished_name(common_name=name, organisation=name)
    certificate = _builder(subject, subject, key, now, days).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(
        _usage(signs=False, transports=False, key=key), critical=True).sign(key, hashes.SHA256())
    return Authority(certificate, key)


def distinguished_name(*, common_name: str, organisation: str, uscc: str = "") -> x509.Name:
    """C=CN, O, OU=演示 DEMO, serialNumber=USCC, CN."""
    parts = [(NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, organisation),
             (NameOID.ORGANIZATIONAL_UNIT_NAME, DEMO), (NameOID.SERIAL_NUMBER, uscc),
             (NameOID.COMMON_NAME, common_name)]
    return x509.Name([x509.NameAttribute(place, value) for place, value in parts if value])


def _builder(subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: datetime,
             days: int) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer, subject_name=subject, public_key=key.public_key(),
        serial_number=x509.random_serial_number(), not_valid_before=now - _BACKDATED,
        not_valid_after=now + timedelta(days=days)).add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)


def _usage(*, signs: bool, transports: bool, key: PrivateKey) -> x509.KeyUsage:
    is_rsa = isinstance(key, rsa.RSAPrivateKey)
    return x509.KeyUsage(
        digital_signature=signs, content_commitment=signs, key_encipherment=transports and is_rsa,
        data_encipherment=False, key_agreement=transports and not is_rsa, key_cert_sign=not signs, crl_sign=not signs,
        encipher_only=False, decipher_only=False)
