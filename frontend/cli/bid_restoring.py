"""The remedy by plaintext (R-144, R-511): a bidder seals its own files again, to the very bytes that it signed.

Nothing is claimed before every object of the envelope that is being opened was made again here and is, part by part,
that of the signed manifest. Then S_B is released as any remedy's; on demand S_P with it, where custodians stay away;
and what the platform's store damaged or lost is sent once more.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx

from bidding.bids.model import ENVELOPES
from frontend.cli.bid_content import Content, bytes_content, content_of
from frontend.cli.bid_outcome import UNDER_WAY, own_bid
from frontend.cli.bid_recipe import RecipeFile, digest_of
from frontend.cli.bid_release import Notice, Place, Releases, current_work, read_notice, read_place, send_bidders
from frontend.cli.bid_upload import LANES
from frontend.cli.client import ApiClient, Unreachable
from frontend.cli.identity import ClientIdentity
from storage.crypto.context import Secrets
from storage.crypto.errors import Malformed
from storage.crypto.manifest import read_manifest
from storage.crypto.recipe import Resealing, reseal
from storage.crypto.tls import trusted_authorities
from storage.kernel.errors import Refused

_POLL_SECONDS = 0.3
_TRIES = 4
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Again:
    """One object made again: where it belongs, its secrets, and its parts."""

    place: Place
    both: Secrets
    sealing: Resealing


def make_again(work: Mapping[str, Any], notice: Notice, recipe: RecipeFile, files: Sequence[Path]) -> list[Again]:
    """Every object of the envelope that is being opened, compared part by part with the signed manifest.

    Raises ``SealBroken`` naming the object and what differs of it, ``NotFound`` for one sealed without a recipe, and
    what was wrong with the notice.
    """
    body = content_of(files)
    digest = digest_of(body)
    found = []
    for item in work["items"]:
        place = read_place(item, notice)
        text = str(item["manifest"]).encode()
        if notice.manifests_of(place.bid).get(place.kind) != sha256(text).hexdigest():
            raise Malformed("平台给出的清单与开标通知所载不符，记录受损（平台责任），请告知主持人", field="manifest")
        manifest = read_manifest(text)
        if place.kind in ENVELOPES and body.size != manifest.size:
            raise Refused(f"不能复原“{place.kind}”：原文大小不同，现为 {body.size} 字节，密封时为 {manifest.size} 字节")
        kept = recipe.recipe_of(place.header, digest)
        content: Content = body if place.kind in ENVELOPES else bytes_content(kept.statement)
        sealing = reseal(place.header, manifest, kept, content.read, content.size)
        sealing.check()
        found.append(Again(place, kept.secrets, sealing))
    return found


def released(objects: Collection[Again], *, alone: bool) -> Releases:
    """S_B of every object, and with ``alone`` S_P as well, sealed to the opening session."""
    found = Releases()
    for each in objects:
        place, wrap = each.place, each.place.header.wraps_for("bidder")[0]
        whole = {"custody": place.sealed_whole(each.both.custody)} if alone else {}
        found.bid = place.bid
        found.made.append({"kind": place.kind, "i": 0, **place.sealed(each.both.bidder, wrap), **whole})
    return found


@dataclass(frozen=True)
class Restorer:
    """A bidder at its remedy in one lot; ``tell`` says what was done."""

    api: ApiClient
    identity: ClientIdentity
    lot: str
    tell: Callable[[str], object]

    def remedy(self, recipe: RecipeFile, files: Sequence[Path], *, alone: bool, roots: Collection[str] | None,
               patience: float = 120.0) -> None:
        """Claims what is needed and no more: a release where none was made, S_P where it is asked for, damaged objects.

        Raises ``Refused``, ``SealBroken`` and what the platform refuses with.
        """
        work = current_work(self.api, self.lot)
        notice = read_notice(work["notice"], roots=roots)
        if alone and notice.stamped_at is None:
            raise Refused("开标通知尚无时间戳，暂不提交保管密钥")
        objects = make_again(work, notice, recipe, files)
        self.tell(f"原文与复原单逐字节复现了签名清单：{len(objects)} 个对象")
        state = self._own()["state"]
        if state == "sealed" or (state == "waiting" and alone):
            send_bidders(self.api, self.identity, self.lot, released(objects, alone=alone), remedy=True)
            self.tell("已按补救方案释放，记入账本" + ("；保管密钥由投标人自行提交" if alone else ""))
        self._bring_again({each.place.kind: each.sealing for each in objects}, patience)

    def _bring_again(self, sealings: Mapping[str, Resealing], patience: float) -> None:
        """Sends what the platform finds damaged, until it finds nothing more of it or waits for somebody else."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            own = self._own()
            damaged = [each for each in own["damages"] if each["restored_at"] is None]
            for each in damaged:
                self._restore(each["kind"], sealings[each["kind"]])
                self.tell(f"已复原“{each['kind']}”：{each['title']}（平台原因），记入账本")
            is_read = own["state"] == "decrypted" and own["body_check"] in ("waiting", "checking")
            if not damaged and not is_read and own["state"] not in UNDER_WAY:
                return self._say(own)
            time.sleep(_POLL_SECONDS)
        raise Unreachable("平台尚未完成解密与校验，请稍后运行同一命令")

    def _say(self, own: Mapping[str, Any]) -> None:
        if own["state"] == "decrypted":
            self.tell("已解密，全文校验无误" if own["body_check"] == "sound" else "已解密，全文校验未通过")
        elif own["state"] == "waiting":
            self.tell("尚待保管人放行；保管人缺席的，可加 --alone 自行提交保管密钥")
        else:
            self.tell(str(own["cause_title"] or own["state"]))

    def _own(self) -> dict[str, Any]:
        own = own_bid(self.api.get(f"/api/lots/{self.lot}/hall"))
        if own is None:
            raise Refused("您在本标段没有已递交的投标文件")
        return own

    def _restore(self, kind: str, sealing: Resealing) -> None:
        numbers = list(range(1, sealing.layout.count + 1))
        held = set(self._addresses(kind, [])["held"])
        missing = [number for number in numbers if number not in held]
        store = httpx.Client(timeout=httpx.Timeout(60, connect=5), verify=trusted_authorities())
        with store, ThreadPoolExecutor(LANES) as lanes:
            for at in range(0, len(missing), _BATCH):
                parts = self._addresses(kind, missing[at:at + _BATCH])["parts"]
                list(lanes.map(partial(self._send, sealing, store), parts))
        self.api.act(f"/api/lots/{self.lot}/restoration/complete", {"kind": kind})

    def _addresses(self, kind: str, numbers: Sequence[int]) -> dict[str, Any]:
        found: dict[str, Any] = self.api.ask(f"/api/lots/{self.lot}/restoration/parts",
                                             {"kind": kind, "numbers": list(numbers)})
        return found

    def _send(self, sealing: Resealing, store: httpx.Client, address: Mapping[str, Any]) -> None:
        data = sealing.part(address["number"] - 1)
        for attempt in range(_TRIES):
            try:
                store.put(address["url"], content=data, headers=address["headers"]).raise_for_status()
            except (httpx.TransportError, httpx.HTTPStatusError) as error:
                if attempt == _TRIES - 1:
                    raise Unreachable(f"第 {address['number']} 个分片未能送达：{type(error).__name__}") from error
                time.sleep(min(0.3 * 2**attempt, 5))
            else:
                return
