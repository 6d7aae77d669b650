"""``yunkai bid``: a bidder's whole work without a browser, byte for byte what the browser does."""

from pathlib import Path

import click

from bidding.bids.model import KIND_NAMES
from frontend.cli.bid_backup import backup_into, backup_option, remedy
from frontend.cli.bid_deposit import deposit
from frontend.cli.bid_desk import bid_work, folder_option, lot_argument, state_option, waived_option
from frontend.cli.bid_layout import layout
from frontend.cli.bid_letter import letter
from frontend.cli.bid_outcome import trouble_of_own
from frontend.cli.bid_reading import read
from frontend.cli.bid_recipe import recipe_into, recipe_option
from frontend.cli.bid_recovery import code_into, recovery_option
from frontend.cli.bid_release import release_when_open
from frontend.cli.bid_screen import (
    Desk,
    beijing,
    end,
    pair,
    progress,
    screen,
    show_requirements,
    status_line,
    tell_kept,
    warn_of_prices,
)
from frontend.cli.bid_security import Security, letter_for, warn
from frontend.cli.bid_tender import fetch_tender, find_lot
from frontend.cli.bid_work import BidWork
from storage.crypto.certificates import parse_certificate

_STEPS = {"waiting": "等待开标", "frozen": "已截标，等待主持人开始解密", "decrypting": "解密进行中"}


@click.group()
@click.option("--platform", envvar="YUNKAI_PLATFORM", default="http://127.0.0.1:8000", show_default=True,
              help="平台地址 address of the platform")
@click.option("--p12", envvar="YUNKAI_P12", type=click.Path(path_type=Path, dir_okay=False), default=None,
              help="数字证书文件 PKCS#12 file; the private key never leaves it")
@click.option("--password", envvar="YUNKAI_P12_PASSWORD", default=None,
              help="证书口令；不写则提示输入 asked for when left out")
@click.pass_context
def bid(context: click.Context, platform: str, p12: Path | None, password: str | None) -> None:
    """投标：下载招标文件、加密、上传、递交、回执、撤回、解密。Everything a bidder does."""
    context.obj = Desk(platform, p12, password)


@bid.command()
@lot_argument
@folder_option
@click.pass_obj
def tender(desk: Desk, lot: str, output: Path) -> None:
    """下载招标文件包，并显示投标要求。Downloads the tender package (A-87)."""
    with desk.signed_in() as (api, identity):
        found = find_lot(api, lot)
        for path in fetch_tender(api, found, output):
            click.echo(path)
        show_requirements(BidWork(api, identity, found, Path()).desk()["requirements"])


@bid.command()
@lot_argument
@click.pass_obj
def status(desk: Desk, lot: str) -> None:
    """一个词：未提交、已提交第几版、已撤回。The one word (R-1104)."""
    with bid_work(desk, lot) as work:
        found = work.desk()
        click.echo(status_line(found["bid"]))
        for version in (found["bid"] or {}).get("versions", []):
            click.echo(f"  第 {version['number']} 版　{version['word']}　{version['receipt'] or ''}")
        click.echo(f"投标截止 {beijing(found['requirements']['deadline_at'])}，以服务器时间为准："
                   f"{beijing(found['now'])}")


@bid.command()
@lot_argument
@click.option("--file", "files", type=click.Path(path_type=Path, exists=True, dir_okay=False), multiple=True,
              required=True, help="投标文件，可多个 file of the bid, repeatable")
@click.option("--price-file", "price_files", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              multiple=True, help="双信封的报价文件，可多个 file of the price envelope, where the lot has two")
@click.option("--field", "fields", multiple=True, help="开标一览表一项，如 price=8730000.00 one line of the statement")
@click.option("--letter", "letter_file", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=None,
              help="随开标一览表密封的保函 .json，见 bid letter fetch; letter that is sealed along")
@click.option("--order", default=None, help="保函申请编号，取回后随投标密封 fetch the letter of this order")
@waived_option
@backup_option
@recovery_option
@recipe_option
@click.option("--submit/--no-submit", default=True, help="上传并校验后是否递交 submit once checked")
@click.option("--trial/--no-trial", default=True, help="递交前试解密 trial decryption before submitting")
@state_option
@folder_option
@click.pass_obj
def send(desk: Desk, lot: str, files: tuple[Path, ...], price_files: tuple[Path, ...], fields: tuple[str, ...],
         letter_file: Path | None, order: str | None, waived: bool, key_backup: Path | None,
         recovery_code: Path | None, recipe: Path | None, submit: bool, trial: bool, state: Path | None,
         output: Path) -> None:
    """加密、上传、试解密、递交；断线后重新运行即续传，换文件运行即替换。Seals, uploads, submits."""
    values = dict(pair(text) for text in fields)
    with bid_work(desk, lot, state) as work:
        warn_of_prices(work.desk()["requirements"], files)
        backup_into(work, key_backup)
        code_into(work, recovery_code)
        recipe_into(work, recipe)
        kept = letter_for(work, Security(letter_file, order, waived), output)
        if submit:
            warn(work, has_letter=kept is not None, is_waived=waived)
        with progress() as work.tell:
            guarantee, letter_path = kept.parts if kept else (None, None)
            sent = work.send(files, values, guarantee, letter_path, price_files)
        if trial:
            work.trial(sent.version)
            screen.print("试解密成功：这张证书能够解开已上传的投标文件")
        tell_kept(lot, key_backup, recipe)
        if not submit:
            screen.print(f"[yellow]第 {sent.number} 版 已上传未提交[/]")
            return
        _submit(work, sent.version, output)
        work.path.unlink(missing_ok=True)


