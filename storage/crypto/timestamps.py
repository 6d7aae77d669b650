"""Asking for a time stamp and checking one (RFC 3161)."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import cms, tsp
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko.sign.validation.status import TimestampSignatureStatus

from storage.crypto.errors import TimestampRefused
from storage.crypto.trust import TrustList
from storage.crypto.tsa import TimestampAuthority


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """``at``: the authority's time, aware UTC; ``authority``: its certificate's common name; ``serial``: decimal."""

    at: datetime
    authority: str
    serial: str
    policy: str


async def stamp(authority: TimestampAuthority, digest: bytes) -> bytes:
    """The token (DER of a ContentInfo) over a SHA-256 digest.

    Raises ``Unavailable`` when the authority does not answer, ``TimestampRefused`` when it refuses or answers
    something else. The token's signature is checked by ``check_timestamp``.
    """
    nonce = secrets.randbits(63)
    request = tsp.TimeStampReq({
        "version": "v1", "nonce": nonce, "cert_req": True,
        "message_imprint": {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}})
    answer = await authority.respond(request.dump())
    try:
        response = tsp.TimeStampResp.load(answer, strict=True)
        if response["status"]["status"].native not in ("granted", "granted_with_mods"):
            raise TimestampRefused("时间戳服务拒绝了请求", authority=authority.name)
        token = response["time_stamp_token"]
        info = _info(token)
    except (ValueError, TypeError, KeyError) as error:
        raise TimestampRefused("时间戳服务答复无法读取", authority=authority.name) from error
    if info["nonce"].native != nonce or not _is_over(info, digest):
        raise TimestampRefused("时间戳不是对这份内容签发的", authority=authority.name)
    return bytes(token.dump())


def read_timestamp(token: bytes) -> TimeStamp:
    """What a token says, unchecked; raises ``TimestampRefused`` when it cannot be read."""
    try:
        content = cms.ContentInfo.load(token, strict=True)
        info = _info(content)
        name = info["tsa"].chosen.native if info["tsa"].native else {}
        return TimeStamp(info["gen_time"].native, str(name.get("common_name", "")),
                         str(info["serial_number"].native), str(info["policy"].native))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TimestampRefused("时间戳无法读取") from error


def stamps_digest(token: bytes, digest: bytes) -> bool:
    """True when the token is over this SHA-256 digest; says nothing of who signed it."""
    try:
        return _is_over(_info(cms.ContentInfo.load(token, strict=True)), digest)
    except (ValueError, TypeError, KeyError) as error:
        raise TimestampRefused("时间戳无法读取") from error


async def check_timestamp(token: bytes, digest: bytes, trust: TrustList) -> TimeStamp:
    """The time stamp, where it is over the SHA-256 ``digest`` and by an authority of ``trust`` valid at its time.

    Raises ``TimestampRefused`` in every other case.
    """
    found = read_timestamp(token)
    try:
        content = cms.ContentInfo.load(token, strict=True)
        if not _is_over(_info(content), digest):
            raise TimestampRefused("时间戳不是对这份内容签发的")
        fields = await validate_tst_signed_data(content["content"], trust.context(found.at), lambda _: digest)
        status = TimestampSignatureStatus(**fields)
    except TimestampRefused:
        raise
    except Exception as error:  # every exception means not valid
        raise TimestampRefused("时间戳验证失败") from error
    if not (status.valid and status.intact and status.trusted):
        raise TimestampRefused("时间戳不可信", intact=bool(status.intact), trusted=bool(status.trusted))
    return found


def _info(token: Any) -> Any:
    info = token["content"]["encap_content_info"]["content"].parsed
    if not isinstance(info, tsp.TSTInfo):
        raise ValueError("no TSTInfo")
    return info


def _is_over(info: Any, digest: bytes) -> bool:
    imprint = info["message_imprint"]
    return imprint["hash_algorithm"]["algorithm"].native == "sha256" and hmac.compare_digest(
        imprint["hashed_message"].native, digest)
