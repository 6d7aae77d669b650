"""A statement of the platform for machines: canonical JSON, signed under the platform's document certificate.

Signed bytes: ``"ebid/1 <kind>\\0"‖text``; kind is ``receipt``, ``withdrawal``, ``opening-notice`` … and stands in the
text as well, so a statement of one kind never passes for another. The signature carries its chain, and can be
checked alone and offline; whether the root is trusted is the reader's decision.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.x509 import BasicConstraints, ExtensionNotFound

from storage.crypto.canonical import Json, from_base64, parse_object, to_base64
from storage.crypto.certificates import Certificate, parse_certificate, verify_signature
from storage.crypto.certified_key import CertifiedKey
from storage.crypto.errors import CertificateRefused, Malformed

_LONGEST_CHAIN = 5


def sign_statement(kind: str, text: bytes, key: CertifiedKey) -> dict[str, Json]:
    """``{"chain": [PEM, leaf first, root last], "value": base64}``."""
    return {"chain": [each.pem for each in key.chain], "value": to_base64(key.sign(_signed(kind, text)))}


def check_statement(kind: str, text: bytes, signature: Json, *, at: datetime,
                    roots: Collection[str] | None = None) -> Certificate:
    """The leaf certificate that signed the text, its chain unbroken and inside its dates ``at`` the moment.

    ``roots``: fingerprints (hex) of trusted roots; None leaves that to the caller. Raises ``Malformed``,
    ``SignatureRefused``, ``CertificateRefused``.
    """
    if parse_object(text).get("kind") != kind:
        raise Malformed("声明的种类不符", field="kind")
    if not isinstance(signature, Mapping) or set(signature) != {"chain", "value"}:
        raise Malformed("签名的字段不对", field="signature")
    pems = signature["chain"]
    if not isinstance(pems, list) or not 1 <= len(pems) <= _LONGEST_CHAIN:
        raise Malformed("签名须带证书链", field="chain")
    chain = [parse_certificate(str(pem)) for pem in pems]
    if [each.pem for each in chain] != pems:  # another spelling of the same certificate is not what was given out
        raise Malformed("证书的 PEM 不是唯一写法", field="chain")
    check_chain(chain, at)
    if roots is not None and chain[-1].fingerprint not in roots:
        raise CertificateRefused("证书链的根不受信任", reason="untrusted", fingerprint=chain[-1].fingerprint)
    verify_signature(chain[0], _signed(kind, text), from_base64(signature["value"], "value"))
    return chain[0]


def _signed(kind: str, text: bytes) -> bytes:
    return f"ebid/1 {kind}\0".encode() + text


def check_chain(chain: Sequence[Certificate], at: datetime) -> None:
    """Each certificate, leaf first, issued by the next, the last by itself, all inside their dates ``at`` the moment.

    Raises ``CertificateRefused``.
    """
    for index, certificate in enumerate(chain):
        issuer = chain[min(index + 1, len(chain) - 1)]
        if index and not _may_issue(certificate):
            raise CertificateRefused("证书链中有非 CA 证书", reason="untrusted", fingerprint=certificate.fingerprint)
        try:
            certificate.x509.verify_directly_issued_by(issuer.x509)
        except (InvalidSignature, ValueError, TypeError) as error:
            raise CertificateRefused("证书链不连贯", reason="untrusted", fingerprint=certificate.fingerprint) from error
        if not certificate.is_valid_at(at):
            raise CertificateRefused("证书不在有效期内", reason="expired", fingerprint=certificate.fingerprint)


def _may_issue(certificate: Certificate) -> bool:
    """False for a person's certificate: a signature by its key proves nothing about another's."""
    try:
        return certificate.x509.extensions.get_extension_for_class(BasicConstraints).value.ca
    except ExtensionNotFound:
        return False
