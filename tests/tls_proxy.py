"""A proxy with TLS as a program of its own, of two doors as in ``compose.yaml``: one for pages, one for programs, which
asks for a client certificate and hands it on by RFC 9440. It reaches the node from an address of its own."""

import asyncio
import re
import ssl
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from storage.kernel.clock import process_now
from tests.nodes import ROOT

ADDRESS = "127.0.0.2"  # whom nodes trust, and none of a test's own clients
_REPLACED = re.compile(rb"(?im)^(client-cert|x-forwarded-for):.*\r\n")
_NOT_KEPT = re.compile(rb"(?im)^connection: *(?!upgrade).*\r\n")


def make_server_certificate(file: Path) -> None:
    """Key and certificate of 127.0.0.1, signed by itself: whoever trusts the file trusts the server."""
    key, now = ec.generate_private_key(ec.SECP256R1()), process_now()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "proxy")])
    place = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1),
                                   now + timedelta(days=9)).add_extension(place, critical=False).sign(key, SHA256())
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                     + made.public_bytes(Encoding.PEM))


@contextmanager
def tls_proxy(node: int, pages: int, programs: int, own: Path, roots: Sequence[Path]) -> Iterator[None]:
    """The program between two ports and that of a node; ``roots``: whose client certificates it takes."""
    words = [sys.executable, "-m", "tests.tls_proxy", *map(str, (node, pages, programs, own, *roots))]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield
        process.terminate()


def _told(head: bytes, peer: str, certificate: bytes | None, *, asks: bool) -> bytes:
    """The head of a request as the node gets it: one request a connection, and the proxy's own word on who asks."""
    head = _REPLACED.sub(b"", head)
    if not re.search(rb"(?im)^connection: *upgrade", head):
        head = _NOT_KEPT.sub(b"", head).removesuffix(b"\r\n") + b"Connection: close\r\n\r\n"
    head = head.removesuffix(b"\r\n") + f"X-Forwarded-For: {peer}\r\n".encode()
    if asks:  # without a certificate Caddy leaves the name of its place as it stands
        shown = b64encode(certificate) if certificate else b"{http.request.tls.client.certificate_der_base64}"
        head += b"Client-Cert: :" + shown + b":\r\n"
    return head + b"\r\n"


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _open_door(port: int, node: int, context: ssl.SSLContext) -> asyncio.Server:
    asks = context.verify_mode != ssl.CERT_NONE

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            head = await reader.readuntil(b"\r\n\r\n")
            inner = await asyncio.open_connection("127.0.0.1", node, local_addr=(ADDRESS, 0))
            inner[1].write(_told(head, writer.get_extra_info("peername")[0], certificate, asks=asks))
            await asyncio.gather(_pass_on(reader, inner[1]), _pass_on(inner[0], writer))

    return await asyncio.start_server(serve, "127.0.0.1", port, ssl=context)


async def _main(node: int, pages: int, programs: int, own: Path, roots: Sequence[str]) -> None:
    contexts = [ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) for _ in range(2)]
    for context in contexts:
        context.load_cert_chain(own)
    contexts[1].verify_mode, contexts[1].minimum_version = ssl.CERT_OPTIONAL, ssl.TLSVersion.TLSv1_3
    for root in roots:
        contexts[1].load_verify_locations(root)
    doors = [await _open_door(port, node, context) for port, context in zip((pages, programs), contexts, strict=True)]
    print("ready", flush=True)
    await asyncio.gather(*(door.serve_forever() for door in doors))


if __name__ == "__main__":
    asyncio.run(_main(*map(int, sys.argv[1:4]), Path(sys.argv[4]), sys.argv[5:]))
