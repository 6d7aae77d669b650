"""``yunkai up``: the whole platform on one machine, with embedded parts, until Ctrl-C."""

import signal
import sys
import time
from pathlib import Path
from types import FrameType

import click

from frontend.cli.demo import describe_demo, prepare_demo
from frontend.cli.embedded import ROOT, AlreadyRunning, EmbeddedParts
from frontend.cli.node import Node, NodeFailed
from storage.database.migrating import migrate
from storage.embedded.postgres import PostgresFailed
from storage.embedded.seaweed import SeaweedFailed


class Stopped(BaseException):
    """Ctrl-C, or the system asks to end."""


@click.command()
@click.option("--port", default=8000, show_default=True, help="平台端口 port of the platform")
@click.option("--var", default=str(ROOT / "var"), type=click.Path(path_type=Path), help="数据目录 data folder")
def up(port: int, var: Path) -> None:
    """启动整个平台（内置数据库与对象存储），Ctrl-C 停止。Starts everything here; Ctrl-C stops it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        with EmbeddedParts(var, port) as parts:
            _run(parts)
    except Stopped:
        click.echo("已停止，数据保留。Stopped; the data stay.")
    except AlreadyRunning as error:
        sys.exit(f"平台已在此目录运行。The platform already runs over {error}.")
    except (NodeFailed, PostgresFailed, SeaweedFailed) as error:
        sys.exit(f"启动失败。Could not start:\n{error}")


def _run(parts: EmbeddedParts) -> None:
    migrate(parts.settings.database_url)
    bodies = prepare_demo(parts.settings, parts.var / "demo")
    node = Node(parts)
    try:
        node.start()
        click.echo(f"\n云开 Yunkai: {parts.origin}\n\n{describe_demo(bodies, parts.var / 'demo')}\n\n"
                   f"  数据 data: {parts.var}    体检 check-up: .venv/bin/yunkai doctor    停止 stop: Ctrl-C\n")
        while True:
            time.sleep(1)
            if parts.start_what_is_down():
                click.echo("数据库或对象存储意外停止，已重启。A part had died and was started again.", err=True)
            if node.restart_if_dead():
                click.echo("节点意外停止，已重启。The node had died and was started again.", err=True)
    finally:
        _ignore_further_signals()
        click.echo("正在停止…… Stopping…")
        node.stop()


def _stop(number: int, frame: FrameType | None) -> None:
    _ignore_further_signals()
    raise Stopped


def _ignore_further_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
