"""Reading a time stamp and checking it (RFC 3161). Asking for one: ``stamping``."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import cms, tsp
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus

from storage.crypto.errors import TimestampRefused
from storage.crypto.trust import TrustList
from storage.kernel.errors import Unavailable


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """``at``: the authority's time, aware UTC; ``authority``: its certificate's common name; ``serial``: decimal."""

    at: datetime
    authority: str
    serial: str
    policy: str


def read_timestamp(token: bytes) -> TimeStamp:
    """What a token says, unchecked; raises ``TimestampRefused`` when it cannot be read."""
    try:
        content = cms.ContentInfo.load(token, strict=True)
        info = info_of(content)
        name = info["tsa"].chosen.native if info["tsa"].native else {}
        return TimeStamp(info["gen_time"].native, str(name.get("common_name", "")),
                         str(info["serial_number"].native), str(info["policy"].native))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TimestampRefused("时间戳无法读取") from error


def end_of(token: bytes) -> datetime:
    """Until when the certificate lasts that signed a token, which it carries; raises ``TimestampRefused``."""
    try:
        signed = cms.ContentInfo.load(token, strict=True)["content"]
        signer = signed["signer_infos"][0]["sid"]
        for each in signed["certificates"]:
            found = each.chosen
            if is_named(signer, found):
                end: datetime = found.not_valid_after
                return end
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise TimestampRefused("时间戳无法读取") from error
    raise TimestampRefused("时间戳未附签名证书")


def is_named(sid: Any, certificate: Any) -> bool:
    """True where a CMS signer identifier (asn1crypto) means this certificate."""
    if sid.name == "subject_key_identifier":
        return bool(sid.chosen.native == certificate.key_identifier)
    return bool(sid.chosen["issuer"] == certificate.issuer
                and sid.chosen["serial_number"].native == certificate.serial_number)


def stamps_digest(token: bytes, digest: bytes) -> bool:
    """True when the token is over this SHA-256 digest; says nothing of who signed it."""
    try:
        return is_over(info_of(cms.ContentInfo.load(token, strict=True)), digest)
    except (ValueError, TypeError, KeyError) as error:
        raise TimestampRefused("时间戳无法读取") from error


async def check_timestamp(token: bytes, digest: bytes, trust: TrustList) -> TimeStamp:
    """The time stamp, where it is over the SHA-256 ``digest`` and by an authority of ``trust`` valid at its time.

    Raises ``TimestampRefused`` in every other case, ``Unavailable`` for SM2 on a machine that does not know it.
    """
    found = read_timestamp(token)
    try:
        content = cms.ContentInfo.load(token, strict=True)
        if not is_over(info_of(content), digest):
            raise TimestampRefused("时间戳不是对这份内容签发的")
        fields = await validate_tst_signed_data(content["content"], trust.context(found.at), lambda _: digest)
        status = TimestampSignatureStatus(**fields)
    except (TimestampRefused, Unavailable):
        raise
    except Exception as error:  # every exception means not valid
        raise TimestampRefused("时间戳验证失败") from error
    if not (status.valid and status.intact and status.trusted):
        raise TimestampRefused("时间戳不可信", intact=bool(status.intact), trusted=bool(status.trusted))
    return found


def info_of(token: Any) -> Any:
    """The TSTInfo of a token (asn1crypto); raises ``ValueError`` for another content."""
    info = token["content"]["encap_content_info"]["content"].parsed
    if not isinstance(info, tsp.TSTInfo):
        raise ValueError("no TSTInfo")
    return info


def is_over(info: Any, digest: bytes) -> bool:
    """True when the TSTInfo is over this SHA-256 digest."""
    imprint = info["message_imprint"]
    return imprint["hash_algorithm"]["algorithm"].native == "sha256" and hmac.compare_digest(
        imprint["hashed_message"].native, digest)
