"""A bidder's own backup of S_B, and the remedy that uses it or a recovery code, where the tender document has one
(R-144, R-511).

The file holds S_B of each sealed object under the digest of its header. It opens nothing alone: the custodians' part is
needed too, and only the bid's own enterprise may release. Keep it like a key all the same.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import click

from frontend.cli.bid_content import Content
from frontend.cli.bid_desk import lot_argument
from frontend.cli.bid_keeping import Keeper
from frontend.cli.bid_recipe import RecipeFile
from frontend.cli.bid_recovery import ask_code
from frontend.cli.bid_release import Releases, current_work, read_notice, read_place, send_bidders
from frontend.cli.bid_restoring import Restorer
from frontend.cli.bid_screen import Desk
from frontend.cli.bid_state import write_whole
from frontend.cli.bid_tender import find_lot
from frontend.cli.bid_work import BidWork
from storage.crypto.canonical import from_hex
from storage.crypto.certificates import parse_certificate
from storage.crypto.context import Secrets
from storage.crypto.header import Header
from storage.crypto.recovery import unwrap_under
from storage.kernel.errors import Invalid, NotFound, Refused

_KIND = "ebid-key-backup"
SecretOf = Callable[[Header], bytes]


backup_option = click.option(
    "--key-backup", type=click.Path(path_type=Path, dir_okay=False), default=None,
    help="另存密钥备份，仅在招标文件规定补救方案时可用 keeps a backup for bid remedy, where the document has a remedy")


def backup_into(work: BidWork, path: Path | None) -> None:
    """What is sealed from now on leaves its S_B in the file; refused where the document has no remedy (R-144)."""
    if path is None:
        return
    if work.api.get(f"/api/lots/{work.lot}")["remedy"] == "none":
        raise Refused("招标文件未规定补救方案，备份不能用于解密")
    work.keepers.append(KeyBackup(path))


@dataclass(frozen=True, slots=True)
class KeyBackup(Keeper):
    """The file, as it takes S_B of everything that is sealed."""

    path: Path

    def keep(self, header: Header, both: Secrets, body: Content, content: Content) -> None:
        """Adds S_B; neither plaintext nor S_P is of any concern here."""
        keep_secret(self.path, header, both.bidder)

    def holds(self, header: str) -> bool:
        """Whether S_B of this header (JCS text) was kept."""
        return self.path.exists() and sha256(header.encode()).hexdigest() in _read(self.path)


def keep_secret(path: Path, header: Header, secret: bytes) -> None:
    """Adds S_B (32 bytes) of one sealed object to the file, which its owner alone may read."""
    secrets = _read(path) if path.exists() else {}
    secrets[header.sha256] = secret.hex()
    write_whole(path, json.dumps({"v": 1, "kind": _KIND, "lot": header.ctx.lot, "secrets": secrets}).encode())


def _read(path: Path) -> dict[str, str]:
    try:
        value = json.loads(path.read_text())
    except ValueError as error:
        raise Invalid("不是密钥备份文件", field="backup") from error
    if not isinstance(value, dict) or value.get("kind") != _KIND or not isinstance(value.get("secrets"), dict):
        raise Invalid("不是密钥备份文件", field="backup")
    return {str(name): str(secret) for name, secret in value["secrets"].items()}


def secret_in(path: Path) -> SecretOf:
    """S_B of an object from a backup; raises ``NotFound`` for one sealed without it."""
    secrets = _read(path)

    def secret_of(header: Header) -> bytes:
        kept = secrets.get(header.sha256)
        if kept is None:
            raise NotFound("备份中没有这份投标文件的密钥", kind=header.ctx.envelope)
        return from_hex(kept, "backup")
    return secret_of


def secret_under(code: str) -> SecretOf:
    """S_B of an object by a recovery code; raises ``NotFound`` for one sealed without, ``SealBroken`` for another."""
    def secret_of(header: Header) -> bytes:
        if header.recovery is None:
            raise NotFound("这份投标文件加密时没有恢复码", kind=header.ctx.envelope)
        return unwrap_under(code, header.recovery, header.ctx.ch)
    return secret_of


def releases_from(work: Mapping[str, Any], secret_of: SecretOf, *, roots: Collection[str] | None) -> Releases:
    """The releases of all objects of the bid, each secret checked against the sealed header.

    Raises what ``secret_of`` does, ``SealBroken`` for a secret that is not the committed one, and what was wrong with
    the notice.
    """
    notice, found = read_notice(work["notice"], roots=roots), Releases()
    for item in work["items"]:
        place = read_place(item, notice)
        secret = secret_of(place.header)
        place.header.check_bidder_secret(secret)
        found.bid = place.bid
        found.made.append({"kind": place.kind, "i": 0, **place.sealed(secret, place.header.wraps_for("bidder")[0])})
    return found


@click.command()
@lot_argument
@click.option("--backup", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None,
              help="加密时保存的密钥备份 the backup kept when sealing, see bid send --key-backup")
@click.option("--code", "by_code", is_flag=True,
              help="输入打印的恢复码 asks for the printed code, see bid send --recovery-code")
@click.option("--recipe", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None,
              help="加密时保存的复原单，连同原文 --file 使用 "
                   "the recipe kept when sealing, see bid send --recipe; needs the plaintext by --file")
@click.option("--file", "files", type=click.Path(path_type=Path, exists=True, dir_okay=False), multiple=True,
              help="当时加密的投标文件（正在开启的信封），可多个 "
                   "the files as they were sealed, of the envelope that is being opened")
@click.option("--alone", is_flag=True,
              help="保管人份额未足时，自行提交保管密钥 "
                   "gives the custodians' secret as well, should they stay away; with --recipe")
@click.option("--root", type=click.Path(path_type=Path, exists=True), help="平台根证书 PEM to pin the platform's root")
@click.pass_obj
def remedy(desk: Desk, lot: str, backup: Path | None, by_code: bool, recipe: Path | None, files: tuple[Path, ...],
           alone: bool, root: Path | None) -> None:
    """证书丢失或更新、平台存储受损或保管人缺席时，依招标文件的补救方案以备份、恢复码或原文解密、复原。Opens one's bid
    from a backup, by its code or by its plaintext, and brings again what the platform lost, where the document allows.
    """
    if (backup is not None) + by_code + (recipe is not None) != 1:
        raise click.UsageError("请用 --backup、--code、--recipe 之一 give one of --backup, --code and --recipe")
    if bool(files) != (recipe is not None) or (alone and recipe is None):
        raise click.UsageError("--file 与 --recipe 须同时给出；--alone 只与它们同用 "
                               "--recipe and --file go together, --alone with both")
    code = ask_code() if by_code else ""
    with desk.signed_in() as (api, identity):
        found = find_lot(api, lot)
        roots = {parse_certificate(root.read_text()).fingerprint} if root else None
        if recipe is not None:
            Restorer(api, identity, found, click.echo).remedy(RecipeFile(recipe), files, alone=alone, roots=roots)
            return
        made = releases_from(current_work(api, found), secret_in(backup) if backup else secret_under(code), roots=roots)
        send_bidders(api, identity, found, made, remedy=True)
        click.echo("已按补救方案释放，记入账本")
