"""Answers OCSP questions (RFC 6960) about the certificates of the embedded authority. Not for production."""

from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from storage.crypto.platform_keys import PlatformKeys


def answer_ocsp(question: bytes, keys: PlatformKeys, now: datetime) -> bytes:
    """The answer in DER: good for the platform's own certificates; "unauthorized" for any other, since an authority
    that would call what it does not know good, or revoked, would lie; "malformed request" for what is none."""
    try:
        serial = ocsp.load_der_ocsp_request(question).serial_number
    except (ValueError, TypeError, NotImplementedError):
        return _refused(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
    for certificate in keys.own:
        if certificate.x509.serial_number == serial:
            for answer in keys.vouched(certificate, now):
                return answer
    return _refused(ocsp.OCSPResponseStatus.UNAUTHORIZED)


def _refused(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
