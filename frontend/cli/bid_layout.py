"""Pictures and texts as one fixed-layout file, PDF/A-2b, the same bytes for the same input (A-89)."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import typst

from frontend.cli.bid_screen import end
from storage.documents.render import FONT_DIRECTORIES
from storage.kernel.errors import Invalid

_TEMPLATE = Path(__file__).parent / "bid_layout.typ"
_PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"}
_TEXTS = {".txt", ".md", ".csv"}
_EPOCH = 0  # no clock enters the bytes


def lay_out(files: Sequence[Path], title: str) -> bytes:
    """The PDF of scanned pages and texts, in the order given; raises ``Invalid`` for another kind of file.

    A PDF is in fixed layout already and is attached to the bid as it is.
    """
    with TemporaryDirectory() as folder:
        root = Path(folder)
        parts = [_part(path, place, root) for place, path in enumerate(files)]
        (root / "layout.json").write_text(json.dumps({"title": title, "parts": parts}, ensure_ascii=False), "utf-8")
        (root / "layout.typ").write_bytes(_TEMPLATE.read_bytes())
        fonts = [path for path in FONT_DIRECTORIES if path.is_dir()]
        return typst.compile(root / "layout.typ", root=root, font_paths=fonts, format="pdf", pdf_standards="a-2b",
                             timestamp=_EPOCH)


def _part(path: Path, place: int, root: Path) -> dict[str, Any]:
    ending = path.suffix.lower()
    if ending in _PICTURES:
        file = f"picture-{place}{ending}"
        shutil.copyfile(path, root / file)
        return {"kind": "image", "name": path.stem, "file": file}
    if ending in _TEXTS:
        try:
            lines = path.read_text("utf-8-sig").splitlines()
        except UnicodeDecodeError as error:
            raise Invalid(f"“{path.name}”不是 UTF-8 文本", field=path.name) from error
        return {"kind": "text", "name": path.stem, "lines": [line for line in lines if line.strip()]}
    raise Invalid(f"“{path.name}”不能转换：只收图片与文本；PDF 已是版式文件，直接用 --file 加入", field=path.name)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), required=True, help="PDF to write")
@click.option("--title", default="投标文件", show_default=True, help="标题 title")
def layout(files: tuple[Path, ...], output: Path, title: str) -> None:
    """把图片与文本转换为版式文件（PDF/A）。Converts pictures and texts to fixed layout (A-89)."""
    try:
        output.write_bytes(lay_out(files, title))
    except Invalid as error:
        end(error.message)
    click.echo(output)
