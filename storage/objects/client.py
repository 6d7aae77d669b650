"""The ``minio`` client with bounded waits, and the bucket it works in."""

import hashlib
import logging
from base64 import b64encode
from secrets import token_hex

import urllib3
from minio import Minio
from minio.error import S3Error

from storage.kernel.errors import Unavailable
from storage.objects.failures import translated

# A broken connection is raised as Unavailable; the library need not also tell it at every attempt.
logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)

REGION = "us-east-1"
# One more attempt when a read breaks before its answer. A PUT that broke may have been done: its caller looks.
_ATTEMPTS = urllib3.Retry(total=1, connect=1, read=1, status=0, other=0, redirect=0, backoff_factor=0.1,
                          allowed_methods={"GET", "HEAD", "DELETE"}, raise_on_status=False)
_NO_CORS_CALL = {"NotImplemented", "MethodNotAllowed"}  # MinIO keeps CORS in its server settings


def make_client(endpoint: str, access_key: str, secret_key: str, *, secure: bool, connections: int,
                connect: float = 5, read: float = 30) -> Minio:
    """A client over its own pool of ``connections``; ``connect`` and ``read`` bound its waits, in seconds."""
    pool = urllib3.PoolManager(num_pools=2, maxsize=connections, block=False, retries=_ATTEMPTS,
                               timeout=urllib3.Timeout(connect=connect, read=read))
    return Minio(endpoint, access_key=access_key, secret_key=secret_key, secure=secure, region=REGION,
                 http_client=pool)


def prepare_bucket(client: Minio, bucket: str, origins: list[str]) -> None:
    """Makes the bucket when there is none, and lets browsers of these origins alone speak to it. Idempotent."""
    with translated(bucket):
        if not client.bucket_exists(bucket):
            client.make_bucket(bucket)
        try:
            _set_origins(client, bucket, origins)
        except S3Error as error:
            if error.code not in _NO_CORS_CALL:
                raise


def prove_bucket(client: Minio, bucket: str) -> None:
    """Writes, reads and removes an object: a store may name its buckets before it can reach its volumes."""
    key, data = f"proof/{token_hex(8)}", b"proof"
    with translated(key):
        client._execute("PUT", bucket, key, body=data)
        if client._execute("GET", bucket, key).data != data:
            raise Unavailable("对象存储读回的数据与写入不一致", key=key)
        client.remove_object(bucket, key)


def _set_origins(client: Minio, bucket: str, origins: list[str]) -> None:
    # SeaweedFS answers every origin until the bucket has rules of its own.
    allowed = "".join(f"<AllowedOrigin>{origin}</AllowedOrigin>" for origin in origins)
    body = ("<CORSConfiguration><CORSRule>" + allowed + "<AllowedMethod>GET</AllowedMethod>"
            "<AllowedMethod>HEAD</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedHeader>*</AllowedHeader>"
            "<ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3600</MaxAgeSeconds>"
            "</CORSRule></CORSConfiguration>").encode()
    client._execute("PUT", bucket, body=body, query_params={"cors": ""}, headers={
        "Content-Type": "application/xml", "Content-MD5": b64encode(hashlib.md5(body).digest()).decode()})
