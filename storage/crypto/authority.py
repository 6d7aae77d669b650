"""A certificate authority of our own: for demos, and for the platform's embedded identity. Not for production."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from storage.crypto.certificate_signing import key_identifier, sign_certificate, sign_crl
from storage.crypto.signatures import PrivateKey
from storage.crypto.sm2 import Sm2PrivateKey
from storage.crypto.sm2 import new_key as new_sm2_key

KeyKind = Literal["ec-p256", "rsa", "sm2"]
# The halves of a dual pair; other kinds of key have one certificate for both.
SIGNING, ENCRYPTION = "signing", "encryption"
DEMO = "演示 DEMO"
_BACKDATED = timedelta(hours=1)
_ANSWER_BACKDATED = timedelta(seconds=5)  # two nodes' clocks are not one


@dataclass(frozen=True, slots=True)
class Authority:
    """A self-signed root with its key."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)

    def issue(self, key: PrivateKey, subject: x509.Name, *, now: datetime, days: int = 825,
              time_stamping: bool = False, half: str = "", ocsp_address: str = "") -> x509.Certificate:
        """An end certificate: signature, non-repudiation and key transport, or one ``half`` of these; or, for a TSA,
        time-stamping alone. ``ocsp_address``: where to ask whether it was revoked (AIA); "" for nowhere."""
        usage = _usage(signs=half != ENCRYPTION, transports=not time_stamping and half != SIGNING, key=key)
        builder = _builder(subject, self.certificate.subject, key, now, days).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True).add_extension(
            usage, critical=True).add_extension(self._own_identifier(), critical=False)
        if time_stamping:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        if ocsp_address:
            place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP,
                                           x509.UniformResourceIdentifier(ocsp_address))
            builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
        return sign_certificate(builder, key.public_key(), self.key)

    def ocsp_answer(self, certificate: x509.Certificate, *, now: datetime) -> bytes:
        """An OCSP answer (RFC 6960, DER) that the certificate is good, signed by the CA itself, valid for a day.

        Nothing is ever revoked by this authority: its certificates end with the folder they lie in.
        """
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate, self.certificate, hashes.SHA1(), ocsp.OCSPCertStatus.GOOD,  # names the issuer, proves nothing
            now - _ANSWER_BACKDATED, now + timedelta(days=1), None, None)
        named = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, self.certificate)
        key: Any = self.key  # EC or RSA; for SM2 the library raises
        return named.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def revocation_list(self, *, now: datetime, revoked: tuple[tuple[int, datetime], ...] = (), days: int = 30,
                        number: int = 1) -> x509.CertificateRevocationList:
        """A CRL of (serial number, moment) pairs, valid from an hour ago for ``days``."""
        builder = x509.CertificateRevocationListBuilder(
            issuer_name=self.certificate.subject, last_update=now - _BACKDATED,
            next_update=now + timedelta(days=days)).add_extension(
            self._own_identifier(), critical=False).add_extension(
            x509.CRLNumber(number), critical=False)
        for serial, moment in revoked:
            builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, moment).build())
        return sign_crl(builder, self.key)

    def _own_identifier(self) -> x509.AuthorityKeyIdentifier:
        return x509.AuthorityKeyIdentifier(key_identifier(self.key.public_key()), None, None)


def new_key(kind: KeyKind) -> PrivateKey:
    """A fresh private key, RSA of 3072 bits."""
    if kind == "sm2":
        return new_sm2_key()
    return rsa.generate_private_key(65537, 3072) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


def new_authority(name: str, kind: KeyKind, *, now: datetime, days: int = 3650) -> Authority:
    """A root whose subject carries the mark 演示 DEMO."""
    key = new_key(kind)
    subject = distinguished_name(common_name=name, organisation=name)
    builder = _builder(subject, subject, key, now, days).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(
        _authority_usage(), critical=True)
    return Authority(sign_certificate(builder, key.public_key(), key), key)


def distinguished_name(*, common_name: str, organisation: str, uscc: str = "") -> x509.Name:
    """C=CN, O, OU=演示 DEMO, serialNumber=USCC, CN."""
    parts = [(NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, organisation),
             (NameOID.ORGANIZATIONAL_UNIT_NAME, DEMO), (NameOID.SERIAL_NUMBER, uscc),
             (NameOID.COMMON_NAME, common_name)]
    return x509.Name([x509.NameAttribute(place, value) for place, value in parts if value])


def _builder(subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: datetime,
             days: int) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer, subject_name=subject,
        serial_number=x509.random_serial_number(), not_valid_before=now - _BACKDATED,
        not_valid_after=now + timedelta(days=days)).add_extension(
        x509.SubjectKeyIdentifier(key_identifier(key.public_key())), critical=False)


def _usage(*, signs: bool, transports: bool, key: PrivateKey) -> x509.KeyUsage:
    """GM/T 0015 gives an SM2 encryption certificate all three uses; RSA transports a key, EC agrees on one."""
    is_rsa, is_sm2 = isinstance(key, rsa.RSAPrivateKey), isinstance(key, Sm2PrivateKey)
    return x509.KeyUsage(
        digital_signature=signs, content_commitment=signs, key_encipherment=transports and (is_rsa or is_sm2),
        data_encipherment=transports and is_sm2, key_agreement=transports and not is_rsa, key_cert_sign=False,
        crl_sign=False, encipher_only=False, decipher_only=False)


def _authority_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False)
