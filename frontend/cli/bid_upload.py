"""One sealed object on its way to the store: parts are sealed and sent in four lanes, each at most once more.

A cut line or a restarted computer costs the parts under way: what the store holds is asked, the rest is sealed anew
(a part sealed twice has two random IVs, which is harmless).
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import httpx

from frontend.cli.bid_content import Content
from frontend.cli.bid_state import BidState, SealedState
from frontend.cli.client import ApiClient, Unreachable
from storage.crypto.canonical import from_base64, to_base64
from storage.crypto.envelope import Sealing, part_of
from storage.crypto.floe import nonce_of
from storage.crypto.header import read_header
from storage.crypto.manifest import Manifest, manifest_over
from storage.crypto.reader import Layout
from storage.crypto.tls import trusted_authorities

LANES = 4
_TRIES = 6
_POLL_SECONDS = 0.2
Progress = Callable[[int, int], None]  # plaintext bytes sent so far, and in all


class CheckFailed(Exception):
    """The platform read the object back and did not find what was signed; it is to be uploaded again."""


@dataclass
class Upload:
    """Seals and sends one object; ``state`` is saved after each part.

    ``sealing`` is set by ``begin``; a resumable object's message key is kept in the state as well.
    """

    api: ApiClient
    state: BidState
    path: Path
    kind: str
    content: Content
    progress: Progress = lambda sent, total: None
    sealing: Sealing | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def kept(self) -> SealedState:
        """What is known of this object."""
        return self.state.objects[self.kind]

    def begin(self, sealing: Sealing, files: list[list[Any]], *, resumable: bool) -> None:
        """Opens the envelope with this header, and keeps what a resume needs before the first part leaves."""
        header = sealing.header.to_bytes().decode()
        layout = Layout(self.content.size, sealing.header.ctx.seg)
        opened = self.api.act(f"/api/bid-versions/{self.state.version}/envelopes", {
            "kind": self.kind, "header": header, "size": self.content.size, "parts": layout.count})
        self.sealing = sealing
        self.state.objects[self.kind] = SealedState(
            self.kind, header, to_base64(sealing.message_key.secret) if resumable else "", self.content.size,
            opened["id"], files=files)
        self.state.save(self.path)

    def _resumed(self) -> Sealing:
        return self.sealing or Sealing.resume(
            self.kept.header.encode(), from_base64(self.kept.message_key, "message_key"))

    def send(self) -> None:
        """Sends every part the store does not hold yet."""
        sealing = self._resumed()
        layout = Layout(self.content.size, sealing.header.ctx.seg)
        held = self._held(layout)
        self._tell(layout, held)
        store = httpx.Client(timeout=httpx.Timeout(60, connect=5), verify=trusted_authorities())
        with ThreadPoolExecutor(LANES) as lanes, store:
            missing = [index for index in range(layout.count) if index + 1 not in held]
            waiting = [lanes.submit(self._send_part, sealing, layout, index, store) for index in missing]
            try:
                for done, index in zip(waiting, missing, strict=True):
                    done.result()
                    held.add(index + 1)
                    self._tell(layout, held)
            except BaseException:
                lanes.shutdown(wait=False, cancel_futures=True)
                raise

    def _held(self, layout: Layout) -> set[int]:
        """Parts that lie in the store, whole, with the digest this computer remembers."""
        stored = self.api.get(f"/api/envelopes/{self.kept.envelope}").get("uploaded", [])
        return {part["number"] for part in stored
                if part["sha256"] == self.kept.digests.get(part["number"])
                and part["size"] == layout.segment_range(part["number"] - 1)[1]}

    def _tell(self, layout: Layout, held: set[int]) -> None:
        self.progress(min(len(held) * layout.plain, layout.size), layout.size)

    def _send_part(self, sealing: Sealing, layout: Layout, index: int, store: httpx.Client) -> None:
        plaintext = self.content.read(index * layout.plain, layout.plain)
        data = sealing.message_key.encrypt_segment(index, plaintext, last=index == layout.count - 1)
        part = part_of(index + 1, data, sealing.header.ctx)
        digest = part.sha256
        for attempt in range(_TRIES):
            try:
                self._put(index + 1, data, digest, store)
                break
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                if attempt == _TRIES - 1:
                    raise Unreachable(f"第 {index + 1} 个分片未能送达：{type(error).__name__}") from error
                time.sleep(min(0.3 * 2**attempt, 5))
        with self._lock:
            self.kept.digests[index + 1] = digest
            self.kept.nonces[index + 1] = to_base64(nonce_of(data))
            if part.sm3:
                self.kept.digests_sm3[index + 1] = part.sm3
            self.state.save(self.path)

    def _put(self, number: int, data: bytes, digest: str, store: httpx.Client) -> None:
        # A fresh address each time: the last may have run out while the line was cut.
        address = self.api.ask(f"/api/envelopes/{self.kept.envelope}/parts",
                               {"parts": [{"number": number, "sha256": digest}]})[0]
        store.put(address["url"], content=data, headers=address["headers"]).raise_for_status()

    def manifest(self) -> Manifest:
        """M over every part as it was sent."""
        kept = self.kept
        parts = [(kept.digests[number], kept.digests_sm3.get(number, "")) for number in sorted(kept.digests)]
        return manifest_over(read_header(kept.header.encode()), parts, self.content.size)

    def complete(self, sign: Callable[[bytes], bytes]) -> None:
        """Hands the object over with its signed manifest; the message key is not needed any more."""
        manifest = self.manifest()
        self.api.act(f"/api/envelopes/{self.kept.envelope}/complete", {
            "manifest": manifest.to_bytes().decode(), "signature": to_base64(sign(manifest.signed_bytes))})
        self.kept.is_complete, self.kept.message_key = True, ""
        self.state.save(self.path)

    def wait_for_check(self, patience: float = 900.0) -> dict[str, Any]:
        """The envelope once the platform has read it back; raises ``CheckFailed``, ``Unreachable``."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            envelope: dict[str, Any] = self.api.get(f"/api/envelopes/{self.kept.envelope}")
            if envelope["state"] == "checked":
                return envelope
            if envelope["state"] == "failed":
                del self.state.objects[self.kind]
                self.state.save(self.path)
                raise CheckFailed(envelope["reason"])
            time.sleep(_POLL_SECONDS)
        raise Unreachable("平台尚未完成校验，请稍后运行同一命令")


