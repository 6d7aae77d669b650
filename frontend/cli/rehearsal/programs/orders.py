"""How a program outside reads an order of the platform: digest and signature first, then the payload."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from storage.crypto.canonical import canonical_bytes, canonical_sha256
from storage.crypto.statements import check_statement
from storage.kernel.errors import DomainError


class OrderRefused(Exception):
    """The message is not the platform's, or not what it says."""


def checked_order(message: Mapping[str, Any], roots: frozenset[str] | None, at: datetime) -> dict[str, Any]:
    """The payload of a message of the platform's queue; raises ``OrderRefused``.

    ``roots``: fingerprints of the roots that the signature must chain to; None trusts any unbroken chain.
    """
    try:
        payload = dict(message["payload"])
        if canonical_sha256(payload) != message["sha256"]:
            raise OrderRefused("摘要与内容不符")
        text = canonical_bytes({"v": 1, "kind": "order", "id": message["id"], "of": message["kind"],
                                "subject": message["subject"], "platform": message["platform"],
                                "sha256": message["sha256"]})
        check_statement("order", text, message["signature"], at=at, roots=roots)
    except (KeyError, TypeError, ValueError, DomainError) as error:
        raise OrderRefused(f"指令未通过核验：{error}") from error
    return payload
