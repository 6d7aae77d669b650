"""An opened body over HTTP: whole or by range, decrypted on the fly. Who may read it was decided by the caller."""

from typing import Any

from litestar import Response
from litestar.response import Stream

from bidding.opening import ranges
from bidding.opening.reading import OpenBody, read
from storage.objects.store import ObjectStore

_OCTETS = "application/octet-stream"


def body_answer(body: OpenBody, store: ObjectStore, wanted: str) -> Response[Any]:
    """200, 206 or 416 for the ``Range`` header; the ETag is the digest of what the bidder signed (B-023)."""
    size = body.layout.size
    span = ranges.parse(wanted, size)
    if span is None:
        return Response(b"", status_code=416, headers={"Content-Range": f"bytes */{size}"})
    headers = {
        "Content-Type": _OCTETS, "Content-Length": str(span.length), "Accept-Ranges": "bytes",
        "ETag": f'"{body.manifest.sha256}"', "Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f'attachment; filename="bid-{body.bid_id}.bin"'}
    if span.is_partial:
        headers["Content-Range"] = f"bytes {span.offset}-{span.offset + span.length - 1}/{size}"
    return Stream(lambda: read(body, store, span.offset, span.length), headers=headers,
                  status_code=206 if span.is_partial else 200, media_type=_OCTETS)
