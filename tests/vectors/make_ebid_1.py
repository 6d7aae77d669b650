"""Writes ebid-1-full.json: known answers for every step of EBID/1, checked by Python and TypeScript alike.

Run from the project's root: ``python -m tests.vectors.make_ebid_1``. Keys and wraps (which carry their own
randomness) are kept from the file that is there, so a second run changes nothing; delete it for new keys.
"""

import io
import itertools
import json
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from storage.crypto import context, envelope, floe, shamir, single_file
from storage.crypto.canonical import canonical_bytes
from storage.crypto.header import read_header
from storage.crypto.manifest import Manifest, sign_manifest
from storage.crypto.reader import Layout
from storage.crypto.signatures import sign
from storage.crypto.wraps import seal_release, unwrap

FILE = Path(__file__).parent / "ebid-1-full.json"
ABOUT = {
    "keys": "PKCS#8 and SPKI, DER in base64; cert = 'sha256:' + SHA-256 of the SPKI (stands in for a certificate)",
    "plaintext": "byte j = (31 j + 7) mod 251",
    "nonces": "the nonce of segment i is the 12 bytes (12 i + j) mod 256, j = 0 … 11",
    "coefficients": "one 32-byte string each for x¹, x², … of the sharing of S_P",
    "parts": "SHA-256 of each stored segment; body_hex where the body is short",
    "wraps": "inside header; bidder 0 opens with bidder_ec, bidder 1 with bidder_rsa, custodian i with custodian_i",
    "signatures": "over 'ebid/1 manifest\\0'‖manifest: ec is ECDSA-SHA256 DER (verify), rsa PKCS#1 v1.5 (byte equal)",
    "releases": "HPKE to the key 'session'",
    "refused_headers": "each text must be refused by the header reader",
    "refused_json": "each text must be refused by the strict JSON reader",
}
SB, SP = bytes(range(32)), bytes(range(32, 64))
IV, TRIAL_IV = bytes(range(64, 96)), bytes(range(96, 108))


def b64(data: bytes) -> str:
    return b64encode(data).decode()


