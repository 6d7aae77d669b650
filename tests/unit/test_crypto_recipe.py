"""A resealing recipe makes the very bytes again from the very plaintext, and from nothing else, in both suites."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from frontend.cli.bid_recipe import RecipeFile
from storage.crypto import sm2
from storage.crypto.canonical import Json, to_base64
from storage.crypto.context import Context, Secrets
from storage.crypto.envelope import Recipient, Sealing, seal
from storage.crypto.errors import Malformed, SealBroken
from storage.crypto.floe import nonce_of
from storage.crypto.header import read_header
from storage.crypto.manifest import Manifest, manifest_over, read_manifest
from storage.crypto.recipe import Recipe, Resealing, lock, reseal, unlock
from storage.kernel.errors import Invalid

SEG = 96
PLAIN = SEG - 32
BOTH = Secrets(bytes(range(32)), bytes(range(32, 64)))
VECTORS = Path(__file__).parents[1] / "vectors"
SM = json.loads((VECTORS / "sm.json").read_text())["keys"]
VECTOR = json.loads((VECTORS / "recipe.json").read_text())


def sealed(content: bytes, suite: int = 1) -> tuple[Sealing, Manifest, list[bytes]]:
    """A sealed object of that content with known secrets, its manifest and its stored segments."""
    def key(name: str):
        return sm2.private_key_of(b64decode(SM[name]["pkcs8"])).public if suite == 2 else ec.generate_private_key(
            ec.SECP256R1()).public_key()
    tags = [f"sha256:{each * 64}" for each in "abc"]
    ctx = Context(tender="E3207", lot="E3207001", round=1, bidder=tags[0], version=1, envelope="whole",
                  opens_at="2026-12-01T01:00:00Z", k=2, n=2, custodians=tuple(tags[1:]), seg=SEG, suite=suite)
    sealing = seal(ctx, [Recipient(tags[0], key("bidder_encryption"))], [
        Recipient(tag, key(f"custodian_{place}")) for place, tag in enumerate(tags[1:], 1)], chosen=BOTH)
    parts = list(sealing.encrypt_parts([content]))
    manifest = manifest_over(sealing.header, [(part.sha256, part.sm3) for part in parts], len(content))
    return sealing, manifest, [part.data for part in parts]


def again(sealing: Sealing, manifest: Manifest, recipe: Recipe, content: bytes) -> Resealing:
    return reseal(sealing.header, manifest, recipe, lambda offset, length: content[offset:offset + length],
                  len(content))


@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize("size", [0, 1, PLAIN - 1, PLAIN, PLAIN + 1, 3 * PLAIN + 5])
def test_the_same_plaintext_becomes_the_same_bytes(size: int, suite: int) -> None:
    content = bytes(place % 251 for place in range(size))
    sealing, manifest, stored = sealed(content, suite)
    made = again(sealing, manifest, Recipe(BOTH, tuple(map(nonce_of, stored))), content)
    assert [made.part(place) for place in range(made.layout.count)] == stored
    made.check()


@pytest.mark.parametrize("suite", [1, 2])
def test_what_differs_is_refused_by_name(suite: int) -> None:
    content = bytes(3 * PLAIN + 5)
    sealing, manifest, stored = sealed(content, suite)
    nonces = tuple(map(nonce_of, stored))
    flipped = content[:PLAIN + 7] + b"\1" + content[PLAIN + 8:]
    with pytest.raises(SealBroken, match="不能复原“whole”：第 2 个分片与签名清单不符"):
        again(sealing, manifest, Recipe(BOTH, nonces), flipped).check()
    with pytest.raises(SealBroken, match="第 1 个分片"):
        again(sealing, manifest, Recipe(BOTH, (bytes(12), *nonces[1:])), content).check()
    with pytest.raises(SealBroken, match=f"现为 {len(content) + 1} 字节，密封时为 {len(content)} 字节"):
        again(sealing, manifest, Recipe(BOTH, nonces), content + b"\0")
    with pytest.raises(SealBroken, match="复原单记有 3 个分片，应为 4 个"):
        again(sealing, manifest, Recipe(BOTH, nonces[1:]), content)
    for wrong in (Secrets(bytes(32), BOTH.custody), Secrets(BOTH.bidder, bytes(32))):
        with pytest.raises(SealBroken, match="与投标时的承诺不符"):
            again(sealing, manifest, Recipe(wrong, nonces), content)
    other, _, _ = sealed(content, suite)
    with pytest.raises(SealBroken, match="清单不属于这个信封头"):
        again(other, manifest, Recipe(BOTH, nonces), content)


def test_the_recipe_opens_with_the_body_alone_and_for_its_own_object() -> None:
    body, name = sha256(b"%PDF-1.7 body").digest(), "ab" * 32
    kept: dict[str, Json] = {**lock(BOTH, name, body, b'{"price":"1.00"}'), "nonces": to_base64(bytes(24))}
    assert unlock(kept, name, body) == Recipe(BOTH, (bytes(12), bytes(12)), b'{"price":"1.00"}')
    text = json.dumps(kept)
    assert BOTH.bidder.hex() not in text
    assert "price" not in str(b64decode(str(kept["ct"])))
    for header, digest in ((name, sha256(b"%PDF-1.7 bodY").digest()), ("cd" * 32, body)):
        with pytest.raises(SealBroken, match="不是密封时的原文，或复原单已被改动"):
            unlock(kept, header, digest)
    for wrong in ({"rounds": 1}, {"nonces": to_base64(bytes(23))}, {"ct": ""}):
        with pytest.raises(Malformed):
            unlock({**kept, **wrong}, name, body)


def _object(case: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in json.loads((VECTORS / case["file"]).read_text())["cases"]
                if each["name"] == case["name"])


@pytest.mark.parametrize("case", VECTOR["cases"], ids=lambda case: f"{case['file']} {case['name']}")
def test_an_entry_is_the_vectors_and_makes_the_objects_bytes_again(case: dict[str, Any]) -> None:
    made, body = _object(case), bytes.fromhex(case["body"])
    chosen = iter([bytes.fromhex(case["salt"]), bytes.fromhex(case["iv"])])
    kept = unlock(case["entry"], made["header_sha256"], body)
    locked = lock(kept.secrets, made["header_sha256"], body, kept.statement, lambda n: next(chosen))
    assert {**locked, "of": case["entry"]["of"], "nonces": case["entry"]["nonces"]} == case["entry"]
    assert (kept.secrets.bidder.hex(), kept.secrets.custody.hex()) == (made["sb"], made["sp"])
    content = bytes((31 * place + 7) % 251 for place in range(made["size"]))
    assert kept.statement == (content if case["entry"]["of"] == "whole/statement" else b"")
    sealing = reseal(read_header(made["header"].encode()), read_manifest(made["manifest"].encode()), kept,
                     lambda offset, length: content[offset:offset + length], len(content))
    again_made = b"".join(sealing.part(place) for place in range(sealing.layout.count))
    assert sha256(again_made).hexdigest() == made["body_sha256"]


@pytest.mark.parametrize("name", VECTOR["broken"])
def test_an_entry_that_was_changed_opens_nothing(name: str) -> None:
    first = VECTOR["cases"][0]
    with pytest.raises((Malformed, SealBroken)):
        unlock(VECTOR["broken"][name], _object(first)["header_sha256"], bytes.fromhex(first["body"]))


def test_the_file_is_read_and_what_is_none_is_refused(tmp_path: Path) -> None:
    path, first = tmp_path / "recipe.json", VECTOR["cases"][0]
    header = read_header(_object(first)["header"].encode())
    path.write_text(VECTOR["file"])
    assert RecipeFile(path).recipe_of(header, bytes.fromhex(first["body"])).secrets == BOTH
    for refused in VECTOR["refused_files"]:
        path.write_text(refused)
        with pytest.raises(Invalid):
            RecipeFile(path).recipe_of(header, bytes(32))
