"""What an uploaded file may be called and may be. A name is shown, never used as a path (fault 39)."""

import unicodedata
from urllib.parse import quote

from storage.kernel.errors import Invalid

LARGEST_FILE = 200 << 20
LONGEST_NAME_OCTETS = 200
# extension: media type, first bytes
TYPES: dict[str, tuple[str, bytes]] = {
    "pdf": ("application/pdf", b"%PDF-"),
    "zip": ("application/zip", b"PK\x03\x04"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
    "dwg": ("image/vnd.dwg", b"AC10"),
}
KINDS = frozenset({"attachment", "bill", "drawing"})


def _clean(name: str) -> str:
    plain = unicodedata.normalize("NFC", name)
    kept = "".join(sign for sign in plain if unicodedata.category(sign)[0] != "C")
    return kept.replace("/", "_").replace("\\", "_").strip(" .")


def safe_name(name: str) -> str:
    """The name without control, direction and path signs, cut to 200 octets with its extension kept.

    Raises ``Invalid`` when nothing is left or the extension is not admitted.
    """
    stem, dot, extension = _clean(name).rpartition(".")
    extension = extension.lower()
    if not dot or not stem.strip(" .") or extension not in TYPES:
        raise Invalid(f"文件名须以 {'、'.join('.' + each for each in TYPES)} 结尾", field="name")
    room = LONGEST_NAME_OCTETS - len(extension) - 1
    short = stem.encode()[:room].decode(errors="ignore")
    return f"{short.rstrip(' .')}.{extension}"


def media_type(name: str) -> str:
    """The media type of a safe name."""
    return TYPES[name.rpartition(".")[2]][0]


def is_packed(name: str) -> bool:
    """True for a safe name whose content is a ZIP, whatever it is called."""
    return TYPES[name.rpartition(".")[2]][1].startswith(b"PK")


def must_begin_like(name: str, first: bytes) -> None:
    """Raises ``Invalid`` when a file does not begin like what its name says."""
    if not first.startswith(TYPES[name.rpartition(".")[2]][1]):
        raise Invalid("文件内容与扩展名不符", field="file")


def content_disposition(name: str) -> str:
    """The header of a download (RFC 6266): the true name encoded, a plain one for old readers."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._- ") else "_" for sign in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
