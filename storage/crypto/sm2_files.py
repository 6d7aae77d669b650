"""PKCS#12 files of SM2 holders: one file with both keys of a dual pair, their certificates and the issuer's.

PBES2 (PBKDF2-HMAC-SHA256, AES-256-CBC) and an HMAC-SHA256 MAC (RFC 7292), as OpenSSL 3 and node-forge read them;
written by hand, since ``cryptography`` reads no SM2 key. Keys are matched to certificates by their public point.
"""

import hmac
import secrets
from collections.abc import Sequence
from hashlib import pbkdf2_hmac, sha256
from typing import Any

from asn1crypto import algos, cms, core, keys, pkcs12
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from storage.crypto.errors import Malformed
from storage.crypto.sm2 import Sm2PrivateKey, private_key_of

_ROUNDS = 20_000
_MOST_ROUNDS = 10_000_000
_BLOCK = 16
_MAC_KEY = 3  # RFC 7292, B.3


def write_pkcs12(pairs: Sequence[tuple[Sm2PrivateKey, bytes]], others: Sequence[bytes], password: str) -> bytes:
    """The file: ``pairs`` are keys with their certificates (DER), ``others`` further certificates (DER)."""
    shrouded, plain = [], []
    for number, (key, certificate) in enumerate(pairs, 1):
        name = [{"type": "local_key_id", "values": [bytes([number])]}]
        algorithm, sealed = _encrypted(key.pkcs8, password)
        shrouded.append({"bag_id": "pkcs8_shrouded_key_bag", "bag_attributes": name, "bag_value":
                         keys.EncryptedPrivateKeyInfo({"encryption_algorithm": algorithm, "encrypted_data": sealed})})
        plain.append(_certificate_bag(certificate) | {"bag_attributes": name})
    plain += [_certificate_bag(each) for each in others]
    algorithm, sealed = _encrypted(pkcs12.SafeContents(plain).dump(), password)
    safe = pkcs12.AuthenticatedSafe([
        cms.ContentInfo({"content_type": "encrypted_data", "content": cms.EncryptedData({
            "version": "v0", "encrypted_content_info": {
                "content_type": "data", "content_encryption_algorithm": algorithm, "encrypted_content": sealed}})}),
        cms.ContentInfo({"content_type": "data", "content": pkcs12.SafeContents(shrouded).dump()})]).dump()
    salt = secrets.token_bytes(_BLOCK)
    mac = {"digest_algorithm": {"algorithm": "sha256"}, "digest": _mac(safe, password, salt, _ROUNDS)}
    whole: bytes = pkcs12.Pfx({
        "version": "v3", "auth_safe": {"content_type": "data", "content": safe},
        "mac_data": {"mac": mac, "mac_salt": salt, "iterations": _ROUNDS}}).dump()
    return whole


def read_sm2_pkcs12(data: bytes, password: str) -> tuple[list[Sm2PrivateKey], list[bytes]]:
    """The SM2 keys and all certificates (DER) of a file; raises ``Malformed`` for a wrong password or another form."""
    try:
        pfx = pkcs12.Pfx.load(data, strict=True)
        _check_mac(pfx, password)
        bags = [bag for content in pfx.authenticated_safe for bag in _bags(content, password)]
        held = [private_key_of(_key_in(bag, password)) for bag in bags
                if bag["bag_id"].native in ("key_bag", "pkcs8_shrouded_key_bag")]
        certificates = [bag["bag_value"]["cert_value"].parsed.dump() for bag in bags
                        if bag["bag_id"].native == "cert_bag"]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Malformed("证书文件或口令不对", field="pkcs12") from error
    return [key for key in held if key is not None], certificates


def _certificate_bag(der: bytes) -> dict[str, Any]:
    return {"bag_id": "cert_bag", "bag_value": pkcs12.CertBag({
        "cert_id": "x509", "cert_value": core.ParsableOctetString(asn1.Certificate.load(der).dump())})}


def _bags(content: Any, password: str) -> Any:
    if content["content_type"].native == "data":
        return pkcs12.SafeContents.load(content["content"].native, strict=True)
    inner = content["content"]["encrypted_content_info"]
    return pkcs12.SafeContents.load(_decrypted(
        inner["content_encryption_algorithm"], inner["encrypted_content"].native, password), strict=True)


def _key_in(bag: Any, password: str) -> bytes:
    value = bag["bag_value"]
    if bag["bag_id"].native == "key_bag":
        plain: bytes = value.dump()
        return plain
    return _decrypted(value["encryption_algorithm"], value["encrypted_data"].native, password)


def _encrypted(plain: bytes, password: str) -> tuple[Any, bytes]:
    salt, iv = secrets.token_bytes(_BLOCK), secrets.token_bytes(_BLOCK)
    key = pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS, 32)
    padder, cipher = PKCS7(128).padder(), Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    sealed = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    return algos.EncryptionAlgorithm({"algorithm": "pbes2", "parameters": {
        "key_derivation_func": {"algorithm": "pbkdf2", "parameters": {
            "salt": algos.Pbkdf2Salt("specified", salt), "iteration_count": _ROUNDS,
            "prf": {"algorithm": "sha256"}}},
        "encryption_scheme": {"algorithm": "aes256_cbc", "parameters": iv}}}), sealed


def _decrypted(algorithm: Any, sealed: bytes, password: str) -> bytes:
    if algorithm["algorithm"].native != "pbes2" or algorithm.encryption_cipher != "aes":
        raise ValueError("only PBES2 with AES is read")
    key = pbkdf2_hmac(algorithm.kdf_hmac, password.encode(), algorithm.kdf_salt, _bounded(algorithm.kdf_iterations),
                      algorithm.key_length)
    cipher, padder = Cipher(algorithms.AES(key), modes.CBC(algorithm.encryption_iv)).decryptor(), PKCS7(128).unpadder()
    return padder.update(cipher.update(sealed) + cipher.finalize()) + padder.finalize()


def _check_mac(pfx: Any, password: str) -> None:
    found = pfx["mac_data"]
    if found["mac"]["digest_algorithm"]["algorithm"].native != "sha256":
        raise ValueError("only an HMAC-SHA256 MAC is read")
    expected = _mac(pfx["auth_safe"]["content"].native, password, found["mac_salt"].native,
                    _bounded(found["iterations"].native))
    if not hmac.compare_digest(found["mac"]["digest"].native, expected):
        raise ValueError("wrong password or altered file")


def _bounded(rounds: int) -> int:
    if not 1 <= rounds <= _MOST_ROUNDS:
        raise ValueError("too many rounds")
    return rounds


def _mac(content: bytes, password: str, salt: bytes, rounds: int) -> bytes:
    """HMAC-SHA256 under the key that RFC 7292, appendix B.2, derives; 32 bytes are one round of its blocks."""
    letters = password.encode("utf-16-be") + b"\0\0"
    derived = sha256(bytes([_MAC_KEY]) * 64 + _filled(salt) + _filled(letters)).digest()
    for _ in range(rounds - 1):
        derived = sha256(derived).digest()
    return hmac.digest(derived, content, "sha256")


def _filled(text: bytes) -> bytes:
    length = -(-len(text) // 64) * 64
    return (text * (length // len(text) + 1))[:length]
