"""The platform's own keys: Ed25519 for checkpoints, EC certificates for documents and time stamps, a master key.

They lie in ``platform/`` of the key directory, which is made on the first start with identities of an embedded
演示 authority; an operator puts certified ones in their place, under the same names, and takes the embedded
``authority.pem`` away.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from storage.crypto.authority import Authority, distinguished_name, new_authority, new_key
from storage.crypto.certificates import Certificate, describe
from storage.crypto.errors import Malformed
from storage.crypto.key_files import private_pem, write_private
from storage.crypto.signatures import PrivateKey, sign, signing_key

_FILES = ("checkpoint.pem", "document.pem", "timestamp.pem", "master.key")


@dataclass(frozen=True, slots=True)
class CertifiedKey:
    """A private key with its certificates, leaf first, root last."""

    key: PrivateKey = field(repr=False)
    chain: tuple[Certificate, ...]

    @property
    def certificate(self) -> Certificate:
        """The leaf."""
        return self.chain[0]

    def sign(self, message: bytes) -> bytes:
        """ECDSA-SHA256 DER, or RSA PKCS#1 v1.5 SHA-256."""
        return sign(self.key, message)


class PlatformKeys:
    """What the platform signs and seals with. ``crls``: DER, of the embedded authority; empty for certified keys.

    A plain class: frameworks that look into dataclasses must not look into this one.
    """

    __slots__ = ("checkpoint", "crls", "document", "master", "timestamp")

    def __init__(self, checkpoint: ed25519.Ed25519PrivateKey, document: CertifiedKey, timestamp: CertifiedKey,
                 master: bytes, crls: tuple[bytes, ...]) -> None:
        self.checkpoint, self.document, self.timestamp = checkpoint, document, timestamp
        self.master, self.crls = master, crls

    @property
    def checkpoint_public(self) -> bytes:
        """The 32 raw bytes of the checkpoint key."""
        return self.checkpoint.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def roots(self) -> tuple[Certificate, ...]:
        """The roots of both chains, each once: what a reader of our documents needs to trust."""
        found = {chain[-1].fingerprint: chain[-1] for chain in (self.document.chain, self.timestamp.chain)}
        return tuple(found.values())


def load_platform_keys(directory: Path, *, name: str, now: datetime) -> PlatformKeys:
    """The keys in ``directory/platform``; makes them where there is none. Several nodes may start at once.

    ``name``: the platform's name, into the certificates; ``now``: process time will do. Raises ``Malformed`` when
    some of the files are missing.
    """
    directory = directory / "platform"
    if not directory.exists():
        _make(directory, name, now)
    missing = [file for file in _FILES if not (directory / file).exists()]
    if missing:
        raise Malformed("平台密钥目录不完整", missing=missing)
    checkpoint = load_pem_private_key((directory / "checkpoint.pem").read_bytes(), None)
    if not isinstance(checkpoint, ed25519.Ed25519PrivateKey):
        raise Malformed("checkpoint.pem 须为 Ed25519 私钥")
    master = bytes.fromhex((directory / "master.key").read_text().strip())
    return PlatformKeys(checkpoint, _certified(directory / "document.pem"), _certified(directory / "timestamp.pem"),
                        master, _embedded_crls(directory / "authority.pem", now))


def _certified(path: Path) -> CertifiedKey:
    data = path.read_bytes()
    chain = tuple(describe(item) for item in x509.load_pem_x509_certificates(data))
    return CertifiedKey(signing_key(load_pem_private_key(data, None)), chain)


def _embedded_crls(path: Path, now: datetime) -> tuple[bytes, ...]:
    if not path.exists():
        return ()
    embedded = _certified(path)
    listed = Authority(embedded.certificate.x509, embedded.key).revocation_list(now=now, days=365)
    return (listed.public_bytes(Encoding.DER),)


def _make(directory: Path, name: str, now: datetime) -> None:
    """Fills a directory beside, then moves it into place; a node that comes second keeps what the first made."""
    directory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    staged = Path(mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    authority = new_authority("云开演示平台 CA", "ec-p256", now=now)
    root = authority.certificate.public_bytes(Encoding.PEM)
    write_private(staged / "authority.pem", private_pem(authority.key) + root)
    write_private(staged / "checkpoint.pem", private_pem(ed25519.Ed25519PrivateKey.generate()))
    write_private(staged / "master.key", secrets.token_hex(32).encode())
    for file, title in (("document.pem", name), ("timestamp.pem", f"{name} 时间戳")):
        key = new_key("ec-p256")
        subject = distinguished_name(common_name=title, organisation=name)
        leaf = authority.issue(key, subject, now=now, days=3600, time_stamping=file == "timestamp.pem")
        write_private(staged / file, private_pem(key) + leaf.public_bytes(Encoding.PEM) + root)
    try:
        staged.replace(directory)  # refused where another node's stands already
    except OSError:
        for path in staged.iterdir():
            path.unlink()
        staged.rmdir()