def plaintext(size: int) -> bytes:
    return (bytes((31 * j + 7) % 251 for j in range(251)) * (size // 251 + 1))[:size]


def nonces() -> Any:
    return (bytes((12 * i + j) % 256 for j in range(12)) for i in itertools.count())


def make_keys(old: dict[str, Any]) -> dict[str, Any]:
    keys = {name: ec.derive_private_key(0x1234567 + seed, ec.SECP256R1()) for seed, name in enumerate(
        ("bidder_ec", "custodian_1", "custodian_3", "session"))}
    for name in ("bidder_rsa", "custodian_2"):
        kept = old.get("keys", {}).get(name)
        keys[name] = serialization.load_der_private_key(b64decode(kept["pkcs8"]), None) if kept else (
            rsa.generate_private_key(65537, 2048))
    return keys


def spki(key: Any) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pkcs8(key: Any) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def recipient(key: Any) -> envelope.Recipient:
    return envelope.Recipient("sha256:" + sha256(spki(key)).hexdigest(), key.public_key())


def make_case(name: str, size: int, seg: int, keys: dict[str, Any], old: dict[str, Any], **changes: Any) -> Any:
    people = [recipient(keys[f"custodian_{i}"]) for i in range(1, changes.get("n", 3) + 1)]
    ctx = context.Context(**{
        "tender": "E3207000001000001", "lot": "E3207000001000001001", "round": 1, "version": 1, "envelope": "whole",
        "bidder": recipient(keys["bidder_ec"]).cert, "opens_at": "2026-12-01T01:00:00Z", "k": 2, "n": 3, "seg": seg,
        "custodians": tuple(item.cert for item in people)} | changes)
    coefficients = [bytes((7 * j + 1 + 64 * t) % 256 for j in range(32)) for t in range(ctx.k - 1)]
    stream = iter([*coefficients, IV, TRIAL_IV])
    both = context.Secrets(SB, SP)
    sealing = envelope.seal(
        ctx, [recipient(keys["bidder_ec"]), recipient(keys["bidder_rsa"])], people, chosen=both,
        randomness=lambda n: next(stream))
    kept = next((case for case in old.get("cases", []) if case["name"] == name), None)
    if kept and read_header(kept["header"].encode()).ctx == ctx:
        sealing = envelope.Sealing(read_header(kept["header"].encode()), sealing.message_key)
    parts = list(sealing.encrypt_parts([plaintext(size)], nonces=nonces()))
    return describe(name, size, sealing, both, coefficients, parts, keys, kept)


def describe(name: str, size: int, sealing: envelope.Sealing, both: context.Secrets, coefficients: list[bytes],
             parts: list[envelope.Part], keys: dict[str, Any], kept: Any) -> dict[str, Any]:
    ctx, header = sealing.header.ctx, sealing.header
    body = b"".join(part.data for part in parts)
    manifest = Manifest(header.sha256, tuple(part.sha256 for part in parts), size)
    stream = iter(coefficients)
    shares = shamir.split(SP, needed=ctx.k, shares=ctx.n, randomness=lambda n: next(stream))
    single = b"".join(single_file.export_single(header, [part.data for part in parts]))
    assert b"".join(single_file.decrypt_single(io.BytesIO(single), both)) == plaintext(size)
    assert Layout(size, ctx.seg).stored_size == len(body)
    same = kept is not None and kept["manifest"].encode() == manifest.to_bytes()
    return {
        "name": name, "size": size, "ctx": ctx.to_json(), "ctx_jcs": canonical_bytes(ctx.to_json()).decode(),
        "ch": ctx.ch.hex(), "sb": SB.hex(), "sp": SP.hex(), "coefficients": [item.hex() for item in coefficients],
        "shares": [item.hex() for item in shares], "com_b": header.com_b.hex(), "com_p": header.com_p.hex(),
        "com_s": [item.hex() for item in header.com_s], "file_key": context.file_key(both, ctx.ch).hex(),
        "trial_key": context.trial_key(SB, ctx.ch).hex(), "trial_iv": TRIAL_IV.hex(), "trial": header.trial.hex(),
        "floe_aad": ctx.aad.hex(), "floe_iv": IV.hex(), "floe_header": header.floe.hex(),
        "message_key": sealing.message_key.secret.hex(), "header": header.to_bytes().decode(),
        "header_sha256": header.sha256, "parts": [part.sha256 for part in parts],
        **({"body_hex": body.hex()} if len(body) < 1024 else {}), "body_sha256": sha256(body).hexdigest(),
        "manifest": manifest.to_bytes().decode(), "manifest_sha256": manifest.sha256,
        "parts_root": manifest.parts_root, "single_file_sha256": sha256(single).hexdigest(),
        "signatures": kept["signatures"] if same else {
            "ec": b64(sign_manifest(manifest, keys["bidder_ec"])),
            "rsa": b64(sign_manifest(manifest, keys["bidder_rsa"]))}}


def make_releases(case: dict[str, Any], keys: dict[str, Any], old: dict[str, Any]) -> Any:
    if old.get("releases") and old["cases"][0]["header"] == case["header"]:
        return old["releases"]
    found, ch = [], bytes.fromhex(case["ch"])
    for item in read_header(case["header"].encode()).wraps:
        key = keys[("bidder_ec", "bidder_rsa")[item.index] if item.role == "bidder" else f"custodian_{item.index}"]
        secret = unwrap(item, key, ch)
        release = seal_release(secret, keys["session"].public_key(), role=item.role, index=item.index, ch=ch)
        found.append({"role": item.role, "i": item.index, "ch": case["ch"], "secret": secret.hex(),
                      "info": (b"ebid/1 release\0" + item.role.encode() + b"\0" + item.index.to_bytes(2) + ch).hex(),
                      "release": release.to_json()})
    return found


def make_login(keys: dict[str, Any], old: dict[str, Any]) -> Any:
    origin, nonce, expiry = "https://trade.example", bytes(range(200, 232)), "2026-12-01T01:02:00Z"
    cert = sha256(spki(keys["bidder_ec"])).digest()
    message = b"ebid/1 login\0" + origin.encode() + b"\0" + nonce + b"\0" + expiry.encode() + b"\0" + cert
    return {"origin": origin, "nonce": nonce.hex(), "expires_at": expiry, "cert_sha256": cert.hex(),
            "message": message.hex(), "signature_rsa": b64(sign(keys["bidder_rsa"], message)),
            "signature_ec": old["login"]["signature_ec"] if old.get("login") else b64(sign(keys["bidder_ec"], message))}


def refused_headers(header: str) -> dict[str, str]:
    value = json.loads(header)

    def changed(**fields: Any) -> str:
        return canonical_bytes(value | fields).decode()

    def ctx(**fields: Any) -> str:
        return changed(ctx=value["ctx"] | fields)

    wraps = value["wraps"]
    return {
        "blank": header.replace(":", ": ", 1), "duplicate key": header[:-1] + ',"v":1}',
        "key order": '{"v":1,' + header[1:].replace(',"v":1', "").replace('"v":1,', ""),
        "version 2": changed(v=2), "version true": header.replace('"v":1', '"v":true'), "further key": changed(zz=1),
        "without trial": canonical_bytes({k: v for k, v in value.items() if k != "trial"}).decode(),
        "custodian missing": changed(wraps=wraps[:-1]),
        "custodians swapped": changed(wraps=[*wraps[:3], wraps[4], wraps[3]]),
        "bidder missing": changed(wraps=wraps[2:]), "share commitment missing": changed(com_s=value["com_s"][:-1]),
        "upper-case hex": changed(com_b=value["com_b"].upper()), "k over n": ctx(k=4), "k one of several": ctx(k=1),
        "suite 2": ctx(suite=2), "seg differs": ctx(seg=value["ctx"]["seg"] * 2), "version zero": ctx(version=0),
        "float": header.replace('"round":1', '"round":1.0'),
        "large integer": header.replace('"round":1', '"round":9007199254740992'),
        "unknown envelope": ctx(envelope="other"), "opens at local time": ctx(opens_at="2026-12-01T09:00:00+08:00"),
        "same custodian twice": ctx(custodians=[value["ctx"]["custodians"][0]] * 3), "empty lot": ctx(lot=""),
        "base64 without padding": changed(trial=value["trial"].rstrip("=")),
    }


REFUSED_JSON = {
    "blank": '{"a": 1}', "order": '{"b":1,"a":2}', "duplicate": '{"a":1,"a":1}', "float": '{"a":1.5}',
    "exponent": "[1e2]", "minus zero": "[-0]", "large": "[9007199254740992]", "escape": '["\\u0061"]',
    "slash": '["\\/"]', "nan": "[NaN]", "trailing": "[1] ", "lone surrogate": '["\\ud800"]', "empty": "",
    "order of UTF-16, not of code points": '{"\uffff":1,"\U00010000":2}', "trailing comma": "[1,]",
}


def main() -> None:
    old = json.loads(FILE.read_text()) if FILE.exists() else {}
    keys = make_keys(old)
    plain, seg = 32, 64
    sizes = {"empty": 0, "one byte": 1, "one less than a segment": plain - 1, "a segment": plain,
             "one more than a segment": plain + 1, "three segments and five": 3 * plain + 5}
    cases = [make_case(name, size, seg, keys, old) for name, size in sizes.items()]
    chinese = {"tender": "招〔2026〕第001号", "lot": "一标段·施工𠮷", "version": 3, "round": 2}
    cases.append(make_case("Chinese ctx", 77, seg, keys, old, **chinese))
    cases.append(make_case("statement, 3 of 3", 1000, 1 << 20, keys, old, envelope="whole/statement", k=3))
    cases.append(make_case("one custodian", 5, seg, keys, old, k=1, n=1))
    cases.append(make_case("large segments", 2 * (1 << 20) + 9, 1 << 20, keys, old))
    result = {
        "about": ABOUT,
        "keys": {name: {"pkcs8": b64(pkcs8(key)), "spki": b64(spki(key))} for name, key in keys.items()},
        "cases": cases, "releases": make_releases(cases[0], keys, old), "login": make_login(keys, old),
        "refused_headers": refused_headers(cases[0]["header"]), "refused_json": REFUSED_JSON,
        "floe_overhead": floe.OVERHEAD}
    FILE.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
