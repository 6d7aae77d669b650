"""Known answers: the official FLOE vectors, EBID/1's first vector, and the full set shared with TypeScript."""

import io
import itertools
import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from storage.crypto import context, floe, shamir
from storage.crypto.canonical import canonical_bytes, parse_canonical
from storage.crypto.envelope import Sealing, message_key_of, open_trial
from storage.crypto.errors import Malformed, NotSupported
from storage.crypto.header import read_header
from storage.crypto.manifest import check_manifest, read_manifest
from storage.crypto.reader import SealedReader
from storage.crypto.signatures import sign
from storage.crypto.single_file import decrypt_single, export_single
from storage.crypto.wraps import binding, open_release, read_release, unwrap

VECTORS = Path(__file__).parents[1] / "vectors"
FULL = json.loads((VECTORS / "ebid-1-full.json").read_text())
CASES = pytest.mark.parametrize("case", FULL["cases"], ids=[case["name"] for case in FULL["cases"]])
KEYS = {name: load_der_private_key(b64decode(item["pkcs8"]), None) for name, item in FULL["keys"].items()}


def plaintext(size: int) -> bytes:
    return bytes((31 * (j % 251) + 7) % 251 for j in range(size))


def key_for(role: str, index: int):
    return KEYS[("bidder_ec", "bidder_rsa")[index] if role == "bidder" else f"custodian_{index}"]


@pytest.mark.parametrize("path", sorted((VECTORS / "floe").glob("*_ct.txt")), ids=lambda path: path.stem)
def test_official_floe_vectors_decrypt_and_seal_again_to_the_same_bytes(path: Path):
    cipher = bytes.fromhex(path.read_text().strip())
    expected = bytes.fromhex(path.with_name(path.name.replace("_ct", "_pt")).read_text().strip())
    rotation = 2 if "rotation" in path.name else floe.ROTATION
    key = floe.open_header(bytes(32), cipher[:74], b"This is AAD", rotation)
    segments = [cipher[at:at + key.parameters.segment] for at in range(74, len(cipher), key.parameters.segment)]
    plain = list(floe.decrypt_stream(key, segments))
    assert b"".join(plain) == expected
    again = [key.encrypt_segment(i, text, last=i == len(plain) - 1, nonce=segments[i][4:16])
             for i, text in enumerate(plain)]
    assert again == segments
    assert floe.start(bytes(32), key.parameters, b"This is AAD", cipher[10:42])[0] == cipher[:74]


def test_the_first_ebid_vector_agrees_in_every_field():
    vector = json.loads((VECTORS / "ebid-1.json").read_text())
    both = context.Secrets(bytes.fromhex(vector["sb"]), bytes.fromhex(vector["sp"]))
    ch = context.context_hash(vector["ctx"])
    assert ch.hex() == vector["ctx_hash"]
    assert context.commitment("b", both.bidder).hex() == vector["com_b"]
    assert context.commitment("p", both.custody).hex() == vector["com_p"]
    assert context.file_key(both, ch).hex() == vector["file_key"]
    assert context.floe_aad(1, ch).hex() == vector["floe_aad"]
    key = floe.open_header(context.file_key(both, ch), bytes.fromhex(vector["header"]), context.floe_aad(1, ch))
    segments = [bytes.fromhex(vector["seg0"]), bytes.fromhex(vector["seg1"])]
    plain = list(floe.decrypt_stream(key, segments))
    for index, (text, segment) in enumerate(zip(plain, segments, strict=True)):
        assert key.encrypt_segment(index, text, last=index == 1, nonce=segment[4:16]) == segment


