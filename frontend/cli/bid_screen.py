"""What ``yunkai bid`` shows: progress, refusals with their rules, the one word."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from bidding.bids.model import ENVELOPE_NAMES, KIND_NAMES, PRICE, TECHNICAL, WHOLE
from bidding.bids.price_words import doubtful, forbidden
from bidding.deposits.model import FORM_WORDS
from frontend.cli.bid_upload import CheckFailed
from frontend.cli.client import ApiClient, ApiError, Asked, Unreachable
from frontend.cli.identity import ClientIdentity
from storage.kernel.clock import from_wire, shanghai
from storage.kernel.errors import DomainError

screen = Console(stderr=True)


@dataclass(frozen=True)
class Desk:
    """What every subcommand needs: who, where."""

    platform: str
    p12: Path | None
    password: str | None

    @contextmanager
    def signed_in(self) -> Iterator[tuple[ApiClient, ClientIdentity]]:
        """A session for the length of a command; refusals become one clear line and exit status 1."""
        try:
            identity = self._identity()
            with ApiClient(self.platform, identity, tell=tell_to_confirm) as api:
                for warning in _enter(api).get("warnings", []):
                    words = warning["message"]
                    screen.print(words, style="yellow", markup=False)
                yield api, identity
                api.logout()
        except ApiError as error:
            refuse(error)
        except (Unreachable, CheckFailed, OSError) as error:
            end(str(error))
        except DomainError as error:
            end(error.message)

    def _identity(self) -> ClientIdentity:
        if self.p12 is None:
            end("请用 --p12 指明数字证书文件")
        password = self.password
        if password is None:
            password = str(click.prompt("证书口令 password", hide_input=True, err=True))
        return ClientIdentity.from_pkcs12(self.p12, password)


def tell_to_confirm(asked: Asked) -> None:
    """What a person is to do in a browser, where the party has a security key."""
    screen.print(f"本单位登记了安全钥匙：请在浏览器中打开 {asked.address}，用安全钥匙登录，输入代码 {asked.code}，"
                 f"{beijing(asked.expires_at)} 前有效。代码只给自己用，不要告诉他人。\n"
                 f"To go on, open {asked.address} in a browser, sign in with your security key and type {asked.code}.",
                 style="yellow", markup=False)


def refuse(error: ApiError) -> NoReturn:
    """A refusal of the platform: what, and why by rule number."""
    lines = [error.title, *(f"{rule['number']} {rule['title']}（{rule['cites']}）" for rule in error.rules)]
    told = [str(error.facts[name]) for name in ("reason", "fields", "detail") if error.facts.get(name)]
    end("\n".join([*lines, *told]))


def end(words: str) -> NoReturn:
    """One clear line, and exit status 1."""
    screen.print(words, style="red", markup=False)
    sys.exit(1)


def confirmed(question: str) -> bool:
    """Asks at the terminal; no is what a bare Enter means."""
    return click.confirm(question, default=False, err=True)


def pair(text: str) -> tuple[str, str]:
    """A ``key=value`` of the command line."""
    key, mark, value = text.partition("=")
    if not mark:
        raise click.BadParameter(f"应为 键=值：{text}", param_hint="--field")
    return key.strip(), value.strip()


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Bars with speed and forecast, one for each object."""
    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen) as bars:
        tasks: dict[str, Any] = {}

        def tell(kind: str, sent: int, total: int) -> None:
            if kind not in tasks:
                tasks[kind] = bars.add_task(KIND_NAMES.get(kind, kind), total=total)
            bars.update(tasks[kind], completed=sent)
        yield tell


def status_line(found: dict[str, Any] | None) -> str:
    """The one word a bidder asks for (R-1104)."""
    if found is None or found["submitted"] is None:
        return "未提交" if found is None else str(found["word"])
    return f"已提交　第 {found['submitted']['version']} 版　{beijing(found['submitted']['at'])}"


