"""The S3 calls of an upload in parts that the ``minio`` client keeps to itself or lacks. They block."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from xml.etree import ElementTree

from minio import Minio

from storage.kernel.clock import process_now

_PAGE = 1000
_XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part the store holds; ``sha256_b64`` only where the store lists digests (AWS, MinIO; not SeaweedFS)."""

    number: int
    etag: str
    size: int
    sha256_b64: str | None = None


@dataclass(frozen=True, slots=True)
class PendingUpload:
    """A multipart upload that was begun and neither completed nor aborted."""

    key: str
    upload_id: str
    begun_at: datetime


def begin(client: Minio, bucket: str, key: str) -> str:
    """Begins an upload; returns its id. Each part's digest is signed into its own address."""
    return client._create_multipart_upload(bucket, key, {"Content-Type": "application/octet-stream"})


def send(client: Minio, bucket: str, key: str, upload_id: str, number: int, data: bytes) -> StoredPart:
    """Puts one part; the store refuses bytes of another digest."""
    digest = b64encode(sha256(data).digest()).decode()
    answer = client._execute("PUT", bucket, key, body=data, headers={"x-amz-checksum-sha256": digest},
                             query_params={"uploadId": upload_id, "partNumber": str(number)})
    return StoredPart(number, answer.headers.get("ETag", "").strip('"'), len(data), digest)


def parts_of(client: Minio, bucket: str, key: str, upload_id: str) -> list[StoredPart]:
    """All parts of an upload, by number, page by page."""
    parts: list[StoredPart] = []
    while True:
        answer = client._execute("GET", bucket, key, query_params={
            "uploadId": upload_id, "max-parts": str(_PAGE),
            "part-number-marker": str(parts[-1].number if parts else 0)})
        root = ElementTree.fromstring(answer.data)
        parts += [_part(element) for element in root.iter(f"{_XML}Part")]
        if root.findtext(f"{_XML}IsTruncated") != "true":
            return parts


def complete(client: Minio, bucket: str, key: str, upload_id: str, parts: list[StoredPart]) -> str:
    """Joins the parts into an object that was not there before; returns its etag."""
    root = ElementTree.Element("CompleteMultipartUpload")
    for part in parts:
        element = ElementTree.SubElement(root, "Part")
        ElementTree.SubElement(element, "PartNumber").text = str(part.number)
        ElementTree.SubElement(element, "ETag").text = f'"{part.etag}"'
        if part.sha256_b64:
            ElementTree.SubElement(element, "ChecksumSHA256").text = part.sha256_b64
    answer = client._execute("POST", bucket, key, body=ElementTree.tostring(root), query_params={"uploadId": upload_id},
                             headers={"Content-Type": "application/xml", "If-None-Match": "*"})
    return (ElementTree.fromstring(answer.data).findtext(f"{_XML}ETag") or "").strip('"')


def uploads_under(client: Minio, bucket: str, prefix: str) -> Iterator[PendingUpload]:
    """Uploads under way, page by page."""
    key_marker = id_marker = None
    while True:
        page = client._list_multipart_uploads(bucket, prefix=prefix, key_marker=key_marker, upload_id_marker=id_marker)
        for upload in page.uploads:
            yield PendingUpload(upload.object_name, upload.upload_id or "", upload.initiated_time or process_now())
        if not page.is_truncated:
            return
        key_marker, id_marker = page.next_key_marker, page.next_upload_id_marker


def _part(element: ElementTree.Element) -> StoredPart:
    def text(name: str) -> str:
        return element.findtext(f"{_XML}{name}") or ""
    return StoredPart(int(text("PartNumber")), text("ETag").strip('"'), int(text("Size")),
                      text("ChecksumSHA256") or None)
