"""``yunkai doctor``: what is wrong, in Chinese and English; exit code 1 when something is."""

import asyncio
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
from pydantic import ValidationError

from frontend.cli.access_checks import check_security_keys
from frontend.cli.embedded import ROOT, is_held
from frontend.cli.environment import names_settings
from frontend.cli.findings import Finding, note, wrong
from frontend.cli.founding_checks import check_founding
from frontend.cli.here import invalid_settings, settings_of
from frontend.cli.machine_checks import (
    check_certificates,
    check_disk,
    check_fonts,
    check_key_files,
    check_port,
    check_sm2,
)
from frontend.cli.part_checks import check_database, check_store
from storage.database.settings import Settings

_MARKS = {"ok": ("✓", "green"), "note": ("·", "yellow"), "wrong": ("✗", "red")}


@click.command()
@click.option("--port", default=None, type=int, help="平台端口 port of the platform")
@click.option("--var", default=str(ROOT / "var"), type=click.Path(path_type=Path), help="数据目录 data folder")
def doctor(port: int | None, var: Path) -> None:
    """体检：端口、磁盘、时钟、数据库、对象存储、证书、字体。Says what is wrong."""
    findings = examine(var, port)
    for finding in findings:
        mark, colour = _MARKS[finding.grade]
        click.echo(f"{click.style(mark, fg=colour)} {finding.subject:13}{finding.chinese}\n{'':15}{finding.english}")
    sys.exit(any(finding.grade == "wrong" for finding in findings))


def examine(var: Path, port: int | None = None) -> list[Finding]:
    """All findings: over the platform that the environment names, or else over the embedded one in ``var``."""
    by_environment = names_settings(os.environ)
    try:
        settings = settings_of(var)
    except ValidationError as error:
        return [wrong("settings", f"环境变量 {name} 无效", f"{name} is not valid") for name in invalid_settings(error)]
    findings = [check_disk(var), check_fonts(), check_sm2()]
    origin = settings.public_origin if settings and port is None else f"http://127.0.0.1:{port or 8000}"
    findings.insert(0, check_port(origin, urlsplit(origin).port or 443))
    if settings is None:
        return [*findings, note("platform", f"{var} 中还没有平台，执行 make up 即可启动",
                                f"no platform in {var} yet: make up starts one")]
    findings += [check_key_files(settings.key_directory),
                 *check_certificates(settings.key_directory, settings.trust_directory)]
    if by_environment or is_held(var):
        return [*findings, *asyncio.run(_examine_parts(settings))]
    return [*findings, note("platform", "内置数据库与对象存储未启动（make up 启动）",
                            "the embedded database and store are stopped (make up starts them)")]


async def _examine_parts(settings: Settings) -> list[Finding]:
    database, store = await asyncio.gather(check_database(settings), check_store(settings))
    has_tables = all(finding.grade != "wrong" for finding in database if finding.subject == "database")
    founded = [*await check_founding(settings), *await check_security_keys(settings)] if has_tables else []
    return [*database, store, *founded]
