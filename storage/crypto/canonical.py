"""JSON in one form only: RFC 8785 (JCS), without floats, and a reader that refuses every other form."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import NoReturn, cast

import rfc8785

from storage.crypto.errors import Malformed

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]

_LARGEST = 2**53 - 1
_DEEPEST = 64


def canonical_bytes(value: Json) -> bytes:
    """The JCS bytes (UTF-8) of null, booleans, strings, integers below 2^53, lists and string-keyed maps.

    Raises ``Malformed`` for a float, a larger integer, a lone surrogate, or nesting beyond 64 levels.
    """
    _check(value, 0)
    try:
        return rfc8785.dumps(cast("str", value))
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise Malformed("内容不能写成规范 JSON") from error


def canonical_sha256(value: Json) -> str:
    """Lower-case hex SHA-256 of ``canonical_bytes(value)``."""
    return sha256(canonical_bytes(value)).hexdigest()


def parse_canonical(data: bytes, *, limit: int = 1 << 24) -> Json:
    """Reads JSON that is exactly its own canonical form; ``limit`` bounds the bytes.

    Raises ``Malformed`` for duplicate keys, floats, blanks, other key order, other escapes, invalid UTF-8.
    """
    if len(data) > limit:
        raise Malformed("JSON 超过允许的长度", limit=limit)
    try:
        value: Json = json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise Malformed("不是合法的 JSON") from error
    if canonical_bytes(value) != data:
        raise Malformed("不是规范 JSON（RFC 8785）")
    return value


def parse_object(data: bytes, *, limit: int = 1 << 24) -> dict[str, Json]:
    """As ``parse_canonical``; raises ``Malformed`` when the outermost value is not an object."""
    value = parse_canonical(data, limit=limit)
    if not isinstance(value, dict):
        raise Malformed("JSON 应为对象")
    return value


def to_base64(data: bytes) -> str:
    """Standard alphabet, with padding."""
    return b64encode(data).decode("ascii")


def from_base64(text: object, field: str) -> bytes:
    """The bytes of canonical standard base64; raises ``Malformed`` naming ``field`` otherwise."""
    if not isinstance(text, str):
        raise Malformed("应为 base64 文本", field=field)
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise Malformed("不是合法的 base64", field=field) from error
    if to_base64(data) != text:
        raise Malformed("base64 不是唯一写法", field=field)
    return data


def from_hex(text: object, field: str, length: int = 32) -> bytes:
    """The ``length`` bytes of lower-case hex; raises ``Malformed`` naming ``field`` otherwise."""
    if not isinstance(text, str) or len(text) != 2 * length or not set(text) <= set("0123456789abcdef"):
        raise Malformed("应为小写十六进制摘要", field=field)
    return bytes.fromhex(text)


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"not an integer: {text[:20]}")


def _check(value: object, depth: int) -> None:
    if depth > _DEEPEST:
        raise Malformed("JSON 嵌套过深")
    match value:
        case None | bool() | str():
            return
        case int():
            if abs(value) > _LARGEST:
                raise Malformed("整数须小于 2^53")
        case Mapping():
            for key, item in value.items():
                if not isinstance(key, str):
                    raise Malformed("对象的键须为文本")
                _check(item, depth + 1)
        case list() | tuple():
            for item in value:
                _check(item, depth + 1)
        case _:
            raise Malformed("JSON 只收文本、整数、布尔、列表与对象")
