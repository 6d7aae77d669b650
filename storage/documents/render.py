"""Papers by Typst: a template and data give a PDF/A-2b, the same bytes for the same input.

Data goes in as JSON; text from users is never markup. Templates import ``/common.typ`` and nothing from a network.
"""

import io
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import segno
import typst

from storage.kernel.errors import Unavailable

TEMPLATES = Path(__file__).parent / "templates"
# Debian's fonts-noto-cjk first; others as distributions lay them out.
FONT_DIRECTORIES = (
    Path("/usr/share/fonts/opentype/noto"), Path("/usr/share/fonts/noto-cjk"),
    Path("/usr/share/fonts/google-noto-cjk"), Path("/usr/share/fonts/google-noto-sans-cjk-vf-fonts"),
    Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")
# Control characters but line feed and tab, and the bidirectional overrides.
_HIDDEN = dict.fromkeys((
    *range(9), *range(11, 32), *range(127, 160), 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F),
    *range(0x2066, 0x206A)), "\ufffd")


def render(template: Path, data: Mapping[str, Any], *, created_at: datetime, qr: str = "",
           attachments: Mapping[str, str] | None = None) -> bytes:
    """The PDF of the ``.typ`` file ``template``.

    ``data``: what ``json.dumps`` takes; control and bidirectional characters in it show as U+FFFD. The head
    reads ``platform`` (name) and ``demo`` (boolean) from it.
    ``attachments``: JSON texts by file name, carried inside byte for byte (the paper is then PDF/A-3b).
    ``created_at``: aware, goes into the document's properties. ``qr``: text of the code that ``#qr()`` shows.
    Raises ``Unavailable`` when no CJK font is installed, ``typst.TypstError`` for a broken template.
    """
    values = _shown(dict(data)) | ({"qr": qr_svg(qr)} if qr else {})
    inputs = {"data": json.dumps(values, ensure_ascii=False),
              "attachments": json.dumps(dict(attachments or {}), ensure_ascii=False)}
    compiler = typst.Compiler(template.read_bytes(), root=TEMPLATES, font_paths=_fonts(), ignore_system_fonts=True,
                              sys_inputs=inputs)
    standard: Literal["a-2b", "a-3b"] = "a-3b" if attachments else "a-2b"
    pdf = compiler.compile(format="pdf", pdf_standards=standard, timestamp=int(created_at.timestamp()))
    if not isinstance(pdf, bytes):
        raise TypeError("a PDF is one file")
    return pdf


def qr_svg(text: str) -> str:
    """A QR code (error correction M) as an SVG document."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=2, xmldecl=False, omitsize=True)
    return out.getvalue().decode()


def _shown(value: Any) -> Any:
    """Without characters that hide or turn round what stands beside them (fault 39)."""
    match value:
        case str():
            return value.translate(_HIDDEN)
        case dict():
            return {key: _shown(item) for key, item in value.items()}
        case list() | tuple():
            return [_shown(item) for item in value]
    return value


@cache
def _fonts() -> typst.Fonts:
    found = [str(path) for path in FONT_DIRECTORIES if path.is_dir()]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=found)
    if "Noto Serif CJK SC" not in fonts.families():
        raise Unavailable("服务器缺少中文字体（Noto CJK），不能生成文书", needed="fonts-noto-cjk")
    return fonts
