"""Addresses that carry their own permission: AWS Signature Version 4 in the query, with chosen headers signed in.

The ``minio`` client signs the host alone. Here the digest of the body is signed too, so the store refuses any
other bytes than the ones announced, and a request that leaves the digest out (R-220: what was sealed is stored).
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlsplit

ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Signer:
    """Whose key signs, for which region."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"

    def presign(self, method: str, address: str, *, at: datetime, seconds: int, query: Mapping[str, str],
                headers: Mapping[str, str]) -> str:
        """The address with its signature in the query; ``at`` is aware UTC, ``headers`` must be sent as given."""
        target = urlsplit(address)
        stamp, scope = at.strftime("%Y%m%dT%H%M%SZ"), f"{at:%Y%m%d}/{self.region}/s3/aws4_request"
        signed = {name.lower(): value.strip() for name, value in headers.items()} | {"host": target.netloc}
        names = ";".join(sorted(signed))
        asked = _query({**query, "X-Amz-Algorithm": ALGORITHM, "X-Amz-Credential": f"{self.access_key}/{scope}",
                        "X-Amz-Date": stamp, "X-Amz-Expires": str(seconds), "X-Amz-SignedHeaders": names})
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        request = "\n".join((method, target.path, asked, lines, names, "UNSIGNED-PAYLOAD"))
        to_sign = "\n".join((ALGORITHM, stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
        return f"{address}?{asked}&X-Amz-Signature={self._signature(scope, to_sign)}"

    def _signature(self, scope: str, to_sign: str) -> str:
        key = b"AWS4" + self.secret_key.encode()
        for word in scope.split("/"):
            key = _hmac(key, word)
        return _hmac(key, to_sign).hex()


def object_address(origin: str, bucket: str, key: str) -> str:
    """The path-style address of one object under ``scheme://host:port``."""
    return f"{origin}/{quote(bucket)}/{quote(key)}"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _query(values: Mapping[str, str]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(values.items()))
