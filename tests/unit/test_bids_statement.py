"""The opening statement in form, and files as one body (A-94)."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader

from bidding.bids.statement import statement_bytes, statement_faults
from frontend.cli.bid_content import content_of, uniquely_named
from frontend.cli.bid_layout import lay_out
from storage.kernel.errors import Invalid
from tests.nodes import ROOT

FIELDS = [{"key": "price", "label": "投标总价", "kind": "money", "required": True},
          {"key": "days", "label": "工期", "kind": "days", "required": True},
          {"key": "rate", "label": "下浮率", "kind": "percent", "required": False},
          {"key": "manager", "label": "项目经理", "kind": "text", "required": False}]
GOOD = {"price": "8730000.00", "days": "365"}


@pytest.mark.cts("A-94")
def test_a_statement_in_form_is_canonical_json() -> None:
    assert statement_bytes(GOOD, FIELDS) == b'{"fields":{"days":"365","price":"8730000.00"},"v":1}'


@pytest.mark.cts("A-94")
@pytest.mark.parametrize(("key", "text"), [
    ("price", ""), ("price", "8,730,000"), ("price", "-1"), ("price", "1.234"), ("price", "八百万"), ("price", "1e6"),
    ("price", " 1"),
    ("days", "0"), ("days", "365天"), ("days", "-3"), ("rate", "百分之三"), ("manager", "张\n三"),
    ("manager", "x" * 2001), ("colour", "red"),
])
def test_every_item_out_of_form_is_named(key: str, text: str) -> None:
    assert list(statement_faults(GOOD | {key: text}, FIELDS)) == [key]
    with pytest.raises(Invalid):
        statement_bytes(GOOD | {key: text}, FIELDS)


def test_all_faults_are_told_together() -> None:
    assert set(statement_faults({"days": "x"}, FIELDS)) == {"price", "days"}


def test_several_files_make_one_zip_that_any_program_reads(tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    files = {tmp_path / "商务标.pdf": b"a" * 5000, tmp_path / "drawings.zip": bytes(9),
             tmp_path / "part/商务标.pdf": b""}
    for path, data in files.items():
        path.write_bytes(data)
    content = content_of(list(files))
    packed = content.read(0, content.size)
    with zipfile.ZipFile(io.BytesIO(packed)) as found:
        assert found.testzip() is None
        assert found.namelist() == ["drawings.zip", "商务标 (2).pdf", "商务标.pdf"]
        assert found.read("商务标.pdf") == b"a" * 5000
    first, second, third = files
    again = content_of([second, first, third])
    assert again.read(0, again.size) == packed


def test_the_body_is_the_bytes_that_the_browser_makes(tmp_path: Path) -> None:
    given = json.loads((ROOT / "tests/vectors/body-zip.json").read_text("utf-8"))
    paths = []
    for place, file in enumerate(given["files"]):
        (tmp_path / str(place)).mkdir()
        paths.append(tmp_path / str(place) / file["name"])
        paths[-1].write_bytes(bytes.fromhex(file["content"]))
    content = content_of(paths)
    assert content.read(0, content.size).hex() == given["zip"]


def test_any_stretch_of_a_body_reads_as_the_whole_does(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode() * 1000)
    content = content_of([tmp_path / "a", tmp_path / "b"])
    whole = content.read(0, content.size)
    for offset in range(0, content.size, 97):
        assert content.read(offset, 211) == whole[offset:offset + 211]


def test_a_single_file_is_sealed_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "bid.pdf").write_bytes(b"%PDF-1.7")
    assert content_of([tmp_path / "bid.pdf"]).read(0, 99) == b"%PDF-1.7"


@pytest.mark.parametrize(("name", "second"), [("a.pdf", "a (2).pdf"), ("a", "a (2)"), ("a.tar.gz", "a.tar (2).gz"),
                                              (".env", " (2).env")])
def test_a_second_file_of_a_name_is_told_apart(name: str, second: str) -> None:
    named = [found for found, _ in uniquely_named([Path("x") / name, Path("y") / name])]
    assert set(named) == {name, second}


@pytest.mark.cts("A-89")
def test_pictures_and_texts_become_one_fixed_layout_file(tmp_path: Path) -> None:
    (tmp_path / "投标函.txt").write_text("致：江苏某水利局\n我方愿以总价承包。#panic() 只是文字", "utf-8")
    picture = tmp_path / "盖章页.svg"
    picture.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9"/></svg>')
    files = [tmp_path / "投标函.txt", picture]
    made = lay_out(files, "投标文件")
    assert lay_out(files, "投标文件") == made
    pages = PdfReader(io.BytesIO(made)).pages
    assert len(pages) == 2
    assert "#panic()" in pages[0].extract_text(), "text stays text"
    assert b"pdfaid:part" in made
    with pytest.raises(Invalid):
        lay_out([tmp_path / "bid.docx"], "投标文件")
