"""The printed recovery code of a bid, where the tender document has a remedy (R-144, ADR 19).

One code opens all objects of the bid, and nothing alone. The page is written or shown before anything is sealed under
its code, so that no bid is ever sealed under one that nobody has.
"""

from dataclasses import dataclass
from pathlib import Path

import click

from frontend.cli.bid_screen import beijing
from frontend.cli.bid_state import write_whole
from frontend.cli.bid_work import BidWork
from storage.crypto.errors import Malformed
from storage.crypto.recovery import new_code, read_code
from storage.kernel.clock import process_now, to_wire
from storage.kernel.errors import Refused

_SHOWN = "-"
_PAGE = """\
云开 YUNKAI　　投标文件恢复码　RECOVERY CODE OF A SEALED BID
====================================================================

        {code}

====================================================================
标段　　　Lot       {lot}　{title}
投标人　　Bidder    {bidder}
投标文件　Bid       第 {version} 版　version {version}
制作时间　Made      {made}（北京时间 Beijing time）
平台　　　Platform  {platform}

用途：证书丢失或更新后，在开标解密时间内以此码代替原证书解密本投标文件（招标文件规定的补救方案，R-144）。在开标大厅输入，
或运行 yunkai bid remedy {lot} --code 。使用情况在大厅显示并记入账本。
For: opening this bid in the decryption window should the certificate be lost or renewed; type it in the hall, or run
the command above. Its use is shown in the hall and stands in the ledger.

保管：打印后与数字证书分开存放（如保险柜），随后删除本文件。不要拍照，不要告诉任何人：交易中心、代理机构和平台都不会索要。
此码单独打不开投标文件；平台没有副本，遗失不能补发。
Keep: on paper, away from the certificate, and delete this file. Tell it to nobody: neither centre nor agency nor
platform ever asks for it. It opens nothing alone. The platform has no copy, and a lost code cannot be had again.
"""

recovery_option = click.option(
    "--recovery-code", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default=None,
    metavar="FILE|-", help="另制恢复码，写成可打印的文件或显示一次（-），仅在招标文件规定补救方案时可用 "
                           "makes a code to print for bid remedy --code, where the document has a remedy")


@dataclass(frozen=True)
class _Page:
    """Where the page of a code goes: a file that its owner alone may read, or the screen, once."""

    work: BidWork
    path: Path
    code: str

    def show(self, version: int) -> None:
        """Writes or shows the page for this version of the bid."""
        lot, own = self.work.desk()["requirements"]["lot"], self.work.identity.certificate
        page = _PAGE.format(code=self.code, lot=lot["code"], title=lot["title"], version=version, made=beijing(
            to_wire(process_now())), bidder=own.organisation, platform=self.work.api.origin)
        if str(self.path) == _SHOWN:
            click.echo(page)
        else:
            write_whole(self.path, page.encode())


def code_into(work: BidWork, path: Path | None) -> None:
    """What is sealed from now on opens with a recovery code as well; refused where the document has no remedy (R-144).

    A file that is there already must be the page of this lot: its code serves again, so that an upload that was cut, or
    a newer version, needs no second sheet of paper.
    """
    if path is None:
        return
    lot = work.desk()["requirements"]["lot"]["code"]
    if work.api.get(f"/api/lots/{work.lot}")["remedy"] == "none":
        raise Refused("招标文件未规定补救方案，恢复码不能用于解密")
    page = _Page(work, path, _kept(path, lot) if str(path) != _SHOWN and path.exists() else new_code())
    work.code, work.show_code = page.code, page.show


def _kept(path: Path, lot: str) -> str:
    lines = path.read_text().splitlines()
    found = [code for code in map(_code_in, lines) if code]
    if len(found) != 1 or not any(lot in line for line in lines):
        raise Refused(f"{path} 已存在，且不是本标段的恢复码页：请换一个文件名")
    return found[0]


def _code_in(line: str) -> str:
    try:
        return read_code(line)
    except Malformed:
        return ""


def ask_code() -> str:
    """The code from the keyboard, asked again until it is one; it is never an argument, which others could see."""
    return str(click.prompt("恢复码 recovery code", value_proc=_typed, err=True))


def _typed(text: str) -> str:
    try:
        return read_code(text)
    except Malformed as error:
        raise click.BadParameter(error.message) from error
