"""``yunkai token``: a certificate file as if it were a USB key or a telephone, for demos and for who has no other."""

import sys
from pathlib import Path

import click
import httpx

from frontend.cli.token_agent import AgentServer
from frontend.cli.token_holder import Holder, say
from frontend.cli.token_phone import Telephone, read_code
from storage.crypto.errors import Malformed

_files = click.argument("files", type=click.Path(path_type=Path, exists=True, dir_okay=False), nargs=-1, required=True)


@click.group()
def token() -> None:
    """软证书：像 USB Key 或手机那样使用证书文件，PIN 即文件口令。A file in a key's place; its password is the PIN."""


@token.command()
@_files
@click.option("--port", default=17700, show_default=True, help="本机端口 port on 127.0.0.1")
@click.option("--origin", "origins", multiple=True, default=("http://127.0.0.1:8000",), show_default=True,
              help="允许的网站 site whose pages may ask, repeatable")
def serve(files: tuple[Path, ...], port: int, origins: tuple[str, ...]) -> None:
    """USB Key 程序：在本机等待网页的请求。The program beside the browser."""
    server = AgentServer(port, frozenset(origins), Holder(files))
    say(f"http://127.0.0.1:{server.server_address[1]}　允许 admits {'、'.join(origins)}　停止 stop: Ctrl-C")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        say("已停止 stopped")


@token.command()
@_files
@click.option("--code", required=True, help="二维码的内容 text of the code on the page")
def scan(files: tuple[Path, ...], code: str) -> None:
    """手机证书：扫描网页上的二维码，逐项确认。The telephone."""
    try:
        telephone = Telephone(read_code(code), Holder(files))
        telephone.claim()
        telephone.serve()
    except (Malformed, httpx.HTTPError) as error:
        sys.exit(f"扫码失败 failed：{error}")
    except KeyboardInterrupt:
        say("已停止 stopped")
