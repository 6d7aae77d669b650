"""Papers and their signatures: by the platform, by client-held keys, judged by us and by Poppler's pdfsig."""

import subprocess
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pypdf
import pytest
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from storage.crypto.authority import KeyKind
from storage.crypto.demo_pki import DemoPki, Identity, demo_uscc, open_demo_pki
from storage.crypto.errors import CertificateRefused, Malformed, SignatureRefused
from storage.crypto.pdf_active import active_content
from storage.crypto.pdf_signing import Evidence, PreparedPdf, Stamp, finish_pdf, prepare_pdf, sign_pdf
from storage.crypto.pdf_validation import validate_pdf
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys
from storage.crypto.trust import TrustList, read_trust_list, trust_of
from storage.crypto.tsa import EmbeddedAuthority
from storage.documents.render import render
from storage.kernel.clock import process_now

NOW = process_now()
TEMPLATE = """#import "/common.typ": *
#show: paper.with(title: "开标记录", number: data.number)
#facts(("标段", data.lot), ("投标人", data.bidder))
#qr()
"""
HOSTILE = "甲公司 #panic() *粗* $x$ <script>alert(1)</script> \u202e倒 `#read(\"/etc/passwd\")`"


@pytest.fixture(scope="module")
def pdf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    template = tmp_path_factory.mktemp("templates") / "record.typ"
    template.write_text(TEMPLATE)
    data = {"platform": "云开公共资源交易平台", "demo": True, "number": "No. 1", "lot": "一标段", "bidder": HOSTILE}
    made = render(template, data, created_at=NOW, qr="https://trade.example/r/1")
    assert made == render(template, data, created_at=NOW, qr="https://trade.example/r/1")
    return made


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> PlatformKeys:
    return load_platform_keys(tmp_path_factory.mktemp("p") / "keys", name="云开平台", now=NOW)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    root = tmp_path_factory.mktemp("pki")
    return open_demo_pki(root / "keys", root / "trust", now=NOW)


@pytest.fixture(scope="module")
def trust(keys: PlatformKeys, pki: DemoPki) -> TrustList:
    return read_trust_list(pki.directory).joined(trust_of([root.der for root in keys.roots], keys.crls))


def person(pki: DemoPki, name: str, kind: KeyKind = "ec-p256") -> Identity:
    return pki.issue(organisation=name, uscc=demo_uscc(name), kind=kind, now=NOW)


def test_text_of_users_is_never_markup(pdf):
    text = pypdf.PdfReader(BytesIO(pdf)).pages[0].extract_text()
    assert "".join(HOSTILE.replace("\u202e", "\ufffd").split()) in "".join(text.split())
    assert "演示 DEMO" in text


def test_a_paper_declares_pdf_a(pdf):
    metadata = pypdf.PdfReader(BytesIO(pdf)).xmp_metadata
    assert metadata is not None
    assert "pdfaid:part>2<" in metadata.stream.get_data().decode()


async def test_the_platforms_signature_carries_time_and_evidence(pdf, keys, trust):
    signed = await sign_pdf(pdf, keys.document, field_name="Platform", reason="开标记录",
                            authority=EmbeddedAuthority(keys.timestamp), evidence=Evidence(trust, process_now()))
    bare = trust_of([root.der for root in keys.roots])
    # The CRLs are in the document: a reader with the roots alone can check it, also when they have run out.
    for at in (process_now(), process_now() + timedelta(days=800)):
        [found] = await validate_pdf(signed, bare, at)
        assert found.holds
        assert found.certificate == keys.document.certificate
        assert found.signed_at is not None
        assert abs(found.signed_at - process_now()) < timedelta(seconds=20)
        assert found.authority == "云开平台 时间戳"


@pytest.mark.parametrize("kind", ["ec-p256", "rsa", "sm2"])
async def test_a_person_signs_with_a_key_that_never_leaves_the_client(pdf, keys, pki, trust, kind):
    signer = person(pki, "连云港港城建设有限公司", kind)
    prepared = await prepare_pdf(pdf, signer.certificate, field_name="Bidder1")
    stored = PreparedPdf(prepared.pdf, prepared.state, b"")
    signed = await finish_pdf(stored, signer.certificate, signer.sign(prepared.to_sign),
                              authority=EmbeddedAuthority(keys.timestamp), evidence=Evidence(trust, process_now()))
    [found] = await validate_pdf(signed, trust, process_now())
    assert found.holds
    assert (found.certificate, found.field) == (signer.certificate, "Bidder1")


async def test_a_signature_by_another_key_or_over_other_bytes_is_refused(pdf, pki):
    signer, other = person(pki, "甲"), person(pki, "乙")
    prepared = await prepare_pdf(pdf, signer.certificate, field_name="A")
    for signature in (other.sign(prepared.to_sign), signer.sign(prepared.to_sign + b"x"), b""):
        with pytest.raises(SignatureRefused):
            await finish_pdf(prepared, signer.certificate, signature)
    with pytest.raises(Malformed):
        await finish_pdf(prepared, other.certificate, other.sign(prepared.to_sign))


async def test_several_sign_one_after_another_and_each_signature_holds(pdf, keys, pki, trust):
    people = [person(pki, name) for name in ("招标人", "代理机构", "监督")]
    document = await sign_pdf(pdf, keys.document, field_name="Platform", authority=EmbeddedAuthority(keys.timestamp),
                              evidence=Evidence(trust, process_now()))
    for number, signer in enumerate(people):
        prepared = await prepare_pdf(document, signer.certificate, field_name=f"Person{number}")
        document = await finish_pdf(prepared, signer.certificate, signer.sign(prepared.to_sign),
                                    authority=EmbeddedAuthority(keys.timestamp))
    found = await validate_pdf(document, trust, process_now())
    assert [item.certificate.organisation for item in found] == ["云开平台", "招标人", "代理机构", "监督"]
    assert all(item.holds for item in found)
    with pytest.raises(Malformed):
        await prepare_pdf(document, people[0].certificate, field_name="Person0")


