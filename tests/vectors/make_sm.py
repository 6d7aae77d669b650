"""Writes sm.json: known answers for SM2 and for suite 2, checked by Python and TypeScript alike.

Run from the project's root: ``python -m tests.vectors.make_sm``. Signatures and ciphertexts carry their own randomness:
those in the file are kept, so a second run changes nothing.
"""

import itertools
import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from storage.crypto import context, envelope, shamir, single_file, sm2, suites
from storage.crypto.authority import ENCRYPTION, SIGNING, distinguished_name, new_authority
from storage.crypto.canonical import canonical_bytes
from storage.crypto.certificates import describe
from storage.crypto.demo_pki import Identity, demo_uscc
from storage.crypto.header import read_header
from storage.crypto.manifest import manifest_over, sign_manifest
from storage.crypto.wraps import binding, read_wrap, seal_release, unwrap, wrap

FILE = Path(__file__).parent / "sm.json"
ABOUT = {
    "keys": "SM2 PKCS#8 and SPKI, DER in base64; cert = 'sha256:' + SHA-256 of the SPKI (stands in for a certificate)",
    "plaintext": "byte j = (31 j + 7) mod 251", "nonces": "segment i: the 12 bytes (12 i + j) mod 256, j = 0 … 11",
    "primitives": "SM3, HMAC-SM3, HKDF-SM3, SM4-GCM (ct ‖ tag), SM2 signature and ciphertext as used here",
    "cases": "suite 2; as in ebid-1-full.json; bidder wrap 0 opens with bidder_encryption, 1 with spare_encryption, "
             "custodian i with custodian_i; the signature is bidder_signing's over 'ebid/1 manifest\\0'‖manifest",
    "suite_1": "an sm2 wrap in a lot of suite 1: the mark is SHA-256",
    "releases": "SM2 to the key 'session'; enc is empty",
    "identity": "a PKCS#12 file of a dual pair, both certificates and their issuer's (PEM), fingerprints; of a demo CA",
    "login": "signing and encryption certificates shown together, and the signing one alone",
    "refused_headers": "each text must be refused by the header reader",
    "refused_wraps": "ct of bidder wrap 0 in base64; each must be refused, when read or when opened",
}
SB, SP = bytes(range(32)), bytes(range(32, 64))
IV, TRIAL_IV = bytes(range(64, 96)), bytes(range(96, 108))
NAMES = ("bidder_signing", "bidder_encryption", "spare_encryption", "custodian_1", "custodian_2", "custodian_3",
         "session")
KEYS = {name: sm2.private_key(0x7654321 + number) for number, name in enumerate(NAMES)}
SM = suites.FLOE_SM


def b64(data: bytes) -> str:
    return b64encode(data).decode()


def tag(name: str) -> str:
    return "sha256:" + sha256(KEYS[name].public.spki).hexdigest()


def recipient(name: str) -> envelope.Recipient:
    return envelope.Recipient(tag(name), KEYS[name].public)