def show_requirements(asked: dict[str, Any]) -> None:
    """What the lot asks of a bid (A-87)."""
    click.echo(f"{asked['lot']['code']}　{asked['lot']['title']}　投标截止 {beijing(asked['deadline_at'])}")
    forms = "、".join(FORM_WORDS.get(form, form) for form in asked["deposit_forms"])
    click.echo(f"  投标保证金：{asked['deposit']} 元（{forms}）" if asked["deposit"] else "  投标保证金：不要求")
    for field in asked["announced_fields"]:
        click.echo(f"  {_which(asked, field)}开标一览表：{field['label']}（--field {field['key']}=…）"
                   f"{'必填' if field['required'] else ''}")
    for part in asked["bid_parts"]:
        click.echo(f"  {_which(asked, part)}投标文件组成：{part['number']} {part['title']}{_how(asked, part)}")
    if WHOLE not in asked["envelopes"]:
        click.echo("  第一信封的文件和文件名均不得载明报价")
    for keeper in asked["custodians"]:
        click.echo(f"  密钥保管人：{keeper['index']} {keeper['name']}（{asked['n']} 人中 {asked['k']} 人）")


def warn_of_prices(asked: dict[str, Any], files: Sequence[Path]) -> None:
    """Of two envelopes: ends where a file of the first bears a priced part's name, and names the doubtful (R-318)."""
    if WHOLE in asked["envelopes"]:
        return
    names, parts = [path.name for path in files], asked["bid_parts"]
    if wrong := forbidden(names, parts):
        end(f"{'、'.join(wrong)} 是第二信封的组成部分，不能放入先开启的第一信封：请改用 --price-file；"
            "确不含报价的，请在文件名中写明“不含报价”")
    if told := doubtful(names, parts):
        screen.print(f"从名称看，{'、'.join(told)} 载有报价：写有报价的文件应以 --price-file 放入第二信封，"
                     "第一信封先开启", style="yellow", markup=False)


def _how(asked: dict[str, Any], part: dict[str, Any]) -> str:
    """By which option its files are given, where there are two envelopes; and whether it must be there."""
    option = "" if WHOLE in asked["envelopes"] else f"（{'--price-file' if part.get('priced') else '--file'}）"
    return option + ("" if part.get("required", True) else "（可选）")


def _which(asked: dict[str, Any], item: dict[str, Any]) -> str:
    return "" if WHOLE in asked["envelopes"] else ENVELOPE_NAMES[PRICE if item.get("priced") else TECHNICAL]


def beijing(text: str) -> str:
    """An instant as people read it."""
    return shanghai(from_wire(text)).strftime("%Y-%m-%d %H:%M:%S")


def _enter(api: ApiClient) -> dict[str, Any]:
    """Signed in; a certificate that nobody knows binds itself where those bound before have all ended (R-704).

    Raises ``ApiError``: the refusal of the second way says more, as that the old certificate still works.
    """
    try:
        return api.login()
    except ApiError as error:
        if error.facts.get("reason") != "not-bound":
            raise
    opened = api.login_renewed()
    screen.print("原来绑定的证书均已到期或被吊销，已绑定这张换发的证书", style="yellow", markup=False)
    return opened


def tell_kept(lot: str, key_backup: Path | None, recipe: Path | None) -> None:
    """What was kept beside the bid, how it is to be kept, and the command that will want it (R-144)."""
    if key_backup is not None:
        screen.print(f"密钥备份 {key_backup}：请像证书一样保管，并与证书分开存放；开标时如需使用：", markup=False,
                     soft_wrap=True)
        screen.print(f"  yunkai bid remedy {lot} --backup {key_backup}", markup=False, soft_wrap=True)
    if recipe is not None:
        screen.print(f"复原单 {recipe}：请与投标文件一同保管，投标文件一个字节也不能改；开标时如需使用：", markup=False,
                     soft_wrap=True)
        screen.print(f"  yunkai bid remedy {lot} --recipe {recipe} --file …", markup=False, soft_wrap=True)
