"""Whether a PDF does more than show itself: script, launch, attachment and the like (fault 42)."""

from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError

from storage.crypto.errors import Malformed
from storage.crypto.pdf_reading import open_pdf

# Entries by which a document runs, fetches, or hides something.
_ACTIVE = {"/JavaScript": "script", "/JS": "script", "/Launch": "launch", "/EmbeddedFiles": "attachment",
           "/EF": "attachment", "/RichMedia": "media", "/XFA": "form", "/SubmitForm": "submission",
           "/ImportData": "submission", "/GoToR": "link", "/GoToE": "attachment"}
_MOST_OBJECTS = 200_000


def active_content(pdf: bytes) -> frozenset[str]:
    """What a document does beyond showing itself: script, launch, attachment, media, form, submission, link.

    Empty for a plain document. Raises ``Malformed`` for no PDF, an encrypted one, or too many objects.
    """
    reader = open_pdf(pdf)
    found: set[str] = set()
    try:
        for value in _objects(reader.trailer_view):
            if isinstance(value, generic.DictionaryObject):
                action = {str(value["/S"])} if "/S" in value else set()
                found |= {_ACTIVE[key] for key in (set(value) | action) & set(_ACTIVE)}
    except (PdfError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed("PDF 无法读取", field="pdf") from error
    return frozenset(found)


def embedded_files(pdf: bytes) -> int:
    """How many files a document carries, wherever it keeps them: in its list of names, or hidden in a note on a page.
    Raises ``Malformed`` as ``active_content``."""
    reader = open_pdf(pdf)
    found: set[object] = set()
    try:
        for value in _objects(reader.trailer_view):
            if isinstance(value, generic.DictionaryObject) and "/EF" in value:
                kept = value["/EF"]
                for held in (kept.raw_get(key) for key in kept):
                    found.add(held.reference if isinstance(held, generic.IndirectObject) else id(held))
    except (PdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed("PDF 无法读取", field="pdf") from error
    return len(found)


def _objects(start: Any) -> Iterator[Any]:
    waiting, seen = [start], set()
    while waiting:
        value = waiting.pop()
        if isinstance(value, generic.IndirectObject):
            if value.reference in seen:
                continue
            seen.add(value.reference)
            referred: Any = value
            value = referred.get_object()
        if len(seen) > _MOST_OBJECTS:
            raise ValueError("too many objects")
        yield value
        if isinstance(value, generic.DictionaryObject):
            waiting.extend(value.raw_get(key) for key in value)
        elif isinstance(value, generic.ArrayObject):
            waiting.extend(value.raw_get(index) for index in range(len(value)))
