"""The browser's sealing and Python's are one: keys, uploads, resumes, releases, in Chromium over a real S3 store."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from hashlib import sha256
from json import dumps
from pathlib import Path
from time import monotonic
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import BrowserContext, Page

from bidding.opening.release_signing import release_bytes, sealed_parts
from bidding.opening.sealed_set import NOTICE_KIND, FrozenBid, NoticeFacts, notice_text
from frontend.cli.bid_content import content_of
from frontend.cli.bid_recipe import RecipeFile, digest_of
from storage.crypto.authority import KeyKind
from storage.crypto.demo_pki import DemoPki, Identity, demo_uscc, open_demo_pki
from storage.crypto.envelope import message_key_of
from storage.crypto.header import Header, read_header
from storage.crypto.manifest import check_manifest, read_manifest
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys
from storage.crypto.reader import SealedReader
from storage.crypto.recipe import lock, reseal
from storage.crypto.session_key import new_session_key, open_session_key
from storage.crypto.signatures import check_signature
from storage.crypto.stamping import stamp
from storage.crypto.statements import sign_statement
from storage.crypto.tsa import EmbeddedAuthority
from storage.crypto.wraps import open_release, read_release, unwrap
from storage.embedded.seaweed import EmbeddedSeaweed
from storage.kernel.clock import process_now
from storage.ledger.checkpoints import sign_checkpoint, verifier_key
from storage.ledger.notes import Checkpoint
from tests.browser.sealing_world import SealedObject, build_harness, run, serving, store_of
from tests.waiting import PATIENCE

OPENS_AT = "2026-01-01T01:00:00Z"
SEGMENT = 8_388_608


@dataclass
class World:
    """Bidder (RSA) with a second certificate (EC), three custodians, the platform, and one object being uploaded."""

    origin: str
    bidder: Identity
    second: Identity
    custodians: list[Identity]
    keys: PlatformKeys
    sealed: SealedObject
    make_file: Callable[[str, int], Path]

    def context(self, kind: str = "whole") -> dict[str, Any]:
        """ctx of the bidder's first version."""
        return {"tender": "E3207", "lot": "E3207001", "round": 1, "bidder": _cert(self.bidder), "version": 1,
                "envelope": kind, "opens_at": OPENS_AT, "suite": 1, "seg": SEGMENT, "k": 2, "n": 3,
                "custodians": [_cert(each) for each in self.custodians]}

    def page(self, context: BrowserContext) -> Page:
        """A page with the libraries, the server's acts behind it."""
        page = context.new_page()
        page.expose_function("serverOpen", self.sealed.open)
        page.expose_function("serverPresign", self.sealed.presign)
        page.expose_function("serverParts", self.sealed.parts)
        page.expose_function("serverComplete", self.sealed.complete)
        page.goto(self.origin)
        page.wait_for_function("() => 'open' in window && 'seen' in window")
        return page

    def start(self, page: Page) -> Any:
        """Seals the chosen file and uploads it; the outcome."""
        pems = [each.certificate.pem for each in self.custodians]
        own = [self.bidder.certificate.pem, self.second.certificate.pem]
        return page.evaluate("([ctx, own, custodians]) => start(ctx, own, custodians)", [self.context(), own, pems])


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin that serves the libraries."""
    folder = tmp_path_factory.mktemp("harness")
    build_harness(folder)
    with serving(folder) as origin:
        yield origin


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> DemoPki:
    """The demo's two authorities."""
    folder = tmp_path_factory.mktemp("authorities")
    return open_demo_pki(folder / "keys", folder / "trust", now=process_now())


