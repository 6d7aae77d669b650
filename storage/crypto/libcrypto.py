"""The few calls of the system's OpenSSL 3 that SM2 needs, every argument and result type declared.

PyPI's ``cryptography`` is built without SM2. The library is the one that Python's own ``ssl`` is linked with.
"""

import ctypes
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_ubyte, c_void_p
from functools import cache
from typing import Any

from storage.kernel.errors import Unavailable

_NAME = "libcrypto.so.3"
_BYTES = POINTER(c_ubyte)

# name → (result type, argument types); man pages EVP_PKEY_*, EVP_DigestSign*, d2i_PUBKEY of OpenSSL 3.0.
_CALLS: dict[str, tuple[Any, list[Any]]] = {
    "ERR_clear_error": (None, []),
    "CRYPTO_free": (None, [c_void_p, c_char_p, c_int]),
    "EVP_sm3": (c_void_p, []),
    "d2i_PUBKEY": (c_void_p, [c_void_p, POINTER(c_char_p), c_long]),
    "d2i_AutoPrivateKey": (c_void_p, [c_void_p, POINTER(c_char_p), c_long]),
    "i2d_PUBKEY": (c_int, [c_void_p, POINTER(_BYTES)]),
    "EVP_PKEY_free": (None, [c_void_p]),
    "EVP_PKEY_is_a": (c_int, [c_void_p, c_char_p]),
    "EVP_PKEY_CTX_new": (c_void_p, [c_void_p, c_void_p]),
    "EVP_PKEY_CTX_free": (None, [c_void_p]),
    "EVP_PKEY_CTX_set1_id": (c_int, [c_void_p, c_char_p, c_int]),
    "EVP_MD_CTX_new": (c_void_p, []),
    "EVP_MD_CTX_free": (None, [c_void_p]),
    "EVP_MD_CTX_set_pkey_ctx": (None, [c_void_p, c_void_p]),
    "EVP_DigestSignInit": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "EVP_DigestSign": (c_int, [c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t]),
    "EVP_DigestVerifyInit": (c_int, [c_void_p, c_void_p, c_void_p, c_void_p, c_void_p]),
    "EVP_DigestVerify": (c_int, [c_void_p, c_char_p, c_size_t, c_char_p, c_size_t]),
    "EVP_PKEY_encrypt_init": (c_int, [c_void_p]),
    "EVP_PKEY_encrypt": (c_int, [c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t]),
    "EVP_PKEY_decrypt_init": (c_int, [c_void_p]),
    "EVP_PKEY_decrypt": (c_int, [c_void_p, c_char_p, POINTER(c_size_t), c_char_p, c_size_t]),
}


@cache
def libcrypto() -> Any:
    """The library, loaded once; raises ``Unavailable`` where the system has none, or one without SM2."""
    try:
        library = ctypes.CDLL(_NAME)
        for name, (result, arguments) in _CALLS.items():
            call = getattr(library, name)
            call.restype, call.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise Unavailable("系统缺少带国密算法的 OpenSSL 3 库", library=_NAME) from error
    return library


def read_key(der: bytes, *, is_private: bool) -> int | None:
    """A handle on the SM2 key of SPKI or PKCS#8 bytes, to be freed by ``EVP_PKEY_free``; None for any other key."""
    library = libcrypto()
    read = library.d2i_AutoPrivateKey if is_private else library.d2i_PUBKEY
    handle: int | None = read(None, byref(c_char_p(der)), len(der))
    if handle and library.EVP_PKEY_is_a(handle, b"SM2") != 1:
        library.EVP_PKEY_free(handle)
        handle = None
    library.ERR_clear_error()
    return handle


def public_bytes(handle: int) -> bytes:
    """The SPKI of the key behind a handle."""
    library, place = libcrypto(), _BYTES()
    length = library.i2d_PUBKEY(handle, byref(place))
    try:
        return ctypes.string_at(place, length)
    finally:
        library.CRYPTO_free(ctypes.cast(place, c_void_p), b"", 0)
