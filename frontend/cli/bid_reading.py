"""``yunkai bid read``: one's own envelopes after the opening, kept as they were before sealing."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from bidding.bids.model import PRICE, TECHNICAL, WHOLE
from frontend.cli.bid_desk import folder_option, lot_argument
from frontend.cli.bid_screen import Desk, beijing, end, screen
from frontend.cli.bid_tender import find_lot
from frontend.cli.client import ApiClient, ApiError

_CHUNK = 8 << 20
_TITLES = {WHOLE: "投标文件", TECHNICAL: "第一信封（技术商务）", PRICE: "第二信封（报价）"}


@click.command()
@lot_argument
@folder_option
@click.pass_obj
def read(desk: Desk, lot: str, output: Path) -> None:
    """开标后取回自己的投标文件，与密封前逐字节相同。One's own envelopes once opened, byte for byte as before sealing.

    每个信封存为一个文件（标段编号-信封），多个文件的信封为 ZIP。One file an envelope; a ZIP where it holds several.
    """
    with desk.signed_in() as (api, _):
        found = find_lot(api, lot)
        try:
            envelopes = api.get(f"/api/lots/{found}/opened-bid")["envelopes"]
        except ApiError as error:
            if error.status != 404:
                raise
            end("没有已开启的投标文件：尚未开标，或本标段没有开标")
        output.mkdir(parents=True, exist_ok=True)
        code = str(api.get(f"/api/lots/{found}/bid")["requirements"]["lot"]["code"])
        for each in envelopes:
            click.echo(f"{_TITLES[each['envelope']]}　{_state(each)}")
            if each["body"] is not None:
                _keep(api, each, output / f"{code}-{each['envelope']}")


def _state(each: Mapping[str, Any]) -> str:
    at = beijing(each["decrypted_at"]) if each["decrypted_at"] else ""
    return {"sealed": "尚未开启", "open": f"已于 {at} 解密",
            "unpublished": f"已于 {at} 解密，开标记录公布后可在此取回",
            "unopened": f"未能开启：{each['cause']}；{each['consequence']}",
            "left": "未进入第二次开标，始终密封，不再开启（R-318）"}[each["state"]]


def _keep(api: ApiClient, each: Mapping[str, Any], stem: Path) -> None:
    body = each["body"]
    begun = stem.with_name(f"{stem.name}.part")
    with begun.open("wb") as file:
        for first in range(0, body["size"], _CHUNK):
            file.write(api.get_bytes(body["url"], first=first, last=min(first + _CHUNK, body["size"]) - 1))
    members = zipfile.ZipFile(begun).namelist() if zipfile.is_zipfile(begun) else []
    with begun.open("rb") as file:
        ending = "zip" if members else "pdf" if file.read(5) == b"%PDF-" else "bin"
    kept = stem.with_name(f"{stem.name}.{ending}")
    if kept.exists():
        begun.unlink()
        end(f"{kept} 已存在")
    begun.rename(kept)
    click.echo(f"  {kept}")
    for name in members:
        screen.print(f"    {name}", markup=False)
    if body["check"] == "failed":
        screen.print("全文校验未通过：内容与投标时的清单不符", style="red", markup=False)
