"""Opening a PDF that somebody handed in."""

from io import BytesIO
from typing import Any

from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from storage.crypto.errors import Malformed


def open_pdf(pdf: bytes) -> Any:
    """pyHanko's reader; raises ``Malformed`` for what cannot be read or is encrypted."""
    try:
        reader = PdfFileReader(BytesIO(pdf), strict=False)
        if reader.encrypted:
            raise Malformed("PDF 已加密，无法读取", field="pdf")
        return reader
    except (PdfError, ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise Malformed("不是可读取的 PDF", field="pdf") from error
