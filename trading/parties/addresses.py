"""By which of the platform's two addresses somebody comes, and with which certificate in the TLS (ADR 22)."""

import re
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection

from storage.crypto.canonical import from_base64
from storage.database.settings import Settings

AnyConnection = ASGIConnection[Any, Any, Any, Any]
_BYTES = re.compile(r":([A-Za-z0-9+/]+={0,2}):")  # RFC 8941; a proxy without a certificate may send something else


def origin_of(connection: AnyConnection, settings: Settings) -> str:
    """The origin signed at sign-in: each address has its own, and a signature for one counts by it alone."""
    return settings.program_origin if _is_for_programs(connection, settings) else settings.public_origin


def tls_certificate(connection: AnyConnection, settings: Settings) -> str | None:
    """SHA-256 (lower-case hex) of the certificate with which the connection was made, by RFC 9440; "" where there is
    none by the address of programs, None by the public one, where nobody is asked for it.

    Only the word of a trusted proxy is left in the header (``frontend.server.proxies``).
    """
    if not _is_for_programs(connection, settings):
        return None
    found = _BYTES.fullmatch(connection.headers.get("client-cert", ""))
    return sha256(from_base64(found[1], "Client-Cert")).hexdigest() if found else ""


def _is_for_programs(connection: AnyConnection, settings: Settings) -> bool:
    return bool(settings.program_origin) and connection.headers.get("host") == urlsplit(settings.program_origin).netloc
