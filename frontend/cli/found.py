"""``yunkai found``: the first two security administrators of a platform, or the second to the one it has."""

import asyncio
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from frontend.cli.embedded import ROOT
from frontend.cli.here import settings_here
from frontend.server.ties import ties_of
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.errors import DomainError
from trading.parties.founding import ROLE, found_administrators
from trading.parties.model import with_key_alone


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--var", default=str(ROOT / "var"), type=click.Path(path_type=Path), help="数据目录 data folder")
def found(first: str, second: str, var: Path) -> None:
    """任命平台最初的两名安全管理员（统一社会信用代码）。Appoints the first two security administrators.

    已有一名的，须为二者之一，只任命另一名；已有两名的，拒绝。A platform that has one names it as one of the two,
    and the other is appointed; with two it is refused. Who is appointed must be enrolled and verified. Reads YUNKAI_*
    variables, as a node does; without them it acts on the embedded platform.
    """
    settings = settings_here(var)
    try:
        names = asyncio.run(_found(settings, first, second))
    except DomainError as error:
        raise click.ClickException(error.message) from error
    except (SQLAlchemyError, OSError) as error:
        raise click.ClickException("无法连接数据库：请先启动平台（make up） the database does not answer") from error
    click.echo(f"安全管理员 security administrators: {'、'.join(names)}")
    if ROLE in with_key_alone(settings.second_factor_roles, is_demo=settings.demo):
        click.echo("登录后请先在“我的主页”（/me）登记安全钥匙，登记后即可履职。"
                   "Sign in and register a security key under /me first.")


async def _found(settings: Settings, first: str, second: str) -> list[str]:
    engine = make_engine(settings)
    try:
        return await found_administrators([first, second], Work(make_sessions(engine)), ties_of)
    finally:
        await engine.dispose()
