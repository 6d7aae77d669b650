"""Files a PDF carries inside."""

from io import BytesIO
from typing import Any

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from storage.crypto.errors import Malformed

_LARGEST = 64 << 20
_DEEPEST = 8


def attachments(pdf: bytes) -> dict[str, bytes]:
    """Content by file name; raises ``Malformed`` for what is no PDF, too much, or two files of one name."""
    found: dict[str, bytes] = {}
    try:
        _collect(_at(_at(PdfFileReader(BytesIO(pdf), strict=False).root, "/Names"), "/EmbeddedFiles"), found, _DEEPEST)
    except (PdfError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed("PDF 附件无法读取", field="pdf") from error
    return found


def _at(node: Any, key: str) -> Any:
    """The entry itself, wherever it stands: some writers refer to it, some write it in place. Empty for none."""
    return node[key] if key in set(node) else {}


def _collect(node: Any, found: dict[str, bytes], depth: int) -> None:
    if depth == 0 or sum(map(len, found.values())) > _LARGEST:
        raise ValueError("too deep or too large")
    pairs = list(_at(node, "/Names"))
    for name, held in zip(pairs[::2], pairs[1::2], strict=True):
        file = held.get_object()
        if str(name) in found:
            raise ValueError("two files of one name")
        found[str(name)] = bytes(file["/EF"]["/F"].data)
    for kid in _at(node, "/Kids"):
        _collect(kid.get_object(), found, depth - 1)
