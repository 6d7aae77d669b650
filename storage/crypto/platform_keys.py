"""The platform's own keys: Ed25519 for checkpoints, EC certificates for documents and time stamps, a master key.

They lie in ``platform/`` of the key directory, which is made on the first start with identities of an embedded
演示 authority; an operator puts certified ones in their place, under the same names, and takes the embedded
``authority.pem`` away.
"""

import secrets
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from storage.crypto.authority import Authority, distinguished_name, new_authority, new_key
from storage.crypto.certificates import Certificate, describe
from storage.crypto.certified_key import CertifiedKey
from storage.crypto.errors import Malformed
from storage.crypto.key_files import private_pem, read_private_pem, write_private

_FILES = ("checkpoint.pem", "document.pem", "timestamp.pem", "master.key")


class PlatformKeys:
    """What the platform signs and seals with. ``crls``: DER, of the embedded ``authority``; neither for certified keys.

    A plain class: frameworks that look into dataclasses must not look into this one.
    """

    __slots__ = ("authority", "checkpoint", "crls", "document", "master", "timestamp")

    def __init__(self, checkpoint: ed25519.Ed25519PrivateKey, document: CertifiedKey, timestamp: CertifiedKey,
                 master: bytes, crls: tuple[bytes, ...], authority: Authority | None = None) -> None:
        self.checkpoint, self.document, self.timestamp = checkpoint, document, timestamp
        self.master, self.crls, self.authority = master, crls, authority

    @property
    def checkpoint_public(self) -> bytes:
        """The 32 raw bytes of the checkpoint key."""
        return self.checkpoint.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def roots(self) -> tuple[Certificate, ...]:
        """The roots of both chains, each once: what a reader of our documents needs to trust."""
        found = {chain[-1].fingerprint: chain[-1] for chain in (self.document.chain, self.timestamp.chain)}
        return tuple(found.values())


    def vouched(self, certificate: Certificate, now: datetime) -> tuple[bytes, ...]:
        """OCSP answers (DER) of the embedded authority about one of its two certificates; none about any other."""
        own = {self.document.certificate.fingerprint, self.timestamp.certificate.fingerprint}
        if self.authority is None or certificate.fingerprint not in own:
            return ()
        return (self.authority.ocsp_answer(certificate.x509, now=now),)


def load_platform_keys(directory: Path, *, name: str, now: datetime, ocsp_address: str = "") -> PlatformKeys:
    """The keys in ``directory/platform``; makes them where there is none. Several nodes may start at once.

    ``name``: the platform's name, into the certificates; ``now``: process time will do; ``ocsp_address``: where nodes
    answer for the embedded authority, into the certificates too. Raises ``Malformed`` when some of the files are
    missing.
    """
    directory = directory / "platform"
    if not directory.exists():
        _make(directory, name, now, ocsp_address)
    missing = [file for file in _FILES if not (directory / file).exists()]
    if missing:
        raise Malformed("平台密钥目录不完整", missing=missing)
    checkpoint = load_pem_private_key((directory / "checkpoint.pem").read_bytes(), None)
    if not isinstance(checkpoint, ed25519.Ed25519PrivateKey):
        raise Malformed("checkpoint.pem 须为 Ed25519 私钥")
    master = bytes.fromhex((directory / "master.key").read_text().strip())
    authority = _embedded(directory / "authority.pem")
    crls = (authority.revocation_list(now=now, days=365).public_bytes(Encoding.DER),) if authority else ()
    return PlatformKeys(checkpoint, _certified(directory / "document.pem"), _certified(directory / "timestamp.pem"),
                        master, crls, authority)


def _certified(path: Path) -> CertifiedKey:
    data = path.read_bytes()
    chain = tuple(describe(item) for item in x509.load_pem_x509_certificates(data))
    return CertifiedKey(read_private_pem(data), chain)


def _embedded(path: Path) -> Authority | None:
    if not path.exists():
        return None
    found = _certified(path)
    return Authority(found.certificate.x509, found.key)


def _make(directory: Path, name: str, now: datetime, ocsp_address: str) -> None:
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
        leaf = authority.issue(key, subject, now=now, days=3600, time_stamping=file == "timestamp.pem",
                               ocsp_address=ocsp_address)
        write_private(staged / file, private_pem(key) + leaf.public_bytes(Encoding.PEM) + root)
    try:
        staged.replace(directory)  # refused where another node's stands already
    except OSError:
        for path in staged.iterdir():
            path.unlink()
        staged.rmdir()
