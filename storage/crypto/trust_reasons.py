"""Why a certificate is not valid, in one word for programs and one sentence for people."""

from datetime import datetime

from pyhanko_certvalidator.errors import ExpiredError, NotYetValidError, PathBuildingError

from storage.crypto.certificates import Certificate
from storage.crypto.errors import CertificateRefused


def reason_of(error: Exception, certificate: Certificate, at: datetime) -> str:
    """The reason of a failed path: expired, not-yet-valid, untrusted."""
    match error:
        case ExpiredError():
            return "expired"
        case NotYetValidError():
            return "not-yet-valid"
        case PathBuildingError():
            return "untrusted"
    if not certificate.is_valid_at(at):
        return "expired" if at > certificate.not_after else "not-yet-valid"
    return "untrusted"


REASONS = {
    "usage": "证书用途不符", "revoked": "证书已被吊销", "expired": "证书已过期", "not-yet-valid": "证书尚未生效",
    "untrusted": "证书不是信任列表中的机构签发", "revocation-unknown": "无法确认证书是否被吊销",
    "suspended": "签发机构已在信任列表中暂停", "not-listed": "签发机构此时不在信任列表的有效期内",
    "policy": "证书策略不在信任列表认可的范围内",
}


def refusal(reason: str, certificate: Certificate) -> CertificateRefused:
    """The refusal in words, with its reason and the certificate's fingerprint."""
    return CertificateRefused(REASONS[reason], reason=reason, fingerprint=certificate.fingerprint)
