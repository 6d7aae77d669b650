"""``yunkai rehearse``: a whole tender with real files, through the public interfaces alone, and what it proved."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import click
from rich.console import Console

from frontend.cli.rehearsal.model import FEWEST, Plan, bytes_of
from frontend.cli.rehearsal.report import Report, sized
from frontend.cli.rehearsal.running import rehearse_on, rehearse_on_own


def _size(context: click.Context, parameter: click.Parameter, value: str) -> int:
    try:
        return bytes_of(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.option("--bidders", default=30, show_default=True, type=click.IntRange(FEWEST, 500),
              help="开标时在场的投标人，另有一家撤回、一家逾期 bidders that stand at the opening")
@click.option("--size", default="50MB", show_default=True, callback=_size, help="每份投标文件的大小 of each bid")
@click.option("--server", help="已在运行的平台地址；不写则自行启动一套 a running platform; without it one starts here")
@click.option("--demo-keys", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="该平台的数据目录，内有 keys、trust、demo its data folder with the demo's keys")
@click.option("--nodes", default=1, show_default=True, type=click.IntRange(1, 4),
              help="自行启动的节点数 nodes to start")
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False),
              help="保留回执、记录、导出包的目录 folder for the evidence")
@click.option("--seed", default=1, show_default=True, help="报价与文件的随机种子 seed of prices and papers")
@click.option("--time-to-bid", type=float,
              help="发布到开标的秒数，默认按文件大小与本机快慢估计 seconds from publication to T")
@click.option("--whole", is_flag=True,
              help="一直走到归档：经保证金与保函、评标、定标、合同 on to the archive")
@click.option("--suite", default="1", show_default=True, type=click.Choice(["1", "2"]),
              help="密码套件，2 为国密 SM2、SM3、SM4 of the sealed bids")
@click.option("--two-envelopes", is_flag=True,
              help="双信封：先开技术信封；与 --whole 同用时，评审后第二次开标只开通过者的报价 prices second")
def rehearse(bidders: int, size: int, server: str | None, demo_keys: Path | None, nodes: int, keep: Path | None,
             seed: int, time_to_bid: float | None, whole: bool, suite: str, two_envelopes: bool) -> None:
    """演练：用真实文件走完一次招标并逐项验证，时限以演练类别加速。A whole tender, rehearsed and proved."""
    if (server is None) != (demo_keys is None):
        raise click.UsageError("--server 与 --demo-keys 须一并给出 go together")
    if whole and server is not None:
        raise click.UsageError("--whole 只能用自行启动的平台：它要认得演练的银行和快递 needs a platform of its own")
    processes = max(2, os.cpu_count() or 2)
    plan = Plan(bidders, size, seed, processes, time_to_bid, suite=int(suite), whole=whole,
                two_envelopes=two_envelopes)
    report = Report(Console(stderr=True))
    signal.signal(signal.SIGTERM, _interrupt)
    if server is not None and demo_keys is not None:
        rehearse_on(server.rstrip("/"), demo_keys.resolve(), plan, report, keep)
    else:
        rehearse_on_own(plan, nodes, report, keep)
    title = f"云开演练：{bidders} 家投标人，每份约 {sized(size)}　{'全部成立' if report.holds else '有未成立的'}"
    Console(width=None if sys.stdout.isatty() else 140).print(report.table(title))
    sys.exit(0 if report.holds else 1)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The system asks to end: as Ctrl-C, so that everything that was started stops."""
    raise KeyboardInterrupt
