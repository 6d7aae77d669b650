"""Codes with a form of their own: project and lot codes (R-802), receipt numbers."""

import re
import secrets
from uuid import UUID, uuid4

from storage.kernel.errors import Invalid

_PROJECT = re.compile(r"[A-Z]\d{6}\d{4}\d{6}")
_LOT = re.compile(r"[A-Z]\d{6}\d{4}\d{6}\d{3}")
# No 0/O, 1/I, U: a receipt number is read over the telephone.
_READABLE = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"


def new_id() -> UUID:
    """A random identifier; never ordered by time, for order betrays count (R-122)."""
    return uuid4()


def project_code(platform_type: str, region: str, platform: str, serial: int) -> str:
    """17 characters: type letter, region GB/T 2260, platform serial, project serial (R-802)."""
    if not 1 <= serial <= 999_999:
        raise Invalid("项目流水号须在 000001 至 999999 之间", field="serial")
    code = f"{platform_type}{region}{platform}{serial:06d}"
    if not _PROJECT.fullmatch(code):
        raise Invalid("项目编号不合规（R-802）", field="code")
    return code


def lot_code(project: str, number: int) -> str:
    """20 characters: the project code and the lot's three digits (R-802)."""
    if not 1 <= number <= 999:
        raise Invalid("标段序号须在 001 至 999 之间", field="number")
    code = f"{project}{number:03d}"
    if not _LOT.fullmatch(code):
        raise Invalid("标段编号不合规（R-802）", field="code")
    return code


def receipt_number() -> str:
    """A random receipt number such as HZ-7K3M-9QXA-2WED; carries no serial (R-122)."""
    return _random("HZ")


def order_number() -> str:
    """A random number of an order to another house, such as BH-7K3M-9QXA-2WED: it betrays no lot, no bidder (R-412)."""
    return _random("BH")


def _random(prefix: str) -> str:
    body = "".join(secrets.choice(_READABLE) for _ in range(12))
    return f"{prefix}-{body[:4]}-{body[4:8]}-{body[8:]}"
