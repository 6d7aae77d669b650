"""The tender package on the bidder's computer: fetched, and every file in it compared with its digest (A-87)."""

import io
import zipfile
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import UUID

from frontend.cli.client import ApiClient
from storage.crypto.canonical import parse_object
from storage.kernel.errors import NotFound, Refused

_LARGEST_MEMBER = 2 << 30


def find_lot(api: ApiClient, named: str) -> str:
    """The id of a lot by its id or its code (R-802); raises ``NotFound``."""
    try:
        return str(UUID(named))
    except ValueError:
        pass
    for line in api.get("/api/notices", q=named)["items"]:
        if line["lot"]["code"] == named.upper():
            return str(line["lot_id"])
    raise NotFound(f"没有找到标段 {named}")


def fetch_tender(api: ApiClient, lot: str, folder: Path) -> list[Path]:
    """Downloads and unpacks the tender package into ``folder``; returns the files written, ``tender.json`` first.

    Raises ``Refused`` when a file is not what the package says of it, or would be written outside the folder.
    """
    with zipfile.ZipFile(io.BytesIO(api.get_bytes(f"/api/lots/{lot}/package"))) as packed:
        listed: Any = parse_object(packed.read("digests.json"))["files"]
        written = []
        for item in listed:
            target = _inside(folder, str(item["name"]))
            if packed.getinfo(item["name"]).file_size != item["size"] or item["size"] > _LARGEST_MEMBER:
                raise Refused(f"招标文件包中“{item['name']}”的长度不符", field=str(item["name"]))
            data = packed.read(item["name"])
            if sha256(data).hexdigest() != item["sha256"]:
                raise Refused(f"招标文件包中“{item['name']}”的摘要不符", field=str(item["name"]))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
            written.append(target)
    return written


def _inside(folder: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\\" in name or "\0" in name:
        raise Refused("招标文件包含有不允许的文件名", field="name")
    return folder.joinpath(*path.parts)