def plaintext(size: int) -> bytes:
    return (bytes((31 * j + 7) % 251 for j in range(251)) * (size // 251 + 1))[:size]


def nonces() -> Any:
    return (bytes((12 * i + j) % 256 for j in range(12)) for i in itertools.count())


def make_case(name: str, size: int, seg: int, kept: Any, **changes: Any) -> dict[str, Any]:
    keepers = [f"custodian_{index}" for index in range(1, changes.get("n", 3) + 1)]
    ctx = context.Context(**{
        "tender": "E3207000001000001", "lot": "E3207000001000001001", "round": 1, "version": 1, "envelope": "whole",
        "bidder": tag("bidder_signing"), "opens_at": "2026-12-01T01:00:00Z", "k": 2, "n": 3, "seg": seg, "suite": 2,
        "custodians": tuple(tag(each) for each in keepers)} | changes)
    coefficients = [bytes((7 * j + 1 + 64 * t) % 256 for j in range(32)) for t in range(ctx.k - 1)]
    stream = iter([*coefficients, IV, TRIAL_IV])
    both = context.Secrets(SB, SP)
    sealing = envelope.seal(ctx, [recipient("bidder_encryption"), recipient("spare_encryption")],
                            [recipient(each) for each in keepers], chosen=both, randomness=lambda n: next(stream))
    if kept is not None and read_header(kept["header"].encode()).ctx == ctx:
        sealing = envelope.Sealing(read_header(kept["header"].encode()), sealing.message_key)
    return told(name, size, sealing, coefficients, kept)


def told(name: str, size: int, sealing: envelope.Sealing, coefficients: list[bytes], kept: Any) -> dict[str, Any]:
    ctx, header = sealing.header.ctx, sealing.header
    parts = list(sealing.encrypt_parts([plaintext(size)], nonces=nonces()))
    body = b"".join(part.data for part in parts)
    manifest = manifest_over(header, [(part.sha256, part.sm3) for part in parts], size)
    stream, both = iter(coefficients), context.Secrets(SB, SP)
    shares = shamir.split(SP, needed=ctx.k, shares=ctx.n, randomness=lambda n: next(stream))
    single = b"".join(single_file.export_single(header, [part.data for part in parts]))
    same = kept is not None and kept["manifest"].encode() == manifest.to_bytes()
    return {
        "name": name, "size": size, "ctx": ctx.to_json(), "ch": ctx.ch.hex(), "sb": SB.hex(), "sp": SP.hex(),
        "coefficients": [item.hex() for item in coefficients], "shares": [item.hex() for item in shares],
        "com_b": header.com_b.hex(), "com_p": header.com_p.hex(), "com_s": [item.hex() for item in header.com_s],
        "file_key": context.file_key(both, ctx.ch, SM).hex(), "trial_key": context.trial_key(SB, ctx.ch, SM).hex(),
        "trial_iv": TRIAL_IV.hex(), "trial": header.trial.hex(), "floe_aad": ctx.aad.hex(), "floe_iv": IV.hex(),
        "floe_header": header.floe.hex(), "message_key": sealing.message_key.secret.hex(),
        "header": header.to_bytes().decode(), "header_sha256": header.sha256,
        "parts": [part.sha256 for part in parts], "parts_sm3": [part.sm3 for part in parts],
        **({"body_hex": body.hex()} if len(body) < 1024 else {}), "body_sha256": sha256(body).hexdigest(),
        "manifest": manifest.to_bytes().decode(), "manifest_sha256": manifest.sha256,
        "parts_root": manifest.parts_root, "single_file_sha256": sha256(single).hexdigest(),
        "signature": kept["signature"] if same else b64(sign_manifest(manifest, KEYS["bidder_signing"]))}


def make_primitives(kept: Any) -> dict[str, Any]:
    key, message, nonce, aad = bytes(range(16)), "云开 SM2".encode(), bytes(range(12)), b"aad"
    signer, holder = KEYS["bidder_signing"], KEYS["bidder_encryption"]
    return {
        "message": message.hex(), "sm3": suites.sm3(message), "mac_key": key.hex(),
        "hmac_sm3": SM.mac(key, message).hex(), "hkdf_salt": aad.hex(), "hkdf_info": nonce.hex(),
        "hkdf_sm3_48": SM.derive(message, salt=aad, info=nonce, length=48).hex(),
        "sm4_key": key.hex(), "nonce": nonce.hex(), "aad": aad.hex(),
        "sm4_gcm": SM.cipher(key).encrypt(nonce, message, aad).hex(),
        "signature": kept["signature"] if kept else b64(sm2.sign(signer, message)),
        "ciphertext": kept["ciphertext"] if kept else b64(sm2.encrypt(holder.public, message))}


def make_releases(case: dict[str, Any], kept: Any) -> Any:
    if kept:
        return kept
    found, ch = [], bytes.fromhex(case["ch"])
    for item in read_header(case["header"].encode()).wraps:
        name = ("bidder_encryption", "spare_encryption")[item.index] if item.role == "bidder" else (
            f"custodian_{item.index}")
        secret = unwrap(item, KEYS[name], ch, SM)
        release = seal_release(secret, KEYS["session"].public, role=item.role, index=item.index, ch=ch)
        found.append({"role": item.role, "i": item.index, "ch": case["ch"], "secret": secret.hex(),
                      "info": binding("release", item.role, item.index, ch).hex(), "release": release.to_json()})
    return found


def make_suite_1(kept: Any) -> Any:
    ch = sha256(b"a lot of suite 1").digest()
    held = read_wrap(kept["wrap"]) if kept else wrap(
        SB, KEYS["bidder_encryption"].public, tag("bidder_encryption"), role="bidder", index=0, ch=ch)
    assert unwrap(held, KEYS["bidder_encryption"], ch) == SB
    return {"ch": ch.hex(), "secret": SB.hex(), "wrap": held.to_json()}


def make_identity(kept: Any) -> Any:
    if kept:
        return kept
    now = datetime(2026, 11, 26, tzinfo=UTC)
    root = new_authority("云开演示 SM2 根 CA", "sm2", now=now)
    subject = distinguished_name(common_name="国密测试有限公司", organisation="国密测试有限公司",
                                 uscc=demo_uscc("国密测试有限公司"))
    halves = [Identity(describe(root.issue(key, subject, now=now, days=3000, half=half)), key, root.certificate)
              for half, key in ((SIGNING, KEYS["bidder_signing"]), (ENCRYPTION, KEYS["bidder_encryption"]))]
    made = replace(halves[0], encryption=halves[1])
    return {"p12": b64(made.to_pkcs12("yunkai-demo")), "password": "yunkai-demo",
            "signing": made.certificate.pem, "encryption": made.recipient.certificate.pem,
            "issuer": describe(root.certificate).pem, "uscc": made.certificate.uscc,
            "signing_fingerprint": made.certificate.fingerprint,
            "encryption_fingerprint": made.recipient.certificate.fingerprint}


def make_login(kept: Any) -> Any:
    origin, nonce, expiry = "https://trade.example", bytes(range(200, 232)), "2026-12-01T01:02:00Z"
    certs = [sha256(KEYS[name].public.spki).digest() for name in ("bidder_signing", "bidder_encryption")]
    alone = b"ebid/1 login\0" + b"\0".join([origin.encode(), nonce, expiry.encode(), certs[0]])
    pair, signer = alone + b"\0" + certs[1], KEYS["bidder_signing"]
    return {"origin": origin, "nonce": nonce.hex(), "expires_at": expiry, "cert_sha256": certs[0].hex(),
            "encryption_sha256": certs[1].hex(), "alone": alone.hex(), "pair": pair.hex(),
            "signature_alone": kept["signature_alone"] if kept else b64(sm2.sign(signer, alone)),
            "signature_pair": kept["signature_pair"] if kept else b64(sm2.sign(signer, pair))}


def refused_headers(header: str) -> dict[str, str]:
    value = json.loads(header)

    def changed(**fields: Any) -> str:
        return canonical_bytes(value | fields).decode()

    floe, wraps = b64decode(value["floe"]), value["wraps"]
    return {
        "suite 1": changed(ctx=value["ctx"] | {"suite": 1}), "suite 3": changed(ctx=value["ctx"] | {"suite": 3}),
        "parameters of FLOE": changed(floe=b64(b"\0\0" + floe[2:])), "other parameters": changed(
            floe=b64(b"S\0" + floe[2:])),
        "an enc": changed(wraps=[wraps[0] | {"enc": b64(bytes(65))}, *wraps[1:]]),
        "a wrap to RSA": changed(wraps=[wraps[0] | {"alg": "rsa-oaep", "ct": b64(bytes(256))}, *wraps[1:]]),
        "a bidder's wrap of 33 bytes": changed(wraps=[wraps[0] | {"ct": wraps[2]["ct"]}, *wraps[1:]]),
    }


def refused_wraps(header: str) -> dict[str, str]:
    sealed = b64decode(json.loads(header)["wraps"][0]["ct"])
    altered, longer = bytearray(sealed), b"\x30\x81" + bytes([len(sealed) - 2]) + sealed[3:] + b"\0"
    altered[-1] ^= 1
    return {"altered": b64(bytes(altered)), "trailing byte": b64(sealed + b"\0"), "longer": b64(longer),
            "raw C1C3C2": b64(b"\x04" + bytes(64) + bytes(32) + bytes(48)), "empty": ""}


def main() -> None:
    old: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    kept = {case["name"]: case for case in old.get("cases", [])}
    plain, seg = 32, 64
    sizes = {"empty": 0, "one byte": 1, "one less than a segment": plain - 1, "a segment": plain,
             "one more than a segment": plain + 1, "three segments and five": 3 * plain + 5}
    cases = [make_case(name, size, seg, kept.get(name)) for name, size in sizes.items()]
    chinese = {"tender": "招〔2026〕第001号", "lot": "一标段·施工𠮷", "version": 3, "round": 2}
    for name, size, length, changes in (
            ("Chinese ctx", 77, seg, chinese),
            ("statement, 3 of 3", 1000, 1 << 20, {"envelope": "whole/statement", "k": 3}),
            ("one custodian", 5, seg, {"k": 1, "n": 1}), ("large segments", 2 * (1 << 20) + 9, 1 << 20, {})):
        cases.append(make_case(name, size, length, kept.get(name), **changes))
    result = {
        "about": ABOUT, "signer_id": sm2.SIGNER_ID.decode(),
        "keys": {name: {"pkcs8": b64(key.pkcs8), "spki": b64(key.public.spki), "scalar": key.scalar.hex(),
                        "point": key.public.point.hex()} for name, key in KEYS.items()},
        "primitives": make_primitives(old.get("primitives")), "cases": cases,
        "releases": make_releases(cases[0], old.get("releases")), "suite_1": make_suite_1(old.get("suite_1")),
        "identity": make_identity(old.get("identity")), "login": make_login(old.get("login")),
        "refused_headers": refused_headers(cases[0]["header"]),
        "refused_wraps": refused_wraps(cases[0]["header"])}
    FILE.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
