"""Signatures of persons: ECDSA-SHA256 (DER) with P-256, RSA PKCS#1 v1.5 with SHA-256, SM2 with SM3 (DER)."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from storage.crypto import sm2
from storage.crypto.errors import NotSupported, SignatureRefused

PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | sm2.Sm2PublicKey
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | sm2.Sm2PrivateKey


def check_signature(public_key: object, message: bytes, signature: bytes) -> None:
    """Raises ``SignatureRefused`` when it does not verify, ``NotSupported`` for another kind of key."""
    try:
        match public_key:
            case ec.EllipticCurvePublicKey() if isinstance(public_key.curve, ec.SECP256R1):
                public_key.verify(signature, message, ec.ECDSA(SHA256()))
            case rsa.RSAPublicKey() if public_key.key_size >= 2048:
                public_key.verify(signature, message, padding.PKCS1v15(), SHA256())
            case sm2.Sm2PublicKey():
                if not sm2.verifies(public_key, message, signature):
                    raise SignatureRefused("签名不符")
            case _:
                raise NotSupported("只支持 SM2、P-256 与 2048 位以上 RSA 证书")
    except InvalidSignature as error:
        raise SignatureRefused("签名不符") from error


def sign(private_key: PrivateKey, message: bytes) -> bytes:
    """The signature of ``message`` in the form ``check_signature`` takes."""
    if isinstance(private_key, sm2.Sm2PrivateKey):
        return sm2.sign(private_key, message)
    if isinstance(private_key, rsa.RSAPrivateKey):
        return private_key.sign(message, padding.PKCS1v15(), SHA256())
    return private_key.sign(message, ec.ECDSA(SHA256()))


def signing_key(loaded: object) -> PrivateKey:
    """The loaded private key where it is of a kind this platform takes; else ``NotSupported``."""
    if isinstance(loaded, PrivateKey):
        return loaded
    raise NotSupported("只支持 SM2、P-256 与 RSA 私钥")
