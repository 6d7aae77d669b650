"""The authorities' own program: CRLs and OCSP over HTTP. ``python -m tests.pki.program FOLDER PORT``.

``GET /<ca>/root.crl`` and ``/<ca>/issuing.crl``; ``POST /<ca>/ocsp``. Every answer is made afresh from the folder.
"""

import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from storage.crypto.certificate_signing import key_identifier, sign_crl, sm2_with_sm3
from storage.crypto.sm2 import Sm2PrivateKey, sign
from tests.pki.authorities import TestAuthority


def crl(authority: TestAuthority, which: str, now: datetime) -> bytes:
    """The CRL of root or issuing, DER."""
    state = authority.state
    builder = x509.CertificateRevocationListBuilder(
        issuer_name=authority.certificate(which).subject, last_update=now - timedelta(seconds=state["crl_age"]),
        next_update=now + timedelta(seconds=state["crl_seconds"])).add_extension(
        x509.AuthorityKeyIdentifier(key_identifier(authority.key(which).public_key()), None, None), critical=False
        ).add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
    for serial, at in state["revoked"].items() if which == "issuing" else ():
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder(int(serial, 16), datetime.fromisoformat(at)).build())
    return sign_crl(builder, authority.key(which)).public_bytes(Encoding.DER)


def answer(authority: TestAuthority, question: bytes, now: datetime) -> bytes:
    """The OCSP answer: about a certificate of the issuing CA by its delegate, about the intermediate by the root."""
    asked = ocsp.load_der_ocsp_request(question)
    issuer, signer = ("issuing", "responder")
    if asked.issuer_key_hash == key_identifier(authority.key("root").public_key()):
        issuer = signer = "root"
    when = authority.state["revoked"].get(f"{asked.serial_number:x}") if issuer == "issuing" else None
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=asked.issuer_name_hash, issuer_key_hash=asked.issuer_key_hash,
        serial_number=asked.serial_number, algorithm=asked.hash_algorithm,
        cert_status=ocsp.OCSPCertStatus.REVOKED if when else ocsp.OCSPCertStatus.GOOD, this_update=now,
        next_update=now + timedelta(seconds=authority.state["crl_seconds"]),
        revocation_time=datetime.fromisoformat(when) if when else None, revocation_reason=None)
    if signer == "responder":
        builder = builder.certificates([authority.certificate("responder")])
    return _signed(builder, authority.certificate(signer), authority.key(signer))


def _signed(builder: ocsp.OCSPResponseBuilder, signer: x509.Certificate, key: Any) -> bytes:
    """Under SM2 the answer is built with a certificate of the same name that stands in, and signed anew."""
    if not isinstance(key, Sm2PrivateKey):
        return builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer).sign(
            key, hashes.SHA256()).public_bytes(Encoding.DER)
    other = ec.generate_private_key(ec.SECP256R1())
    named = x509.CertificateBuilder(signer.subject, signer.subject, other.public_key(), 1, signer.not_valid_before_utc,
                                    signer.not_valid_after_utc).sign(other, hashes.SHA256())
    made = asn1_ocsp.OCSPResponse.load(builder.responder_id(ocsp.OCSPResponderEncoding.NAME, named).sign(
        other, hashes.SHA256()).public_bytes(Encoding.DER))
    basic = made.basic_ocsp_response
    basic["signature_algorithm"] = sm2_with_sm3()
    basic["signature"] = sign(key, basic["tbs_response_data"].dump())
    whole: bytes = asn1_ocsp.OCSPResponse({"response_status": "successful", "response_bytes": {
        "response_type": "basic_ocsp_response", "response": basic}}).dump()
    return whole


class Handler(BaseHTTPRequestHandler):
    """Answers from the folder the program was started with."""

    folder: Path

    def do_GET(self) -> None:
        _, name, file = self.path.split("/", 2)
        self._give(crl(TestAuthority(self.folder / name), file.removesuffix(".crl"), datetime.now(UTC)))

    def do_POST(self) -> None:
        question = self.rfile.read(int(self.headers["Content-Length"]))
        self._give(answer(TestAuthority(self.folder / self.path.split("/")[1]), question, datetime.now(UTC)))

    def _give(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


if __name__ == "__main__":
    Handler.folder = Path(sys.argv[1])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
