"""Time stamps by OpenSSL as the authority: whatever is kept can be checked offline, and what cannot is not taken."""

import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms, tsp

from storage.crypto.errors import TimestampRefused
from storage.crypto.platform_keys import load_platform_keys
from storage.crypto.stamp_chain import check_stamp
from storage.crypto.stamping import stamp
from storage.crypto.tsa import EmbeddedAuthority
from storage.kernel.clock import process_now

DIGEST = bytes(range(32))
_CONFIGURATION = """
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[leaf]
basicConstraints = critical, CA:false
extendedKeyUsage = critical, timeStamping
[tsa]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = {hash}
"""


class Stranger:
    """An authority that OpenSSL plays with an RSA key; ``root``: whether it puts its root into its tokens."""

    name, is_demo = "openssl", False

    def __init__(self, folder: Path, digest: str = "sha256", *, root: bool = True) -> None:
        self._folder, self._digest, self._root = folder, digest, root

    async def respond(self, request: bytes) -> bytes:
        """TimeStampReq in, TimeStampResp out."""
        (self._folder / "q").write_bytes(request)
        (self._folder / "c").write_text(_CONFIGURATION.format(hash=self._digest))
        (self._folder / "serial").write_text("01")
        chain = ("-chain", "ca.pem") if self._root else ()
        openssl(self._folder, "ts", "-reply", "-config", "c", "-section", "tsa", "-queryfile", "q", "-signer",
                "leaf.pem", "-inkey", "leaf.key", *chain, "-out", "r")
        return (self._folder / "r").read_bytes()


def openssl(folder: Path, *words: str) -> None:
    """One command to its end."""
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root and an authority's certificate, with its key."""
    made = tmp_path_factory.mktemp("tsa")
    (made / "c").write_text(_CONFIGURATION.format(hash="sha256"))
    fresh = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-config", "/dev/null")
    openssl(made, *fresh, "-subj", "/CN=root", "-keyout", "ca.key", "-out", "ca.pem",
            "-addext", "basicConstraints=critical,CA:true", "-addext", "keyUsage=critical,keyCertSign")
    openssl(made, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-config", "/dev/null", "-subj", "/CN=tsa",
            "-keyout", "leaf.key", "-out", "leaf.csr")
    openssl(made, "x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "9",
            "-set_serial", "7", "-extfile", "c", "-extensions", "leaf", "-out", "leaf.pem")
    return made


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
async def test_a_token_is_taken_whatever_hash_its_authority_signs_with(folder: Path, digest: str) -> None:
    token = await stamp(Stranger(folder, digest), DIGEST)
    signer = cms.ContentInfo.load(token)["content"]["signer_infos"][0]
    assert signer["digest_algorithm"]["algorithm"].native == digest
    assert check_stamp(token, DIGEST, None).policy == "1.2.3.4.1"
    with pytest.raises(TimestampRefused):
        check_stamp(token, DIGEST[::-1], None)
    signed = signer["signature"].native
    broken = token.replace(signed, bytes([signed[0] ^ 1]) + signed[1:])
    with pytest.raises(TimestampRefused):
        check_stamp(broken, DIGEST, None)


async def test_a_token_without_its_root_is_refused_when_it_is_issued(folder: Path) -> None:
    with pytest.raises(TimestampRefused, match="证书链"):
        await stamp(Stranger(folder, root=False), DIGEST)


async def test_a_token_by_a_broken_hash_is_refused(folder: Path) -> None:
    with pytest.raises(TimestampRefused, match="摘要算法"):
        await stamp(Stranger(folder, "sha1"), DIGEST)


async def test_a_token_that_its_authority_did_not_sign_is_refused_when_it_is_issued(tmp_path: Path) -> None:
    keys = load_platform_keys(tmp_path / "keys", name="云开平台", now=process_now())

    class Garbled(EmbeddedAuthority):
        async def respond(self, request: bytes) -> bytes:
            answer = tsp.TimeStampResp.load(await super().respond(request))
            answer["time_stamp_token"]["content"]["signer_infos"][0]["signature"] = b"nonsense"
            return bytes(answer.dump(force=True))

    with pytest.raises(TimestampRefused, match="签名"):
        await stamp(Garbled(keys.timestamp), DIGEST)
