"""``yunkai serve``: one node, everything from the environment."""

import asyncio

import click
import uvicorn
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from frontend.cli.environment import PREFIX
from storage.database.migrating import migrate
from storage.database.settings import Settings
from storage.kernel.errors import DomainError
from storage.objects.store import ObjectStore

_APP = "frontend.server.asgi:app_from_environment"
_LONGEST_MESSAGE = 4096  # bytes of a socket's message; nothing is ever said there (fault 45)
_IDLE_LINE_SECONDS = 75  # longer than clients and proxies keep one, so that none sends into a line being closed
_DRAIN_SECONDS = 10  # what is under way when the node is told to stop may finish


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址 address to listen on")
@click.option("--port", default=8000, show_default=True, help="监听端口 port to listen on")
def serve(host: str, port: int) -> None:
    """运行一个节点，参数全部取自环境变量。Runs one node from YUNKAI_* variables."""
    settings = _settings()
    try:
        migrate(settings.database_url)
        asyncio.run(_prepare_store(settings))
    except OperationalError as error:
        raise click.ClickException("无法连接数据库，请检查 YUNKAI_DATABASE_URL the database does not answer") from error
    except DomainError as error:
        raise click.ClickException(f"{error.message}，请检查 YUNKAI_S3_* the object store does not serve") from error
    # The server's own words go the way of all others (``frontend.server.logs``).
    # Deflate costs 36 KiB and 10 microseconds per viewer, and gains nothing on short messages.
    uvicorn.run(_APP, factory=True, host=host, port=port, ws="frontend.server.sockets:FeedProtocol",
                proxy_headers=False,  # frontend.server.proxies does
                ws_per_message_deflate=False, ws_max_size=_LONGEST_MESSAGE, access_log=False, log_level="warning",
                log_config=None, server_header=False, timeout_keep_alive=_IDLE_LINE_SECONDS,
                timeout_graceful_shutdown=_DRAIN_SECONDS)


def _settings() -> Settings:
    """What the environment says; raises ``ClickException`` with every variable that is missing or not valid."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [f"  {PREFIX}{'_'.join(map(str, each['loc'])).upper()}："
                 f"{'缺少 missing' if each['type'] == 'missing' else each['msg']}" for each in error.errors()]
        told = "环境变量缺少或无效（.env.example 列有全部变量） missing or not valid, see .env.example:"
        raise click.ClickException("\n".join((told, *lines))) from error


async def _prepare_store(settings: Settings) -> None:
    store = ObjectStore.from_settings(settings)
    try:
        await store.prepare([settings.public_origin])
    finally:
        store.close()
