"""Asking an authority for a time stamp (RFC 3161)."""

import secrets

from asn1crypto import tsp

from storage.crypto.errors import TimestampRefused
from storage.crypto.stamp_chain import check_stamp
from storage.crypto.timestamps import info_of, is_over
from storage.crypto.tsa import TimestampAuthority


async def stamp(authority: TimestampAuthority, digest: bytes) -> bytes:
    """The token (DER of a ContentInfo) over a SHA-256 digest.

    Raises ``Unavailable`` when the authority does not answer, ``TimestampRefused`` when it refuses or answers
    something else, or a token that nobody could check offline: its signature, and its chain up to a root that the
    token carries. Whether that root is trusted is the reader's decision.
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
        info = info_of(token)
    except (ValueError, TypeError, KeyError) as error:
        raise TimestampRefused("时间戳服务答复无法读取", authority=authority.name) from error
    if info["nonce"].native != nonce or not is_over(info, digest):
        raise TimestampRefused("时间戳不是对这份内容签发的", authority=authority.name)
    stamped = bytes(token.dump())
    check_stamp(stamped, digest, None)
    return stamped
