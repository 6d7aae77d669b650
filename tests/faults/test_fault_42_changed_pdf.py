"""Fault 42: a PDF that was changed, runs, fetches or hides something is shown so, and is no signed letter."""

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pypdf
import pytest
from click.testing import CliRunner, Result
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    NameObject,
    RectangleObject,
    StreamObject,
    TextStringObject,
)

from bidding.guarantees.application import SignedLetter
from bidding.guarantees.judging import read_revealed
from bidding.guarantees.model import ATTACHMENT, IssuerKind
from frontend.cli.rehearsal.programs.letters import House, issue_letter, letter_data
from frontend.cli.verify import verify
from storage.crypto.demo_pki import DemoPki, demo_uscc, open_demo_pki
from storage.crypto.pdf_active import active_content
from storage.crypto.pdf_signing import finish_pdf, prepare_pdf
from storage.crypto.trust import TrustList, read_trust_list
from storage.kernel.clock import process_now

BANK, BIDDER = "江苏海州银行", "江苏新浦建设集团有限公司"
Change = Callable[[pypdf.PdfWriter], object]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    root = tmp_path_factory.mktemp("pki")
    return open_demo_pki(root / "keys", root / "trust", now=process_now())


@pytest.fixture(scope="module")
def trust(pki: DemoPki) -> TrustList:
    return read_trust_list(pki.directory)


@pytest.fixture(scope="module")
def house(pki: DemoPki) -> House:
    return House(BANK, IssuerKind.BANK,
                 pki.issue(organisation=BANK, uscc=demo_uscc(BANK), kind="ec-p256", now=process_now()))


async def honest(house: House) -> SignedLetter:
    """A letter as its issuer writes it."""
    now = process_now()
    return await issue_letter(house, letter_data(house, "BH-2345-6789-ABCD", {
        "project": "蔷薇河", "lot": "E3207000001000001001", "lot_title": "一标段", "amount": "200000.00",
        "bidder": {"name": BIDDER, "uscc": demo_uscc(BIDDER)}, "contact": {"name": "李", "phone": "0518"},
        "beneficiary": "水利处", "begin": "2026-03-20", "end": "2026-06-21", "amends": None}, now), now)


def script(writer: pypdf.PdfWriter) -> None:
    """Runs when the document is opened."""
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject({
        NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")})


def launch(writer: pypdf.PdfWriter) -> None:
    """Starts a program of the reader's machine."""
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject({
        NameObject("/S"): NameObject("/Launch"), NameObject("/F"): TextStringObject("cmd.exe")})


def hidden_launch(writer: pypdf.PdfWriter) -> None:
    """The same, its kind told by reference."""
    kind = writer._add_object(NameObject("/Launch"))
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject({
        NameObject("/S"): kind, NameObject("/F"): TextStringObject("cmd.exe")})


def stowaway(writer: pypdf.PdfWriter) -> None:
    """Hides a second file."""
    writer.add_attachment("invoice.exe", b"MZ")


def note_with_a_file(writer: pypdf.PdfWriter) -> None:
    """Hides a second file in a note on its page, where no list of files names it."""
    content = StreamObject()
    content.set_data(b"MZ")
    file = DictionaryObject({
        NameObject("/Type"): NameObject("/Filespec"), NameObject("/F"): TextStringObject("invoice.exe"),
        NameObject("/EF"): DictionaryObject({NameObject("/F"): writer._add_object(content)})})
    note = DictionaryObject({
        NameObject("/Type"): NameObject("/Annot"), NameObject("/Subtype"): NameObject("/FileAttachment"),
        NameObject("/Rect"): RectangleObject((0, 0, 10, 10)), NameObject("/FS"): file})
    writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(note)])


def namesake(writer: pypdf.PdfWriter) -> None:
    """Hides a second file behind the name of the first."""
    writer.add_attachment(ATTACHMENT, b"{}")


def bomb(writer: pypdf.PdfWriter) -> None:
    """Unfolds, twice packed, to six hundred megabytes."""
    packer = zlib.compressobj(1)
    once = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(600)), packer.flush()])
    [held] = [each for each in writer._objects
              if isinstance(each, StreamObject) and each.get("/Type") == "/EmbeddedFile"]
    held._data = zlib.compress(once)
    held[NameObject("/Filter")] = ArrayObject([NameObject("/FlateDecode")] * 2)


async def signed_with(house: House, change: Change) -> SignedLetter:
    """The letter changed first and signed by its issuer afterwards, so that no signature is broken."""
    bare = await honest(replace(house, mistake="unsigned"))
    writer, out = pypdf.PdfWriter(clone_from=BytesIO(bare.pdf)), BytesIO()
    change(writer)
    writer.write(out)
    shown = house.identity.certificate
    prepared = await prepare_pdf(out.getvalue(), shown, field_name="Issuer")
    return SignedLetter(bare.data, await finish_pdf(prepared, shown, house.identity.sign(prepared.to_sign)))


async def test_an_honest_letter_is_signed(house: House, trust: TrustList) -> None:
    reading = await read_revealed((await honest(house)).to_json(), trust, process_now())
    assert [each.uscc for each in reading.signers] == [demo_uscc(BANK)]
    again = await signed_with(house, lambda writer: None)
    assert (await read_revealed(again.to_json(), trust, process_now())).signers


@pytest.mark.parametrize(("change", "word"), [
    (script, "script"), (launch, "launch"), (hidden_launch, "launch"), (stowaway, "attachment"),
    (note_with_a_file, "attachment"), (namesake, "attachment"), (bomb, "attachment")])
async def test_a_signed_letter_that_does_more_than_show_itself_counts_as_unsigned(
        house: House, trust: TrustList, change: Change, word: str) -> None:
    letter = await signed_with(house, change)
    assert word in active_content(letter.pdf)
    assert (await read_revealed(letter.to_json(), trust, process_now())).signers == ()


async def test_a_letter_changed_after_signing_counts_as_unsigned(house: House, trust: TrustList) -> None:
    letter = await honest(house)
    writer, out = pypdf.PdfWriter(BytesIO(letter.pdf), incremental=True), BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(out)
    changed = SignedLetter(letter.data, out.getvalue())
    assert (await read_revealed(changed.to_json(), trust, process_now())).signers == ()


async def test_the_command_line_says_that_a_paper_was_changed(house: House, pki: DemoPki, tmp_path: Path) -> None:
    letter = await honest(house)
    writer, out = pypdf.PdfWriter(BytesIO(letter.pdf), incremental=True), BytesIO()
    writer.add_blank_page(200, 200)
    writer.write(out)

    async def told(name: str, content: bytes) -> Result:
        file = tmp_path / name
        file.write_bytes(content)
        return await asyncio.to_thread(CliRunner().invoke, verify, ["--trust", str(pki.directory), str(file)])

    honestly, changed = await told("honest.pdf", letter.pdf), await told("changed.pdf", out.getvalue())
    assert (honestly.exit_code, honestly.exception) == (0, None), honestly.output
    assert "✓ 全部成立" in honestly.output
    assert isinstance(changed.exception, SystemExit), changed.output
    assert BANK in changed.output
    assert "✓ 全部成立" not in changed.output
