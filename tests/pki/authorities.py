"""Certification authorities of our own, as real ones are: root and intermediate, CRL, OCSP with a delegate; those of
kind sm2 issue dual certificates (R-702).

State lies in one folder: the tests issue and revoke by it, the program (``program.py``) publishes from it over HTTP.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from storage.crypto.authority import distinguished_name, new_key
from storage.crypto.certificate_signing import key_identifier, sign_certificate
from storage.crypto.certificates import describe
from storage.crypto.demo_pki import Identity, demo_uscc
from storage.crypto.key_files import private_pem, read_private_pem, write_private

POLICY = "1.2.156.99999.1.1"
USAGES = {"none": (), "sign": ("digital_signature", "content_commitment"),
          "wrap": ("key_agreement", "key_encipherment", "data_encipherment"),
          "both": ("digital_signature", "content_commitment", "key_agreement", "key_encipherment")}


@dataclass(frozen=True)
class TestAuthority:
    """One CA in its folder: ``root.pem`` and ``issuing.pem`` with their keys, ``responder.pem``, ``state.json``."""

    __test__ = False
    folder: Path

    @property
    def name(self) -> str:
        """As addresses have it."""
        return self.folder.name

    def certificate(self, which: str) -> x509.Certificate:
        """root, issuing or responder."""
        return x509.load_pem_x509_certificate((self.folder / f"{which}.pem").read_bytes())

    def key(self, which: str) -> Any:
        """The private key of the same."""
        return read_private_pem((self.folder / f"{which}.key").read_bytes())

    @property
    def chain_pem(self) -> str:
        """Root and intermediate, as they are proposed for the trust list."""
        return "".join(self.certificate(each).public_bytes(Encoding.PEM).decode() for each in ("root", "issuing"))

    @property
    def state(self) -> dict[str, Any]:
        """``revoked``: serial (hex) → instant; ``crl_seconds``: how long a CRL or answer is good from its giving out;
        ``crl_age``: how many seconds before that the CRL was made."""
        found: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return found

    def change(self, **fields: Any) -> None:
        """Changes the state; the program reads it at every question."""
        write_private(self.folder / "state.json", json.dumps(self.state | fields).encode())

    def revoke(self, identity: Identity, at: datetime) -> None:
        """From that instant on."""
        self.change(revoked=self.state["revoked"] | {identity.certificate.serial: at.isoformat()})

    def issue(self, organisation: str, *, begins: datetime, days: float = 800, usage: str = "both",
              policy: str = POLICY, uscc: str | None = None, ocsp_address: str = "") -> Identity:
        """A certificate for the enterprise of that name, valid from ``begins`` for ``days``; ``ocsp_address``: where it
        itself says to ask (AIA), "" for nowhere."""
        key = new_key(self.state["kind"])
        subject = distinguished_name(common_name=organisation, organisation=organisation,
                                     uscc=uscc or demo_uscc(organisation))
        made = _certificate(subject, key, self, "issuing", begins, days).add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True).add_extension(
            x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(policy), None)]), critical=False)
        if ocsp_address:
            place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP,
                                           x509.UniformResourceIdentifier(ocsp_address))
            made = made.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
        if usage != "none":
            made = made.add_extension(_usage(*USAGES[usage]), critical=True)
        signed = sign_certificate(made, key.public_key(), self.key("issuing"))
        return Identity(describe(signed), key, self.certificate("issuing"))

    def issue_pair(self, organisation: str, *, begins: datetime, days: float = 800,
                   uscc: str | None = None, ocsp_address: str = "") -> Identity:
        """A dual pair: the signing half, with the encryption half beside it."""
        signing, encryption = (self.issue(organisation, begins=begins, days=days, usage=usage, uscc=uscc,
                                          ocsp_address=ocsp_address)
                               for usage in ("sign", "wrap"))
        return replace(signing, encryption=encryption)


def found_authority(folder: Path, kind: str, now: datetime) -> TestAuthority:
    """A CA of that kind of key: root, issuing intermediate, OCSP delegate, nothing revoked."""
    folder.mkdir(parents=True)
    made = TestAuthority(folder)
    state = {"kind": kind, "revoked": {}, "crl_seconds": 3600, "crl_age": 1}
    write_private(folder / "state.json", json.dumps(state).encode())
    for which, issuer, sign in (("root", "root", ("key_cert_sign", "crl_sign")),
                                ("issuing", "root", ("key_cert_sign", "crl_sign")),
                                ("responder", "issuing", ("digital_signature",))):
        key = new_key(kind)  # type: ignore[arg-type]
        write_private(folder / f"{which}.key", private_pem(key))
        subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
                             x509.NameAttribute(NameOID.COMMON_NAME, f"试验 {folder.name} {which}")])
        builder = _certificate(subject, key, made, issuer, now - timedelta(days=400), 4000,
                               issuer_name=subject if which == "root" else None).add_extension(
            x509.BasicConstraints(ca=which != "responder", path_length=None), critical=True).add_extension(
            _usage(*sign), critical=True)
        if which == "responder":
            # Nobody is asked about the delegate itself (RFC 6960, 4.2.2.2.1): else there were no end to asking.
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False
                                            ).add_extension(x509.OCSPNoCheck(), critical=False)
        signed = sign_certificate(builder, key.public_key(), made.key(issuer))
        (folder / f"{which}.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    return made


def _certificate(subject: x509.Name, key: Any, authority: TestAuthority, issuer: str, begins: datetime, days: float, *,
                 issuer_name: x509.Name | None = None) -> x509.CertificateBuilder:
    name = issuer_name or authority.certificate(issuer).subject
    return x509.CertificateBuilder(
        issuer_name=name, subject_name=subject,
        serial_number=x509.random_serial_number(), not_valid_before=begins,
        not_valid_after=begins + timedelta(days=days)).add_extension(
        x509.SubjectKeyIdentifier(key_identifier(key.public_key())), critical=False)


def _usage(*granted: str) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in granted for name in names})
