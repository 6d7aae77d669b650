"""The platform's own keys: Ed25519 for checkpoints, EC certificates for documents and time stamps, a master key.

They lie in ``platform/`` of the key directory, which is made on the first start with identities of an embedded
演示 authority; an operator puts certified ones in their place, under the same names, and takes the embedded
``authority.pem`` away. While that lies there, nodes renew its CRL and its certificate for time stamps by themselves.
"""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
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

_LEAD = timedelta(days=210)  # a month before papers ask for stamps that last longer
_GAIN = timedelta(days=60)  # near the root's own end a new certificate would hardly last longer
_LEAF_DAYS, _ROOT_DAYS, _LIST_DAYS = 3600, 7300, 365
_FORMER = "timestamp-*.cer"
_FILES = ("checkpoint.pem", "document.pem", "timestamp.pem", "master.key")


class PlatformKeys:
    """What the platform signs and seals with. ``crls``: DER, of the embedded ``authority``; neither for certified keys.

    ``former``: certificates for time stamps that were renewed; what they stamped goes on being proven by the root.

    A plain class: frameworks that look into dataclasses must not look into this one.
    """

    __slots__ = ("authority", "checkpoint", "crls", "document", "former", "master", "timestamp")

    def __init__(self, checkpoint: ed25519.Ed25519PrivateKey, document: CertifiedKey, timestamp: CertifiedKey,
                 master: bytes, crls: tuple[bytes, ...], authority: Authority | None = None,
                 former: tuple[Certificate, ...] = ()) -> None:
        self.checkpoint, self.document, self.timestamp = checkpoint, document, timestamp
        self.master, self.crls, self.authority, self.former = master, crls, authority, former

    @property
    def checkpoint_public(self) -> bytes:
        """The 32 raw bytes of the checkpoint key."""
        return self.checkpoint.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def roots(self) -> tuple[Certificate, ...]:
        """The roots of both chains, each once: what a reader of our documents needs to trust."""
        found = {chain[-1].fingerprint: chain[-1] for chain in (self.document.chain, self.timestamp.chain)}
        return tuple(found.values())

    @property
    def own(self) -> tuple[Certificate, ...]:
        """The platform's own end certificates, renewed ones among them."""
        return (self.document.certificate, self.timestamp.certificate, *self.former)

    def vouched(self, certificate: Certificate, now: datetime) -> tuple[bytes, ...]:
        """OCSP answers (DER) of the embedded authority about one of our own certificates; none about any other."""
        own = {each.fingerprint for each in self.own}
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
    crls = (_revocation_list(authority, now),) if authority else ()
    return PlatformKeys(checkpoint, _certified(directory / "document.pem"), _certified(directory / "timestamp.pem"),
                        master, crls, authority, _former(directory))


def renew_embedded(keys: PlatformKeys, directory: Path, *, now: datetime, ocsp_address: str = "") -> bool:
    """A fresh CRL of the embedded authority, and before its certificate for time stamps ends a new one over the same
    key; answers whether ``keys`` stamps by another certificate from now on. Nothing happens to certified keys.

    Nodes that share the directory renew once: the others take what the first wrote.
    """
    if keys.authority is None:
        return False
    directory = directory / "platform"
    keys.crls = (_revocation_list(keys.authority, now),)
    with _alone(directory):
        held = _certified(directory / "timestamp.pem")
        if _is_due(held, keys.authority, now):
            held = _renewed(held, keys.authority, directory, now, ocsp_address)
        keys.former = _former(directory)
    is_other = held.certificate.fingerprint != keys.timestamp.certificate.fingerprint
    keys.timestamp = held
    return is_other


def _is_due(held: CertifiedKey, authority: Authority, now: datetime) -> bool:
    root = describe(authority.certificate)
    return (held.chain[-1].fingerprint == root.fingerprint and held.certificate.not_after < now + _LEAD
            and root.not_after - held.certificate.not_after > _GAIN)


def _renewed(held: CertifiedKey, authority: Authority, directory: Path, now: datetime,
             ocsp_address: str) -> CertifiedKey:
    old = held.certificate.x509
    days = min(_LEAF_DAYS, (authority.certificate.not_valid_after_utc - now).days)
    leaf = authority.issue(held.key, old.subject, now=now, days=days, time_stamping=True, ocsp_address=ocsp_address)
    # The old one is kept first: a crash between the two leaves one certificate twice, and none unknown.
    write_private(directory / _FORMER.replace("*", f"{old.serial_number:x}"), old.public_bytes(Encoding.DER))
    chain = b"".join(each.public_bytes(Encoding.PEM) for each in (leaf, authority.certificate))
    write_private(directory / "timestamp.pem", private_pem(held.key) + chain)
    return CertifiedKey(held.key, (describe(leaf), *held.chain[1:]))


def _former(directory: Path) -> tuple[Certificate, ...]:
    return tuple(describe(x509.load_der_x509_certificate(each.read_bytes()))
                 for each in sorted(directory.glob(_FORMER)))


def _revocation_list(authority: Authority, now: datetime) -> bytes:
    return authority.revocation_list(now=now, days=_LIST_DAYS, number=int(now.timestamp())).public_bytes(Encoding.DER)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One process at a time; the lock goes with the process."""
    held = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        os.close(held)


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
    authority = new_authority("云开演示平台 CA", "ec-p256", now=now, days=_ROOT_DAYS)
    root = authority.certificate.public_bytes(Encoding.PEM)
    write_private(staged / "authority.pem", private_pem(authority.key) + root)
    write_private(staged / "checkpoint.pem", private_pem(ed25519.Ed25519PrivateKey.generate()))
    write_private(staged / "master.key", secrets.token_hex(32).encode())
    for file, title in (("document.pem", name), ("timestamp.pem", f"{name} 时间戳")):
        key = new_key("ec-p256")
        subject = distinguished_name(common_name=title, organisation=name)
        leaf = authority.issue(key, subject, now=now, days=_LEAF_DAYS, time_stamping=file == "timestamp.pem",
                               ocsp_address=ocsp_address)
        write_private(staged / file, private_pem(key) + leaf.public_bytes(Encoding.PEM) + root)
    try:
        staged.replace(directory)  # refused where another node's stands already
    except OSError:
        for path in staged.iterdir():
            path.unlink()
        staged.rmdir()
