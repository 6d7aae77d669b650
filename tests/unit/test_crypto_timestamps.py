"""The embedded time-stamping authority, checked by us and by two strangers: OpenSSL and rfc3161-client."""

import asyncio
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import rfc3161_client
from asn1crypto import tsp
from cryptography import x509

from storage.crypto.errors import TimestampRefused
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys
from storage.crypto.stamping import stamp
from storage.crypto.timestamps import check_timestamp, read_timestamp
from storage.crypto.trust import TrustList, trust_of
from storage.crypto.tsa import EmbeddedAuthority, HttpAuthority
from storage.kernel.clock import process_now
from storage.kernel.errors import Unavailable

DIGEST = sha256(b"manifest").digest()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> PlatformKeys:
    return load_platform_keys(tmp_path_factory.mktemp("p") / "keys", name="云开平台", now=process_now())


@pytest.fixture(scope="module")
def trust(keys: PlatformKeys) -> TrustList:
    return trust_of([root.der for root in keys.roots], keys.crls)


async def test_a_time_stamp_says_when_and_by_whom(keys, trust):
    token = await stamp(EmbeddedAuthority(keys.timestamp), DIGEST)
    found = await check_timestamp(token, DIGEST, trust)
    assert abs(found.at - process_now()) < timedelta(seconds=5)
    assert found.authority == "云开平台 时间戳"
    assert found == read_timestamp(token)


async def test_a_time_stamp_over_something_else_is_refused(keys, trust):
    token = await stamp(EmbeddedAuthority(keys.timestamp), DIGEST)
    with pytest.raises(TimestampRefused):
        await check_timestamp(token, sha256(b"other").digest(), trust)


async def test_no_byte_of_a_time_stamp_can_change_unseen(keys, trust):
    token = await stamp(EmbeddedAuthority(keys.timestamp), DIGEST)
    original = await check_timestamp(token, DIGEST, trust)
    for at in range(0, len(token), 7):
        changed = token[:at] + bytes([token[at] ^ 0x55]) + token[at + 1:]
        try:
            found = await check_timestamp(changed, DIGEST, trust)
        except TimestampRefused:
            continue
        # Only bytes that bear no meaning may change (a certificate of the chain that is known anyway).
        assert found == original


async def test_a_time_stamp_of_an_unknown_authority_is_refused(keys, trust, tmp_path):
    stranger = load_platform_keys(tmp_path / "other", name="云开平台", now=process_now())
    token = await stamp(EmbeddedAuthority(stranger.timestamp), DIGEST)
    with pytest.raises(TimestampRefused):
        await check_timestamp(token, DIGEST, trust)


async def unchecked(authority):
    """What the authority gives, as somebody who does not look would keep it."""
    asked = tsp.TimeStampReq({"version": "v1", "cert_req": True, "message_imprint": {
        "hash_algorithm": {"algorithm": "sha256"}, "hashed_message": DIGEST}})
    return tsp.TimeStampResp.load(await authority.respond(asked.dump()))["time_stamp_token"].dump()


async def test_a_key_not_meant_for_time_stamping_makes_no_time_stamp(keys, trust):
    authority = EmbeddedAuthority(keys.document)
    with pytest.raises(TimestampRefused):
        await stamp(authority, DIGEST)
    with pytest.raises(TimestampRefused):
        await check_timestamp(await unchecked(authority), DIGEST, trust)


async def test_a_time_stamp_outside_the_authoritys_dates_is_refused(keys, trust):
    late = EmbeddedAuthority(keys.timestamp, clock=lambda: datetime(2099, 1, 1, tzinfo=UTC))
    with pytest.raises(TimestampRefused):
        await stamp(late, DIGEST)
    with pytest.raises(TimestampRefused):
        await check_timestamp(await unchecked(late), DIGEST, trust)


@pytest.mark.parametrize("asked", [b"", b"nonsense", bytes(40)])
async def test_what_is_no_request_is_rejected_not_stamped(keys, asked, tmp_path):
    (tmp_path / "r").write_bytes(await EmbeddedAuthority(keys.timestamp).respond(asked))
    shown = openssl("ts", "-reply", "-in", "r", "-text", cwd=tmp_path)
    assert "Status: Rejected." in shown.stdout, shown.stderr
    assert "TST info:\nNot included." in shown.stdout


def openssl(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["openssl", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60)


def test_openssl_asks_and_verifies(keys, tmp_path):
    (tmp_path / "data").write_bytes(b"manifest")
    (tmp_path / "root.pem").write_text("".join(root.pem for root in keys.roots))
    assert openssl("ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "q", cwd=tmp_path).returncode == 0
    answer = asyncio.run(EmbeddedAuthority(keys.timestamp).respond((tmp_path / "q").read_bytes()))
    (tmp_path / "r").write_bytes(answer)
    good = openssl("ts", "-verify", "-in", "r", "-queryfile", "q", "-CAfile", "root.pem", cwd=tmp_path)
    assert "Verification: OK" in good.stdout, good.stderr
    (tmp_path / "data").write_bytes(b"other")
    bad = openssl("ts", "-verify", "-in", "r", "-data", "data", "-CAfile", "root.pem", cwd=tmp_path)
    assert bad.returncode != 0


def test_rfc3161_client_verifies(keys):
    asked = rfc3161_client.TimestampRequestBuilder().data(b"manifest").hash_algorithm(
        rfc3161_client.HashAlgorithm.SHA256).build()
    answer = rfc3161_client.decode_timestamp_response(
        asyncio.run(EmbeddedAuthority(keys.timestamp).respond(asked.as_bytes())))
    roots = [x509.load_der_x509_certificate(root.der) for root in keys.roots]
    verifier = rfc3161_client.VerifierBuilder(
        tsa_certificate=keys.timestamp.certificate.x509, roots=roots).build()
    assert verifier.verify_message(answer, b"manifest")
    with pytest.raises(rfc3161_client.VerificationError):
        verifier.verify_message(answer, b"other")


@pytest.fixture
def server(keys):
    """An authority over HTTP: answers as ours does, or as ``mode`` says."""
    state = {"mode": "good"}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if state["mode"] == "replay":
                body = tsp.TimeStampReq.load(body).copy()
                body["nonce"] = 7
                body = body.dump()
            answer = asyncio.run(EmbeddedAuthority(keys.timestamp).respond(body))
            self.send_response(503 if state["mode"] == "down" else 200)
            self.end_headers()
            self.wfile.write(b"garbage" if state["mode"] == "garbage" else answer)

        def log_message(self, *_: object) -> None:
            """Silent."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield state, f"http://127.0.0.1:{running.server_port}/tsa"
    running.shutdown()
    thread.join()
    running.server_close()


async def test_an_external_authority_is_asked_over_http_and_its_answer_checked(server, trust):
    state, url = server
    authority = HttpAuthority(url)
    assert not authority.is_demo
    await check_timestamp(await stamp(authority, DIGEST), DIGEST, trust)
    for mode, refusal in (("replay", TimestampRefused), ("garbage", TimestampRefused), ("down", Unavailable)):
        state["mode"] = mode
        with pytest.raises(refusal):
            await stamp(authority, DIGEST)


async def test_an_authority_that_does_not_answer_is_unavailable():
    with pytest.raises(Unavailable):
        await stamp(HttpAuthority("http://127.0.0.1:9/tsa", timeout=1), DIGEST)