@CASES
def test_every_derived_value_of_the_full_vectors_is_reproduced(case):
    ctx = context.read_context(case["ctx"])
    both = context.Secrets(bytes.fromhex(case["sb"]), bytes.fromhex(case["sp"]))
    assert canonical_bytes(ctx.to_json()).decode() == case["ctx_jcs"]
    assert ctx.ch.hex() == case["ch"]
    assert context.file_key(both, ctx.ch).hex() == case["file_key"]
    assert context.trial_key(both.bidder, ctx.ch).hex() == case["trial_key"]
    coefficients = iter(case["coefficients"])
    shares = shamir.split(
        both.custody, needed=ctx.k, shares=ctx.n, randomness=lambda n: bytes.fromhex(next(coefficients)))
    assert [share.hex() for share in shares] == case["shares"]
    assert [context.commitment("s", share).hex() for share in shares] == case["com_s"]
    start, key = floe.start(
        context.file_key(both, ctx.ch), floe.Parameters(ctx.seg), ctx.aad, bytes.fromhex(case["floe_iv"]))
    assert (start.hex(), key.secret.hex()) == (case["floe_header"], case["message_key"])


@CASES
def test_a_resumed_sealing_writes_the_parts_of_the_vector(case):
    sealing = Sealing.resume(case["header"].encode(), bytes.fromhex(case["message_key"]))
    nonces = (bytes((12 * i + j) % 256 for j in range(12)) for i in itertools.count())
    parts = list(sealing.encrypt_parts([plaintext(case["size"])], nonces=nonces))
    assert [part.sha256 for part in parts] == case["parts"]
    body = b"".join(part.data for part in parts)
    assert sha256(body).hexdigest() == case["body_sha256"]
    single = b"".join(export_single(sealing.header, [part.data for part in parts]))
    assert sha256(single).hexdigest() == case["single_file_sha256"]
    both = context.Secrets(bytes.fromhex(case["sb"]), bytes.fromhex(case["sp"]))
    assert b"".join(decrypt_single(io.BytesIO(single), both)) == plaintext(case["size"])
    manifest = read_manifest(case["manifest"].encode())
    reader = SealedReader(message_key_of(sealing.header, both), manifest, lambda at, n: body[at:at + n])
    assert reader.read(0, case["size"]) == plaintext(case["size"])
    assert manifest.parts_root == case["parts_root"]


@CASES
def test_wraps_commitments_trial_and_signatures_of_the_vector_hold(case):
    header, ch = read_header(case["header"].encode()), bytes.fromhex(case["ch"])
    opened = {(item.role, item.index): unwrap(item, key_for(item.role, item.index), ch) for item in header.wraps}
    assert opened["bidder", 0] == opened["bidder", 1] == bytes.fromhex(case["sb"])
    shares = {index: share for (role, index), share in opened.items() if role == "custodian"}
    assert [shares[index].hex() for index in sorted(shares)] == case["shares"]
    for chosen in itertools.combinations(shares, header.ctx.k):
        both = header.join(opened["bidder", 0], {index: shares[index] for index in chosen})
        assert both.custody.hex() == case["sp"]
    open_trial(header, opened["bidder", 0])
    manifest = read_manifest(case["manifest"].encode())
    for kind in ("ec", "rsa"):
        public = load_der_public_key(b64decode(FULL["keys"][f"bidder_{kind}"]["spki"]))
        check_manifest(manifest, header, public, b64decode(case["signatures"][kind]))
    assert sign(KEYS["bidder_rsa"], manifest.signed_bytes) == b64decode(case["signatures"]["rsa"])


@pytest.mark.parametrize("item", FULL["releases"], ids=lambda item: f"{item['role']}-{item['i']}")
def test_releases_of_the_vector_open_with_the_session_key(item):
    ch = bytes.fromhex(item["ch"])
    assert binding("release", item["role"], item["i"], ch).hex() == item["info"]
    secret = open_release(read_release(item["release"]), KEYS["session"], role=item["role"], index=item["i"], ch=ch)
    assert secret.hex() == item["secret"]


@pytest.mark.parametrize("name", FULL["refused_headers"])
def test_a_header_in_any_other_form_is_refused(name):
    with pytest.raises((Malformed, NotSupported)):
        read_header(FULL["refused_headers"][name].encode())


@pytest.mark.parametrize("name", FULL["refused_json"])
def test_json_in_any_other_form_is_refused(name):
    with pytest.raises(Malformed):
        parse_canonical(FULL["refused_json"][name].encode())
