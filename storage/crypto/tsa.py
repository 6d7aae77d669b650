"""Time-stamping authorities (RFC 3161): one in this process for demos and tests, any other over HTTP.

A page that shows a time stamp says which authority is in use: ``name`` and ``is_demo``.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol, runtime_checkable

import httpx
from asn1crypto import algos, cms, core, tsp
from asn1crypto import x509 as asn1

from storage.crypto.certified_key import CertifiedKey
from storage.crypto.outgoing import AnswerRefused, fetch
from storage.crypto.tls import trusted_authorities
from storage.kernel.clock import process_now
from storage.kernel.errors import Unavailable

# RFC 5612 example number: the embedded authority follows no registered policy.
_POLICY = "1.3.6.1.4.1.32473.1"
_LARGEST_ANSWER = 1 << 20
_LENGTHS = {"sha256": 32, "sha384": 48, "sha512": 64}


@runtime_checkable
class TimestampAuthority(Protocol):
    """Answers RFC 3161 requests, both in DER."""

    @property
    def name(self) -> str:
        """As shown on pages and papers."""

    @property
    def is_demo(self) -> bool:
        """True for the embedded one."""

    async def respond(self, request: bytes) -> bytes:
        """TimeStampReq in, TimeStampResp out; raises ``Unavailable`` when the authority does not answer."""


class HttpAuthority:
    """An external authority by address; the answer counts only after ``stamping.stamp`` has checked it."""

    is_demo = False

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        self._url, self._timeout = url, timeout
        self.name = httpx.URL(url).host

    async def respond(self, request: bytes) -> bytes:
        """Posts the request; see ``TimestampAuthority``."""
        try:
            async with httpx.AsyncClient(follow_redirects=False, verify=trusted_authorities(),
                                         headers={"Accept": "application/timestamp-reply"}) as client:
                return await fetch(client, "POST", self._url, most=_LARGEST_ANSWER, seconds=self._timeout,
                                   content=request, content_type="application/timestamp-query")
        except AnswerRefused as error:
            raise Unavailable("时间戳服务答复异常", authority=self.name, answer=str(error)) from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unavailable("时间戳服务暂不可用", authority=self.name) from error


class EmbeddedAuthority:
    """Stamps with the platform's own key and clock: form and proof are real, independence is not."""

    is_demo = True

    def __init__(self, identity: CertifiedKey, clock: Callable[[], datetime] = process_now) -> None:
        self._clock = clock
        self.take(identity)

    def take(self, identity: CertifiedKey) -> None:
        """Stamps by this identity from now on: its certificate was renewed."""
        self._identity = identity
        self._certificates = [asn1.Certificate.load(item.der) for item in identity.chain]
        self.name = identity.certificate.common_name

    async def respond(self, request: bytes) -> bytes:
        """See ``TimestampAuthority``; a request in another form is answered with a rejection."""
        try:
            asked = tsp.TimeStampReq.load(request, strict=True)
            imprint = asked["message_imprint"]
            algorithm = imprint["hash_algorithm"]["algorithm"].native
            fits = _LENGTHS.get(algorithm) == len(imprint["hashed_message"].native)
        except (ValueError, TypeError, KeyError):
            return _rejection("bad_data_format")
        if not fits:
            return _rejection("bad_alg")
        signed = self._sign(_info(asked, self._clock(), self._certificates[0]), with_chain=asked["cert_req"].native)
        token = {"content_type": "signed_data", "content": signed}
        return bytes(tsp.TimeStampResp({"status": {"status": "granted"}, "time_stamp_token": token}).dump())

    def _sign(self, info: bytes, *, with_chain: bool) -> Any:
        leaf, digest = self._certificates[0], {"algorithm": "sha256"}
        attributes = cms.CMSAttributes([
            {"type": "content_type", "values": ["tst_info"]},
            {"type": "message_digest", "values": [sha256(info).digest()]},
            {"type": "signing_certificate_v2", "values": [
                tsp.SigningCertificateV2({"certs": [{"cert_hash": sha256(leaf.dump()).digest()}]})]},
        ])
        kind = "sha256_ecdsa" if leaf.public_key.algorithm == "ec" else "sha256_rsa"
        signer = cms.SignerInfo({
            "version": "v1", "digest_algorithm": digest, "signed_attrs": attributes,
            "sid": {"issuer_and_serial_number": {"issuer": leaf.issuer, "serial_number": leaf.serial_number}},
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": kind}),
            "signature": self._identity.sign(attributes.dump())})
        fields = {
            "version": "v3", "digest_algorithms": [digest], "signer_infos": [signer],
            "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(info)}}
        return cms.SignedData(fields | ({"certificates": self._certificates} if with_chain else {}))


def _info(asked: Any, at: datetime, leaf: Any) -> bytes:
    fields = {
        "version": "v1", "policy": _POLICY, "message_imprint": asked["message_imprint"],
        "serial_number": secrets.randbits(128), "gen_time": at, "accuracy": {"seconds": 1}, "ordering": False,
        "tsa": asn1.GeneralName("directory_name", leaf.subject)}
    if asked["nonce"].native is not None:
        fields["nonce"] = asked["nonce"]
    return bytes(tsp.TSTInfo(fields).dump())


def _rejection(reason: str) -> bytes:
    # By hand: asn1crypto's TimeStampResp cannot lack its token, RFC 3161's can.
    status = bytes(tsp.PKIStatusInfo({"status": "rejection", "fail_info": {reason}}).dump())
    return b"\x30" + bytes([len(status)]) + status
