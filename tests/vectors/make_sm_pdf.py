"""Writes sm-signed.pdf: one page signed with the identity of sm.json by SM2, then once more by an EC key; and
sm-lasting.pdf: one signed by SM2, with what its CA says (a CRL of the root, an answer of its OCSP delegate), under the
platform's seal. sm-lasting.json tells by whom and when, and holds the platform's roots and the CA's.

Run from the project's root: ``python -m tests.vectors.make_sm_pdf``. Each run gives other signatures.
"""

import asyncio
import json
from base64 import b64decode
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from asn1crypto import pem
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.serialization import Encoding
from pypdf import PdfWriter

from storage.crypto.demo_pki import Identity, demo_uscc, open_demo_pki, read_pkcs12
from storage.crypto.pdf_lasting import seal_paper
from storage.crypto.pdf_signing import finish_pdf, prepare_pdf
from storage.crypto.pdf_validation import B_LTA, validate_paper
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys
from storage.crypto.revocation import CRL, ask_ocsp, parse_word
from storage.crypto.trust import TrustList, trust_of
from storage.crypto.tsa import EmbeddedAuthority, TimestampAuthority
from storage.kernel.clock import process_now
from tests.pki.authorities import TestAuthority, found_authority
from tests.pki.program import answer, crl

FOLDER = Path(__file__).parent
SIGNER = "国密签署有限公司"


async def signed(pdf: bytes, signer: Identity, field: str, authority: TimestampAuthority | None = None) -> bytes:
    """The document with one more signature."""
    prepared = await prepare_pdf(pdf, signer.certificate, field_name=field)
    return await finish_pdf(prepared, signer.certificate, signer.sign(prepared.to_sign), authority=authority)


async def lasting(pdf: bytes, keys: PlatformKeys, ca: TestAuthority) -> bytes:
    """Signed by SM2, with the CA's words, sealed by the platform: B-LTA both, or this raises."""
    now = process_now()
    signer = ca.issue_pair(SIGNER, begins=now - timedelta(hours=1), ocsp_address="http://ca.invalid/ocsp")
    stamps = EmbeddedAuthority(keys.timestamp)
    root, issuing = (asn1.Certificate.load(pem.unarmor((ca.folder / f"{which}.pem").read_bytes())[2])
                     for which in ("root", "issuing"))
    told = answer(ca, ask_ocsp(signer.certificate.x509.serial_number, issuing), now)
    trust = TrustList((root,), (issuing,), (parse_word(CRL, crl(ca, "root", now)),)).with_answers([told])
    made = await seal_paper(await signed(pdf, signer, "SM2", stamps), keys, stamps, field_name="platform",
                            reason="封存", now=process_now(), others=trust)
    own = trust_of([each.der for each in keys.roots])
    found = await validate_paper(made, TrustList((root,)).joined(own), process_now())
    assert [each.level for each in found.signatures] == [B_LTA, B_LTA], found
    told_of = {"signer": SIGNER, "signed_at": [f"{each.signed_at:%Y-%m-%dT%H:%M:%SZ}" for each in found.signatures],
               "authority": found.signatures[0].authority, "roots": [each.pem for each in keys.roots],
               "ca": ca.certificate("root").public_bytes(Encoding.PEM).decode()}
    (FOLDER / "sm-lasting.json").write_text(json.dumps(told_of, ensure_ascii=False, indent=1), encoding="utf-8")
    return made


async def main() -> None:
    """Makes and writes them."""
    page, made = PdfWriter(), BytesIO()
    page.add_blank_page(200, 100)
    page.write(made)
    held = json.loads((FOLDER / "sm.json").read_text(encoding="utf-8"))["identity"]
    with TemporaryDirectory() as folder:
        pki = open_demo_pki(Path(folder) / "keys", Path(folder) / "trust", now=process_now())
        other = pki.issue(organisation="演示单位", uscc=demo_uscc("演示单位"), kind="ec-p256", now=process_now())
        keys = load_platform_keys(Path(folder) / "own", name="云开平台", now=process_now())
        ca = found_authority(Path(folder) / "sm2-ca", "sm2", process_now())
        (FOLDER / "sm-lasting.pdf").write_bytes(await lasting(made.getvalue(), keys, ca))
    pdf = await signed(made.getvalue(), read_pkcs12(b64decode(held["p12"]), held["password"]), "SM2")
    (FOLDER / "sm-signed.pdf").write_bytes(await signed(pdf, other, "EC"))


if __name__ == "__main__":
    asyncio.run(main())
