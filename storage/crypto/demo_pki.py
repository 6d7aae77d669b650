"""The demo's three CAs and the identities they issue: complete and real in form, worth nothing outside a demo.

Everything carries 演示 DEMO in its subject. Keys of the CAs lie beside, readable by this process alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12
from stdnum.cn import uscc as uscc_number

from storage.crypto.authority import ENCRYPTION, SIGNING, Authority, KeyKind, distinguished_name, new_authority, new_key
from storage.crypto.certificates import Certificate, describe, parse_certificate
from storage.crypto.errors import Malformed
from storage.crypto.key_files import private_pem, read_private_pem, write_private
from storage.crypto.signatures import PrivateKey, sign, signing_key
from storage.crypto.sm2 import SM2, Sm2PrivateKey
from storage.crypto.sm2_files import read_sm2_pkcs12, write_pkcs12

_ROOTS: dict[KeyKind, str] = {"rsa": "云开演示 RSA 根 CA", "ec-p256": "云开演示 EC 根 CA", "sm2": "云开演示 SM2 根 CA"}
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True, slots=True)
class Identity:
    """A demo identity with its private key; in a demo it goes to the person as a PKCS#12 file.

    With SM2 this is the signing half of a dual pair, and ``encryption`` the other half (R-702).
    """

    certificate: Certificate
    key: PrivateKey = field(repr=False)
    issuer: x509.Certificate = field(repr=False)
    encryption: "Identity | None" = None

    @property
    def recipient(self) -> "Identity":
        """The half that secrets are sealed to: its own pair's, or itself."""
        return self.encryption or self

    def sign(self, message: bytes) -> bytes:
        """As the holder's client signs."""
        return sign(self.key, message)

    def to_pkcs12(self, password: str) -> bytes:
        """PKCS#12 with PBES2/AES-256-CBC and HMAC-SHA-256, which node-forge and OpenSSL 3 read; of SM2 both halves."""
        if isinstance(self.key, Sm2PrivateKey):
            halves = [(each.key, each.certificate.der) for each in (self, self.recipient)
                      if isinstance(each.key, Sm2PrivateKey)]
            others = [self.issuer.public_bytes(Encoding.DER)]
            return write_pkcs12(halves if self.encryption else halves[:1], others, password)
        encryption = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(20_000).key_cert_algorithm(
            pkcs12.PBES.PBESv2SHA256AndAES256CBC).hmac_hash(hashes.SHA256()).build(password.encode())
        name = self.certificate.common_name.encode()
        return pkcs12.serialize_key_and_certificates(
            name, self.key, self.certificate.x509, [self.issuer], encryption)


@dataclass(frozen=True, slots=True)
class DemoPki:
    """The roots by key kind, and the trust directory they publish to."""

    roots: dict[KeyKind, Authority] = field(repr=False)
    directory: Path

    def issue(self, *, organisation: str, uscc: str, kind: KeyKind, now: datetime, common_name: str = "",
              days: int = 825) -> Identity:
        """A new identity, with SM2 a dual pair; ``common_name`` defaults to the organisation. A second call gives a
        second certificate."""
        subject = distinguished_name(common_name=common_name or organisation, organisation=organisation, uscc=uscc)
        halves = []
        for half in (SIGNING, ENCRYPTION) if kind == SM2 else ("",):
            key = new_key(kind)
            made = self.roots[kind].issue(key, subject, now=now, days=days, half=half)
            halves.append(Identity(describe(made), key, self.roots[kind].certificate))
        return replace(halves[0], encryption=halves[1]) if len(halves) == 2 else halves[0]

    def revoke(self, certificate: Certificate, *, now: datetime) -> None:
        """Puts the certificate on its root's CRL, and publishes the CRL."""
        for kind, root in self.roots.items():
            if root.certificate.subject == certificate.x509.issuer:
                revoked = self._revoked(kind) | {certificate.serial: now.isoformat()}
                write_private(self._record(kind), json.dumps(revoked).encode())
        self.publish(now=now)

    def publish(self, *, now: datetime) -> None:
        """Writes roots and fresh CRLs into the trust directory."""
        for kind, root in self.roots.items():
            revoked = tuple((int(serial, 16), datetime.fromisoformat(moment))
                            for serial, moment in self._revoked(kind).items())
            listed = root.revocation_list(now=now, revoked=revoked, number=len(revoked) + 1)
            write_private(self.directory / f"demo-{kind}.pem", root.certificate.public_bytes(Encoding.PEM))
            write_private(self.directory / f"demo-{kind}.crl", listed.public_bytes(Encoding.DER))

    def _record(self, kind: KeyKind) -> Path:
        return self.directory / f"demo-{kind}.revoked.json"

    def _revoked(self, kind: KeyKind) -> dict[str, str]:
        path = self._record(kind)
        found: dict[str, str] = json.loads(path.read_bytes()) if path.exists() else {}
        return found


