"""What the programs outside have alike: their own key, how they refuse, how they run."""

from pathlib import Path
from typing import Any

import click
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from litestar import Litestar, Request, Response

from storage.crypto.canonical import to_base64
from storage.crypto.key_files import private_pem, write_private


def own_key(path: Path) -> Ed25519PrivateKey:
    """The program's own key, made on the first start; raises ``ClickException`` for another kind of key."""
    if not path.exists():
        write_private(path, private_pem(Ed25519PrivateKey.generate()))
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise click.ClickException("calls are signed with an Ed25519 key")
    return key


def public_text(key: Ed25519PrivateKey) -> str:
    """The public key as the platform's settings hold it: base64 of 32 bytes."""
    return to_base64(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


def refused(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Whatever a program's books refuse is told in words."""
    return Response({"title": str(error)}, status_code=422)


def run(app: Litestar, port: int) -> None:
    """Serves on the loopback until it is stopped."""
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=3)
