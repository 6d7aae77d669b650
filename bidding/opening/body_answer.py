"""An opened body over HTTP: whole or by range, decrypted on the fly. Who may read it was decided by the caller."""

from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.response import Stream

from bidding.opening import ranges
from bidding.opening.reading import OpenBody, read
from storage.objects.store import ObjectStore

_OCTETS = "application/octet-stream"
_SHOWN = {"pdf": "application/pdf", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg"}
# The browser's own viewer shows it in a frame of our pages; nothing in it may run, load or frame anything.
_VIEWER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; object-src 'self'; " \
                 "frame-ancestors 'self'"


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


def file_answer(body: OpenBody, store: ObjectStore, wanted: str, within: ranges.Span, name: str) -> Response[Any]:
    """One file that lies as it is within the body: as the body itself, only that its first byte is the file's.

    What a browser shows by its own viewer (PDF, pictures) is sent to be shown, anything else to be kept.
    """
    span = ranges.parse(wanted, within.length)
    outside = within.offset < 0 or within.length < 1 or within.offset + within.length > body.layout.size
    if span is None or outside:
        return Response(b"", status_code=416, headers={"Content-Range": f"bytes */{0 if outside else within.length}"})
    media = _SHOWN.get(name.rpartition(".")[2].lower(), _OCTETS)
    use = "attachment" if media == _OCTETS else "inline"
    headers = {
        "Content-Length": str(span.length), "Accept-Ranges": "bytes", "Cache-Control": "private, no-store",
        "ETag": f'"{body.manifest.sha256}-{within.offset}-{within.length}"', "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": _VIEWER_POLICY,
        "Content-Disposition": f"{use}; filename*=UTF-8''{quote(name, safe='')}"}
    if span.is_partial:
        headers["Content-Range"] = f"bytes {span.offset}-{span.offset + span.length - 1}/{within.length}"
    return Stream(lambda: read(body, store, within.offset + span.offset, span.length), headers=headers,
                  status_code=206 if span.is_partial else 200, media_type=media)