async def test_a_document_changed_after_signing_shows_as_changed(pdf, keys, trust):
    signed = await sign_pdf(pdf, keys.document, field_name="Platform")
    flipped = bytearray(signed)
    flipped[200] ^= 1
    appended = pypdf.PdfWriter(BytesIO(signed), incremental=True)
    appended.add_blank_page(200, 200)
    grown = BytesIO()
    appended.write(grown)
    [found] = await validate_pdf(grown.getvalue(), trust, process_now())
    assert found.is_intact
    assert found.is_modified
    assert not found.holds
    try:
        [found] = await validate_pdf(bytes(flipped), trust, process_now())
    except Malformed:
        return
    assert not found.holds


async def test_a_signature_of_an_unknown_ca_is_not_trusted(pdf, trust, tmp_path):
    stranger = load_platform_keys(tmp_path / "other", name="云开平台", now=NOW)
    signed = await sign_pdf(pdf, stranger.document, field_name="Platform")
    [found] = await validate_pdf(signed, trust, process_now())
    assert found.is_intact
    assert not found.is_trusted
    with pytest.raises(CertificateRefused):
        await sign_pdf(pdf, stranger.document, field_name="Platform", evidence=Evidence(trust, process_now()))


async def test_a_revoked_signer_is_not_trusted_unless_time_stamped_before(pdf, keys, pki):
    signer = person(pki, "失钥者")
    prepared = await prepare_pdf(pdf, signer.certificate, field_name="A")
    signature = signer.sign(prepared.to_sign)
    bare = await finish_pdf(prepared, signer.certificate, signature)
    stamped = await finish_pdf(prepared, signer.certificate, signature, authority=EmbeddedAuthority(keys.timestamp))
    later = process_now() + timedelta(hours=2)
    pki.revoke(signer.certificate, now=later - timedelta(hours=1))
    trust = read_trust_list(pki.directory).joined(trust_of([root.der for root in keys.roots], keys.crls))
    assert [item.is_trusted for item in await validate_pdf(bare, trust, later)] == [False]
    assert [item.is_trusted for item in await validate_pdf(stamped, trust, later)] == [True]


async def test_a_visible_stamp_is_drawn_on_the_page(pdf, keys, trust, tmp_path):
    template = tmp_path / "stamp.typ"
    template.write_text('#set page(width: 60mm, height: 20mm, margin: 2mm)\n'
                        '#text(font: "Noto Sans CJK SC")[电子签章]')
    mark = Stamp(render(template, {}, created_at=NOW), (350, 40, 520, 97))
    signed = await sign_pdf(pdf, keys.document, field_name="Platform", stamp=mark)
    [found] = await validate_pdf(signed, trust, process_now())
    assert found.holds
    assert drawn(written(tmp_path / "signed.pdf", signed)) != drawn(written(tmp_path / "plain.pdf", pdf))


def drawn(path: Path) -> bytes:
    """The lower right corner of the page, where the stamp is, as pixels."""
    return subprocess.run(["pdftoppm", "-r", "40", "-x", "190", "-y", "410", "-W", "100", "-H", "40", str(path)],
                          capture_output=True, check=True, timeout=60).stdout


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


async def test_poppler_accepts_the_signatures_and_refuses_a_changed_document(pdf, keys, pki, tmp_path):
    signer = person(pki, "甲公司", "rsa")
    document = await sign_pdf(pdf, keys.document, field_name="Platform", authority=EmbeddedAuthority(keys.timestamp))
    prepared = await prepare_pdf(document, signer.certificate, field_name="Bidder")
    document = await finish_pdf(prepared, signer.certificate, signer.sign(prepared.to_sign))
    good = pdfsig(written(tmp_path / "good.pdf", document))
    assert good.count("Signature Validation: Signature is Valid.") == 2, good
    assert "ETSI.CAdES.detached" in good
    changed = document.replace(b"/CreationDate", b"/CreatiomDate")
    assert changed != document
    assert pdfsig(written(tmp_path / "bad.pdf", changed)).count("Signature is Valid.") == 0


def pdfsig(path: Path) -> str:
    return subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, timeout=60).stdout


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"hello", bytes(500)])
async def test_what_is_no_pdf_is_refused(data, keys, trust):
    with pytest.raises(Malformed):
        await sign_pdf(data, keys.document, field_name="P")
    with pytest.raises(Malformed):
        await validate_pdf(data, trust, NOW)
    with pytest.raises(Malformed):
        active_content(data)


def add_script(writer: pypdf.PdfWriter) -> None:
    action = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(action)


async def test_a_document_that_does_more_than_show_itself_is_named(pdf, keys, trust):
    signed = await sign_pdf(pdf, keys.document, field_name="P", evidence=Evidence(trust, process_now()))
    assert active_content(pdf) == active_content(signed) == frozenset()
    for change, word in ((add_script, "script"), (lambda writer: writer.add_attachment("a.exe", b"MZ"), "attachment")):
        writer = pypdf.PdfWriter(clone_from=BytesIO(pdf))
        change(writer)
        out = BytesIO()
        writer.write(out)
        assert word in active_content(out.getvalue())
    locked = pypdf.PdfWriter(clone_from=BytesIO(pdf))
    locked.encrypt("secret", algorithm="AES-256")
    out = BytesIO()
    locked.write(out)
    with pytest.raises(Malformed):
        active_content(out.getvalue())
