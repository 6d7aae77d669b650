"""Certificates and CRLs signed by any key that this platform takes: for CAs of our own, never in production.

``cryptography`` builds every extension but knows no SM2. For SM2 the structure is built under a key that stands in,
then key, algorithm and signature are put in place.
"""

from functools import cache
from hashlib import sha1
from typing import Any

from asn1crypto import crl, keys
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from storage.crypto.errors import NotSupported
from storage.crypto.signatures import PrivateKey, PublicKey
from storage.crypto.sm2 import SM2_WITH_SM3, Sm2PrivateKey, Sm2PublicKey, sign


def sign_certificate(builder: x509.CertificateBuilder, public_key: PublicKey, issuer: PrivateKey) -> x509.Certificate:
    """The certificate of ``public_key``; the builder has everything else. An SM2 key is certified by SM2 alone."""
    if not isinstance(issuer, Sm2PrivateKey):
        if isinstance(public_key, Sm2PublicKey):
            raise NotSupported("SM2 证书须由 SM2 机构签发")
        return builder.public_key(public_key).sign(issuer, hashes.SHA256())
    if not isinstance(public_key, Sm2PublicKey):
        raise NotSupported("SM2 机构只签发 SM2 证书")
    made = asn1.Certificate.load(_stand_in_signed(builder.public_key(_stand_in().public_key())))
    body = made["tbs_certificate"]
    body["subject_public_key_info"] = keys.PublicKeyInfo.load(public_key.spki)
    return x509.load_der_x509_certificate(_signed_anew(made, body, "signature_value", issuer))


def sign_crl(builder: x509.CertificateRevocationListBuilder, issuer: PrivateKey) -> x509.CertificateRevocationList:
    """The CRL under its issuer's key."""
    if not isinstance(issuer, Sm2PrivateKey):
        return builder.sign(issuer, hashes.SHA256())
    made = crl.CertificateList.load(_stand_in_signed(builder))
    return x509.load_der_x509_crl(_signed_anew(made, made["tbs_cert_list"], "signature", issuer))


def key_identifier(public_key: PublicKey) -> bytes:
    """SHA-1 of the public key's bits, as subject and authority key identifiers name a key (RFC 5280, 4.2.1.2)."""
    if isinstance(public_key, Sm2PublicKey):
        return sha1(public_key.point, usedforsecurity=False).digest()
    return x509.SubjectKeyIdentifier.from_public_key(public_key).digest


def sm2_with_sm3() -> dict[str, str]:
    """The algorithm identifier, without parameters."""
    return {"algorithm": SM2_WITH_SM3}


def _signed_anew(made: Any, body: Any, place: str, issuer: Sm2PrivateKey) -> bytes:
    body["signature"] = sm2_with_sm3()
    made["signature_algorithm"] = sm2_with_sm3()
    made[place] = sign(issuer, body.dump(force=True))
    whole: bytes = made.dump(force=True)
    return whole


def _stand_in_signed(builder: x509.CertificateBuilder | x509.CertificateRevocationListBuilder) -> bytes:
    return builder.sign(_stand_in(), hashes.SHA256()).public_bytes(Encoding.DER)


@cache
def _stand_in() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