def _submit(work: BidWork, version: str, output: Path) -> None:
    receipt = work.submit(version)
    click.echo(f"已提交　回执 {receipt['number']}")
    for path in work.save_receipt(receipt["number"], output):
        click.echo(path)


@bid.command()
@lot_argument
@waived_option
@state_option
@folder_option
@click.pass_obj
def submit(desk: Desk, lot: str, waived: bool, state: Path | None, output: Path) -> None:
    """递交已上传的版本。Submits the version that was uploaded."""
    with bid_work(desk, lot, state) as work:
        versions = (work.desk()["bid"] or {}).get("versions", [])
        ready = next((each["id"] for each in versions if "submit" in each["may"]), None)
        if ready is None:
            end("没有可以递交的版本：请先上传，或已过投标截止时间")
        warn(work, has_letter=work.kept_letter(ready) is not None, is_waived=waived)
        _submit(work, ready, output)
        work.path.unlink(missing_ok=True)


@bid.command()
@lot_argument
@click.pass_obj
def trial(desk: Desk, lot: str) -> None:
    """试解密：证明这张证书能解开已上传的投标文件，不显示任何内容。Trial decryption; shows nothing of the bid."""
    with bid_work(desk, lot) as work:
        versions = (work.desk()["bid"] or {}).get("versions", [])
        newest = next((each for each in versions if each["status"] in ("uploaded", "submitted")), None)
        if newest is None:
            end("没有已上传的投标文件")
        work.trial(newest["id"])
        click.echo(f"第 {newest['number']} 版试解密成功")


@bid.command()
@lot_argument
@state_option
@click.confirmation_option(prompt="确定放弃未递交的版本？Give up what was not submitted?")
@click.pass_obj
def discard(desk: Desk, lot: str, state: Path | None) -> None:
    """放弃草稿或已上传未提交的版本，已提交的不受影响。Gives up a draft (A-88)."""
    with bid_work(desk, lot, state) as work:
        versions = (work.desk()["bid"] or {}).get("versions", [])
        for version in (each for each in versions if "discard" in each["may"]):
            work.api.delete(f"/api/bid-versions/{version['id']}")
            click.echo(f"第 {version['number']} 版已放弃")
        work.path.unlink(missing_ok=True)


@bid.command()
@lot_argument
@folder_option
@click.confirmation_option(prompt="确定撤回已提交的投标文件？Withdraw the submitted bid?")
@click.pass_obj
def withdraw(desk: Desk, lot: str, output: Path) -> None:
    """截止前撤回，须以企业证书签名。Withdraws before the deadline, signed (R-223)."""
    with bid_work(desk, lot) as work:
        receipt = work.withdraw()
        click.echo(f"已撤回　回执 {receipt['number']}")
        for path in work.save_receipt(receipt["number"], output):
            click.echo(path)


@bid.command()
@click.argument("number")
@folder_option
@click.option("--root", type=click.Path(path_type=Path, exists=True), help="平台根证书 PEM to pin the platform's root")
@click.option("--ledger-key", help="账本公钥 verifier key to pin, as printed beside checkpoints")
@click.pass_obj
def receipt(desk: Desk, number: str, output: Path, root: Path | None, ledger_key: str | None) -> None:
    """取回并验证回执。Fetches a receipt again and verifies it."""
    with desk.signed_in() as (api, identity):
        work = BidWork(api, identity, "", Path())
        found = work.receipt(number)
        key = ledger_key or (found["proof"] or {}).get("key")
        checked = work.check_receipt(found, root.read_text() if root else None, key)
        for path in work.save_receipt(number, output):
            click.echo(path)
        pinned = "" if root and ledger_key else "（未固定根证书或账本公钥：请与公示的核对）"
        click.echo(f"签名有效：{checked.signer.common_name}；"
                   f"{'账本证明有效' if checked.is_in_ledger else '账本证明稍后可取'}{pinned}")


@bid.command()
@lot_argument
@click.option("--root", type=click.Path(path_type=Path, exists=True), help="平台根证书 PEM to pin the platform's root")
@click.option("--wait", default=3600.0, show_default=True, help="最多等待秒数 seconds to wait for the window")
@click.pass_obj
def release(desk: Desk, lot: str, root: Path | None, wait: float) -> None:
    """开标时释放密钥（投标人或保管人），未到时间则等待。Releases keys at the opening; waits for the window."""
    with desk.signed_in() as (api, identity):
        roots = {parse_certificate(root.read_text()).fingerprint} if root else None
        found = find_lot(api, lot)
        answer = release_when_open(api, identity, found, roots=roots, patience=wait,
                                   tell=lambda step: screen.print(_STEPS.get(step, step)))
        for each in answer["kept_back"]:
            screen.print(f"未能释放：{each['bid']} {KIND_NAMES.get(each['kind'], each['kind'])}：{each['why']}",
                         style="yellow", markup=False)
        if refused := answer.get("complaint_refused"):
            screen.print(f"异议未被受理：{refused}", style="yellow", markup=False)
        click.echo("此前已释放" if answer.get("already") else "已释放其余各份" if answer["kept_back"] else "已释放")
        if answer["kept_back"]:
            end("有投标文件未能释放，请告知主持人")
        if trouble := trouble_of_own(api, found):
            end(f"您的投标文件未能完整开启：{trouble}")


bid.add_command(layout)
bid.add_command(read)
bid.add_command(remedy)
bid.add_command(letter)
bid.add_command(deposit)
