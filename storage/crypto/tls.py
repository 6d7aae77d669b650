"""Which authorities the connections of this process trust, and the certificate that a program shows of itself."""

import os
import secrets
import ssl
from functools import cache
from pathlib import Path
from tempfile import mkstemp

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat


@cache
def trusted_authorities() -> ssl.SSLContext:
    """For ``verify=`` of any client: reading the hundred and more certificates takes 30 ms of a core each time."""
    return httpx.create_ssl_context()


def client_context(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
                   ) -> ssl.SSLContext:
    """The same with a certificate to show where a server asks for one.

    OpenSSL reads it from a file alone: under a password of this moment, readable by nobody else, and gone at once.
    """
    context, password = httpx.create_ssl_context(), secrets.token_bytes(32).hex().encode()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    handle, name = mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(certificate.public_bytes(Encoding.PEM) + pem)
        context.load_cert_chain(name, password=password)
    finally:
        Path(name).unlink()
    return context
