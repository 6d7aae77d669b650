"""``yunkai restamp``: a further document time stamp over signed papers, before the last one ends."""

import asyncio
import logging
from datetime import datetime
from pathlib import Path

import click

from frontend.cli.embedded import ROOT
from frontend.cli.here import settings_here
from storage.crypto.pdf_lasting import own_trust
from storage.crypto.pdf_lasting import restamp as stamped_again
from storage.crypto.pdf_signing import Evidence
from storage.crypto.platform_keys import PlatformKeys, load_platform_keys
from storage.crypto.trust import read_trust_list
from storage.crypto.tsa import EmbeddedAuthority, HttpAuthority
from storage.database.settings import Settings
from storage.kernel.clock import process_now
from storage.kernel.errors import DomainError


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--var", default=str(ROOT / "var"), type=click.Path(path_type=Path), help="数据目录 data folder")
def restamp(files: tuple[Path, ...], var: Path) -> None:
    """为已签名的 PDF 加盖新的文件时间戳，原文件不动。A further document time stamp over signed PDFs.

    写入 NAME-restamped.pdf；原有内容逐字节保留，yunkai verify 对两者都予认可。The result goes to NAME-restamped.pdf
    beside the file, which stays; yunkai verify accepts both. For files outside the platform,
    before their last stamp ends: those of its store renew themselves. Reads YUNKAI_* variables, as a node does;
    without them it uses the embedded platform's.
    """
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # what it would say is said below, in words for people
    settings, now = settings_here(var), process_now()
    if not (settings.key_directory / "platform").exists():
        raise click.ClickException("没有平台密钥 there are no keys of a platform: YUNKAI_KEY_DIRECTORY")
    keys = load_platform_keys(settings.key_directory, name=settings.platform_name, now=now)
    for file in files:
        target = file.with_name(f"{file.stem}-restamped.pdf")
        if target.exists():
            raise click.ClickException(f"{target.name} 已存在 is there already")
        try:
            target.write_bytes(asyncio.run(_made(file.read_bytes(), settings, keys, now)))
        except DomainError as error:
            raise click.ClickException(f"{file.name}：{error.message}") from error
        click.echo(str(target))


async def _made(pdf: bytes, settings: Settings, keys: PlatformKeys, now: datetime) -> bytes:
    authority = HttpAuthority(settings.tsa_url) if settings.tsa_url else EmbeddedAuthority(keys.timestamp)
    trust = own_trust(keys, now).joined(read_trust_list(settings.trust_directory))
    return await stamped_again(pdf, Evidence(trust, now), authority)