@pytest.fixture
def world(harness: str, pki: DemoPki, tmp_path: Path) -> Iterator[World]:
    """All of it, with a store that admits the harness alone."""
    def issue(name: str, kind: KeyKind) -> Identity:
        return pki.issue(organisation=name, uscc=demo_uscc(name), kind=kind, now=process_now())

    def make_file(name: str, size: int) -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(sha256(b"%d %d" % (size, i)).digest() for i in range(size // 32 + 1))[:size])
        return path

    server = EmbeddedSeaweed(tmp_path / "store")
    server.start([harness])
    store = store_of(server)
    custodians = [issue("招标人", "ec-p256"), issue("代理机构", "rsa"), issue("监督", "ec-p256")]
    keys = load_platform_keys(tmp_path / "keys", name="云开", now=process_now())
    name = "江苏某某建设有限公司"
    yield World(harness, issue(name, "rsa"), issue(name, "ec-p256"), custodians, keys,
                SealedObject(store, "bids/one"), make_file)
    store.close()
    server.stop()


def _cert(identity: Identity) -> str:
    return f"sha256:{identity.certificate.fingerprint}"


def _open(page: Page, identity: Identity, password: str = "yunkai-demo") -> Any:
    p12 = b64encode(identity.to_pkcs12("yunkai-demo")).decode()
    return page.evaluate("([p12, password]) => open(p12, password)", [p12, password])


def _pending_when(page: Page, **expected: int) -> Any:
    """The upload in the browser's store, as soon as it is as expected."""
    end = monotonic() + PATIENCE
    while monotonic() < end:
        found = page.evaluate("() => pending()")
        if found and expected.items() <= found[0].items():
            return found[0]
        page.wait_for_timeout(50)
    raise TimeoutError(f"the browser never kept {expected}: {found}")


def _plaintext(world: World, share_holders: tuple[int, ...] = (0, 2)) -> bytes:
    """What Python reads from the store with the bidder's key and two custodians'."""
    header, manifest = read_header(world.sealed.header.encode()), read_manifest(world.sealed.manifest.encode())
    check_manifest(manifest, header, world.bidder.certificate.public_key, world.sealed.signature)
    ch = header.ctx.ch
    secret = unwrap(header.wraps_for("bidder")[0], world.bidder.key, ch)
    for item, person in zip(header.wraps_for("bidder"), (world.bidder, world.second), strict=False):
        assert unwrap(item, person.key, ch) == secret
    shares = {i + 1: unwrap(header.wraps_for("custodian")[i], world.custodians[i].key, ch) for i in share_holders}
    key = message_key_of(header, header.join(secret, shares))
    store = world.sealed.store
    reader = SealedReader(key, manifest, lambda offset, length: run(store.get_range(world.sealed.key, offset, length)))
    return b"".join(reader.stream())


@pytest.mark.parametrize("kind", ["rsa", "ec-p256"])
def test_an_identity_opens_signs_and_stays_for_the_session_alone(
        world: World, context: BrowserContext, pki: DemoPki, kind: KeyKind) -> None:
    person = pki.issue(organisation="丙公司", uscc=demo_uscc("丙公司"), kind=kind, now=process_now())
    page = world.page(context)
    assert _open(page, person, "wrong") == {"refused": "wrong-password"}
    opened = _open(page, person)["ok"]
    assert opened["fingerprint"] == _cert(person)
    assert opened["subject"]["O"] == "丙公司"
    assert opened["subject"]["serialNumber"] == demo_uscc("丙公司")
    message = "任意文件".encode()
    signature = page.evaluate("message => sign(message)", b64encode(message).decode())
    check_signature(person.certificate.public_key, message, b64decode(signature))
    page.evaluate("() => keep()")
    page.reload()
    page.wait_for_function("() => 'recall' in window")
    assert page.evaluate("() => recall()") == _cert(person)
    assert world.page(context).evaluate("() => recall()") is None
    page.evaluate("() => forget()")
    assert page.evaluate("() => recall()") is None


def test_several_files_sealed_in_the_browser_are_read_by_python(world: World, context: BrowserContext) -> None:
    page = world.page(context)
    _open(page, world.bidder)
    files = [world.make_file("技术标.pdf", 9_000_000), world.make_file("商务标.pdf", 1_234_567)]
    page.set_input_files("input", files)
    manifest = world.start(page)["ok"]
    archive = world.make_file("opened.zip", 0)
    archive.write_bytes(_plaintext(world))
    assert manifest["size"] == archive.stat().st_size
    assert len(manifest["parts"]) == 2
    with ZipFile(archive) as opened:
        assert opened.namelist() == ["商务标.pdf", "技术标.pdf"]
        assert opened.read("技术标.pdf") == files[0].read_bytes()
        assert opened.read("商务标.pdf") == files[1].read_bytes()
    assert page.evaluate("header => tryDecryption(header)", world.sealed.header) == {"ok": None}
    assert page.evaluate("() => pending()") == []
    assert page.evaluate("() => seen.at(-1).phase") == "complete"


def test_an_upload_goes_on_after_a_closed_tab_with_the_same_file_only(world: World, context: BrowserContext) -> None:
    file = world.make_file("投标文件.pdf", 45_000_000)
    page = world.page(context)
    _open(page, world.bidder)
    page.evaluate("() => stopAfter(3)")
    page.set_input_files("input", file)
    pems = [[world.bidder.certificate.pem, world.second.certificate.pem], [c.certificate.pem for c in world.custodians]]
    page.evaluate("([ctx, [own, custodians]]) => { void start(ctx, own, custodians) }", [world.context(), pems])
    pending = _pending_when(page, parts=3)
    assert pending["messageKey"] is False
    assert pending["samples"] == 6
    assert pending["note"] == {"lot": "E3207001"}
    page.close()

    page = world.page(context)
    _open(page, world.bidder)
    page.set_input_files("input", _altered(file))
    assert page.evaluate("() => resume()") == {"refused": "wrong-file"}
    page.set_input_files("input", file)
    before = dict(world.sealed.presigned)
    assert "ok" in page.evaluate("() => resume()")
    kept = {number: digest for number, digest in world.sealed.presigned.items() if before.get(number) == digest}
    assert sorted(kept) == [1, 2, 3]
    assert sorted(world.sealed.presigned) == [1, 2, 3, 4, 5, 6]
    assert _plaintext(world) == file.read_bytes()


def test_an_upload_waits_for_a_lost_network_and_goes_on(world: World, context: BrowserContext) -> None:
    file = world.make_file("投标文件.pdf", 45_000_000)
    page = world.page(context)
    _open(page, world.bidder)
    page.set_input_files("input", file)
    page.evaluate("() => stopAfter(0)")
    pems = [[world.bidder.certificate.pem], [c.certificate.pem for c in world.custodians]]
    page.evaluate("([ctx, [own, custodians]]) => { window.outcome = start(ctx, own, custodians); }",
                  [world.context(), pems])
    _pending_when(page, samples=6)
    context.set_offline(True)
    page.wait_for_function("() => seen.at(-1)?.phase === 'offline'")
    page.evaluate("() => stopAfter(99)")
    context.set_offline(False)
    assert "ok" in page.evaluate("() => window.outcome")
    assert len(world.sealed.presigned) == 6
    assert _plaintext(world) == file.read_bytes()


def _release_work(world: World, header: Header, public: bytes, opens_at: Any, role: str) -> dict[str, Any]:
    manifest = world.sealed.manifest
    frozen = FrozenBid("b1", 1, world.bidder.certificate.fingerprint, {"whole": header.sha256},
                       {"whole": sha256(manifest.encode()).hexdigest()})
    text = notice_text(NoticeFacts(lot="l1", code="E3207001", opens_at=opens_at, opened_at=process_now(),
                                   session_key=b64encode(public).decode()), [frozen])
    token = run(stamp(EmbeddedAuthority(world.keys.timestamp), sha256(text.encode()).digest()))
    signature = sign_statement(NOTICE_KIND, text.encode(), world.keys.document)
    return {"role": role, "index": 1, "session_key": b64encode(public).decode(),
            "notice": {"notice": text, "signature": signature, "token": b64encode(token).decode()},
            "items": [{"bid": "b1", "kind": "whole", "header": header.to_bytes().decode(), "released": False,
                       **({"manifest": manifest} if role == "bidder" else {})}]}


def test_keys_released_in_the_browser_open_the_bid_and_none_before_its_time(
        world: World, context: BrowserContext) -> None:
    page = world.page(context)
    _open(page, world.bidder)
    file = world.make_file("投标文件.pdf", 1000)
    page.set_input_files("input", file)
    world.start(page)
    header = read_header(world.sealed.header.encode())
    session = new_session_key(world.keys.master, "l1")
    private = open_session_key(world.keys.master, session.sealed, "l1")
    roots = [each.pem for each in world.keys.roots]
    now, secrets = process_now(), {}
    holders = [(world.bidder, "bidder"), *((each, "custodian") for each in world.custodians[:2])]
    for person, role in holders:
        _open(page, person)
        early = _release_work(world, header, session.public, now + timedelta(hours=1), role)
        assert page.evaluate("([work, roots]) => release(work, roots)", [early, roots]) == {"refused": "too-early"}
        work = _release_work(world, header, session.public, now - timedelta(seconds=5), role)
        answer = page.evaluate("([work, roots]) => release(work, roots)", [work, roots])["ok"]
        assert answer["refused"] == []
        item = answer["releases"][0]
        release = read_release({"enc": item["enc"], "ct": item["ct"]})
        secrets[role, item["i"]] = open_release(release, private, role=role, index=item["i"], ch=header.ctx.ch)
    shares = {index: secret for (role, index), secret in secrets.items() if role == "custodian"}
    key = message_key_of(header, header.join(secrets["bidder", 0], shares))
    manifest = read_manifest(world.sealed.manifest.encode())
    stored = run(world.sealed.store.get_range(world.sealed.key, 0, 1032))
    reader = SealedReader(key, manifest, lambda offset, length: stored[offset:offset + length])
    assert reader.read(0, 1000) == file.read_bytes()


def test_a_recipe_made_in_the_browser_is_the_command_lines_and_the_other_way_round(
        world: World, context: BrowserContext) -> None:
    page = world.page(context)
    _open(page, world.bidder)
    file = world.make_file("投标文件.pdf", 2 * SEGMENT + 5)
    page.set_input_files("input", file)
    kept = page.evaluate("([ctx, own, custodians]) => startWithRecipe(ctx, own, custodians)", [
        world.context(), [world.bidder.certificate.pem], [each.certificate.pem for each in world.custodians]])["ok"]
    path, body = file.with_name("recipe.json"), content_of([file])
    path.write_text(kept)
    header, manifest = read_header(world.sealed.header.encode()), read_manifest(world.sealed.manifest.encode())
    recipe = RecipeFile(path).recipe_of(header, digest_of(body))
    reseal(header, manifest, recipe, body.read, body.size).check()

    nonces = b64encode(b"".join(recipe.nonces)).decode()
    entry = {"of": "whole", **lock(recipe.secrets, header.sha256, digest_of(body)), "nonces": nonces}
    made_there = dumps({"v": 1, "kind": "ebid-resealing-recipe", "objects": {header.sha256: entry}})
    session = new_session_key(world.keys.master, "l1")
    work = _release_work(world, header, session.public, process_now() - timedelta(seconds=5), "bidder")
    remedy = partial(page.evaluate, "([work, roots, recipe, held]) => remedy(work, roots, recipe, held)")
    asked = [work, [each.pem for each in world.keys.roots], made_there, [1]]
    run(world.sealed.store.remove(world.sealed.key))
    world.sealed.open(world.sealed.header, body.size, len(manifest.parts))
    page.set_input_files("input", _altered(file))
    assert remedy(asked) == {"refused": "other-plaintext"}
    page.set_input_files("input", world.make_file("长.pdf", body.size + 1))
    assert remedy(asked) == {"refused": "other-size", "facts": {"found": body.size + 1, "sealed": body.size}}
    page.set_input_files("input", file)
    other_nonces = made_there.replace(nonces, b64encode(b"".join(recipe.nonces[:2]) + bytes(12)).decode())
    assert remedy([*asked[:2], other_nonces, [1]]) == {"refused": "other-part", "facts": {"number": 3, "of": 3}}
    given = remedy([*asked[:3], []])["ok"]
    made, private = given["releases"][0], open_session_key(world.keys.master, session.sealed, "l1")
    assert open_release(read_release({"enc": made["enc"], "ct": made["ct"]}), private, role="bidder", index=0,
                        ch=header.ctx.ch) == recipe.secrets.bidder
    assert open_release(read_release(made["custody"]), private, role="custodian", index=0,
                        ch=header.ctx.ch) == recipe.secrets.custody
    check_signature(world.bidder.certificate.public_key, release_bytes("b1", sealed_parts([made]), remedy=True),
                    b64decode(given["signature"]))
    assert sorted(part["number"] for part in world.sealed.parts()) == [1, 2, 3]
    world.sealed.complete(world.sealed.manifest, b64encode(world.sealed.signature).decode())
    assert _plaintext(world) == file.read_bytes()
    assert {"reading", "comparing", "restoring"} <= set(page.evaluate("() => seen.map((step) => step.phase)"))


def _altered(file: Path) -> Path:
    """The same file but for its last bit, under the same name."""
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    other = file.parent / "other" / file.name
    other.parent.mkdir()
    other.write_bytes(data)
    return other


def test_the_browser_checks_a_checkpoint(world: World, context: BrowserContext) -> None:
    page, key = world.page(context), world.keys.checkpoint
    note = sign_checkpoint(Checkpoint("yunkai/test", 7, bytes(32)), key)
    pinned = verifier_key("yunkai/test", key.public_key())
    assert page.evaluate("([note, key]) => checkpoint(note, key)", [note, pinned]) == {"ok": 7}
    forged = note.replace("\n7\n", "\n8\n")
    assert page.evaluate("([note, key]) => checkpoint(note, key)", [forged, pinned]) == {"refused": "not-authentic"}
