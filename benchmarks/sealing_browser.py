"""The same in Chromium: the product's sealing libraries, built as the product is, against plain PUTs of file slices."""

import shutil
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.figures import Figure
from benchmarks.platform import Platform
from benchmarks.s3 import PART, PlainS3, make_file
from storage.crypto.demo_pki import DemoPki, Identity, demo_uscc, open_demo_pki
from storage.kernel.clock import process_now
from tests.browser.sealing_world import SealedObject, build_harness, serving
from tests.browser.sealing_world import run as finish

_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync"]
_LANES = 4
_PLAIN = """async ([addresses, part, lanes]) => {
  const file = document.querySelector('input').files[0]
  let next = 0
  const lane = async () => {
    for (let index = next++; index < addresses.length; index = next++) {
      const body = file.slice(index * part, (index + 1) * part)
      const answer = await fetch(addresses[index], { method: 'PUT', body })
      if (!answer.ok) throw new Error(String(answer.status))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}"""
_LIMIT = (
    "Sealing in the browser: a plain PUT of a slice lets Chromium's network process read the file itself; sealing has "
    "to read each part into the worker, encrypt it, hash it twice (the sealed part for the manifest and the plain one "
    "for a resume) and hand a copy to the network process. On two cores that Chromium, the store and the bench share, "
    "each of these costs upload speed.")


def _issue(pki: DemoPki, name: str, kind: Any) -> Identity:
    return pki.issue(organisation=name, uscc=demo_uscc(name), kind=kind, now=process_now())


class Browser:
    """A page with the libraries, a bidder signed in, and a file chosen."""

    def __init__(self, page: Page, origin: str, folder: Path) -> None:
        self.page = page
        pki = open_demo_pki(folder / "ca-keys", folder / "ca-trust", now=process_now())
        self.bidder = _issue(pki, "江苏某某建设有限公司", "ec-p256")
        self.custodians = [_issue(pki, name, "ec-p256") for name in ("招标人", "代理机构", "监督")]
        self.sealed: SealedObject | None = None
        for name, act in (("Open", "open"), ("Presign", "presign"), ("Parts", "parts"), ("Complete", "complete")):
            page.expose_function(f"server{name}", lambda *given, act=act: getattr(self.sealed, act)(*given))
        page.goto(origin)
        page.wait_for_function("() => 'open' in window && 'seen' in window")

    def choose(self, path: Path) -> None:
        """Opens the identity and puts the file into the input."""
        p12 = b64encode(self.bidder.to_pkcs12("yunkai-demo")).decode()
        assert "ok" in self.page.evaluate("([p12, password]) => open(p12, password)", [p12, "yunkai-demo"])
        self.page.set_input_files("input", path)

    def seal_and_send(self, sealed: SealedObject) -> float:
        """Seconds from the click to the completed object."""
        self.sealed = sealed
        tags = [f"sha256:{each.certificate.fingerprint}" for each in self.custodians]
        ctx = {"tender": "E3207", "lot": "E3207001", "round": 1, "version": 1, "envelope": "whole", "suite": 1,
               "bidder": f"sha256:{self.bidder.certificate.fingerprint}", "opens_at": "2026-01-01T01:00:00Z",
               "seg": PART, "k": 2, "n": 3, "custodians": tags}
        pems = [[self.bidder.certificate.pem], [each.certificate.pem for each in self.custodians]]
        began = time.perf_counter()
        answer = self.page.evaluate("([ctx, own, custodians]) => start(ctx, own, custodians)", [ctx, *pems])
        took = time.perf_counter() - began
        assert "ok" in answer, answer
        return took

    def plain(self, plain: PlainS3, key: str, size: int) -> float:
        """Seconds for the same file, sent as it is."""
        began = time.perf_counter()
        upload, addresses = plain.begin(key, size)
        self.page.evaluate(_PLAIN, [addresses, PART, _LANES])
        plain.complete(key, upload)
        return time.perf_counter() - began


@contextmanager
def _page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=_QUIET)
        yield chromium.new_page()
        chromium.close()


def run(platform: Platform, small: bool) -> list[Figure]:
    """Both in turn, in one page over one store."""
    size, folder = (40 if small else 300) * 1_000_000, platform.folder / "harness"
    plain, path = PlainS3(platform.settings()), make_file(platform.folder / "bid.pdf", size)
    build_harness(folder)
    pairs = []
    with serving(folder) as origin, _page() as page:
        finish(plain.store.prepare([origin]))
        browser = Browser(page, origin, platform.folder)
        browser.choose(path)
        for number in range(3 if small else 6):
            theirs = browser.plain(plain, f"plain/{number}", size)
            sealed = SealedObject(plain.store, f"sealed/{number}")
            pairs.append((browser.seal_and_send(sealed), theirs))
            for key in (f"plain/{number}", f"sealed/{number}"):
                plain.remove(key)
    rates = [(size / 1e6 / mine, size / 1e6 / other) for mine, other in pairs[1:]]
    ours, theirs = (sorted(column)[len(column) // 2] for column in zip(*rates, strict=True))
    return [Figure(f"sealing and upload of {size // 10**6} MB, Chromium", "plain presigned multipart upload, same page",
                   [mine / other for mine, other in rates], ">=", 0.8, context=f"{ours:.0f} against {theirs:.0f} MB/s",
                   limit=_LIMIT)]