def open_demo_pki(keys: Path, trust: Path, *, now: datetime) -> DemoPki:
    """Loads the demo roots from ``keys``, makes them on the first call, and publishes to ``trust``."""
    for directory in (keys, trust):
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    pki = DemoPki({kind: _root(keys / f"demo-{kind}-root.pem", kind, now) for kind in _ROOTS}, trust)
    pki.publish(now=now)
    return pki


def read_pkcs12(data: bytes, password: str) -> Identity:
    """An identity from a PKCS#12 file with its issuer; raises ``Malformed`` for a wrong password or other content."""
    try:
        found = pkcs12.load_pkcs12(data, password.encode())
    except (ValueError, UnsupportedAlgorithm):
        return _paired(*read_sm2_pkcs12(data, password))
    if found.cert is None or found.key is None or not found.additional_certs:
        raise Malformed("证书文件内容不全", field="pkcs12")
    return Identity(
        describe(found.cert.certificate), signing_key(found.key), found.additional_certs[0].certificate)


def _paired(held: Sequence[Sm2PrivateKey], certificates: Sequence[bytes]) -> Identity:
    """Each key with the certificate of its public point; the halves of a dual pair together."""
    parsed = [parse_certificate(each) for each in certificates]
    halves = {each.can_sign: Identity(each, key, _issuer_of(each, parsed)) for key in held for each in parsed
              if each.public_key == key.public}
    if len(halves) != len(held) or True not in halves:
        raise Malformed("证书文件内容不全：须有签名证书与加密证书及其私钥", field="pkcs12")
    signing, encryption = halves[True], halves.get(False)
    if encryption and not signing.certificate.is_pair_with(encryption.certificate):
        raise Malformed("签名证书与加密证书不是同一单位的一对", field="pkcs12")
    return replace(signing, encryption=encryption)


def _issuer_of(certificate: Certificate, found: Sequence[Certificate]) -> x509.Certificate:
    issuer = next((each.x509 for each in found if each.x509.subject == certificate.x509.issuer), None)
    if issuer is None:
        raise Malformed("证书文件内容不全", field="pkcs12")
    return issuer


def demo_uscc(name: str) -> str:
    """An 18-character unified social credit code with a valid check character, the same for the same name."""
    number = int.from_bytes(sha256(name.encode()).digest()[:8])
    digits = "".join(_ALPHABET[number // 31**place % 31] for place in range(9))
    body = "91320700" + digits
    return body + str(uscc_number.calc_check_digit(body))


def _root(path: Path, kind: KeyKind, now: datetime) -> Authority:
    if not path.exists():
        made = new_authority(_ROOTS[kind], kind, now=now)
        write_private(path, private_pem(made.key) + made.certificate.public_bytes(Encoding.PEM))
    data = path.read_bytes()
    return Authority(x509.load_pem_x509_certificate(data), read_private_pem(data))
