"""What the check-up asks of database, clock and store."""

import asyncio
import os
from datetime import timedelta

from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from frontend.cli.findings import Finding, ok, wrong
from storage.database.engine import make_engine
from storage.database.settings import Settings
from storage.kernel.clock import process_now, shanghai
from storage.kernel.errors import DomainError
from storage.objects.store import ObjectStore
from storage.reactions.aside import Aside, all_aside
from trading.papers.queries import Unrenewed, unrenewed

_SECONDS = 15
_LARGEST_SKEW = timedelta(seconds=2)


async def check_database(settings: Settings) -> list[Finding]:
    """It answers, its tables are there, and its clock and this machine's agree."""
    engine = make_engine(settings)
    try:
        async with asyncio.timeout(_SECONDS), engine.connect() as connection:
            return [await _edition(connection), await _clock(connection), *await _waiting(connection),
                    *await _stamps(connection)]
    except (SQLAlchemyError, TimeoutError, OSError) as error:
        return [wrong("database", f"无法连接数据库（{type(error).__name__}），请检查 YUNKAI_DATABASE_URL 与网络",
                      f"the database does not answer ({type(error).__name__}): see YUNKAI_DATABASE_URL")]
    finally:
        await engine.dispose()


async def _edition(connection: AsyncConnection) -> Finding:
    version = (await connection.execute(text("show server_version"))).scalar_one()
    if (await connection.execute(text("select to_regclass('alembic_version')"))).scalar_one() is None:
        return wrong("database", "数据库中没有平台的数据表，请启动一次平台",
                     "the tables are missing: start the platform once")
    edition = (await connection.execute(text("select version_num from alembic_version"))).scalar_one_or_none()
    return ok("database", f"PostgreSQL {version}，数据表版本 {edition}",
              f"PostgreSQL {version}, tables of edition {edition}")


async def _clock(connection: AsyncConnection) -> Finding:
    asked = process_now()
    moment = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    skew = abs(moment - asked - (process_now() - asked) / 2)
    words = f"{skew.total_seconds() * 1000:.0f}"
    if skew > _LARGEST_SKEW:
        return wrong("clock", f"本机与数据库时钟相差 {words} 毫秒，请校时（NTP）；一切期限以数据库时钟为准",
                     f"this machine and the database differ by {words} ms: set the clocks (NTP)")
    return ok("clock", f"与数据库时钟相差 {words} 毫秒", f"{words} ms from the database's clock")


async def _waiting(connection: AsyncConnection) -> list[Finding]:
    """Entries of the ledger that a reaction could not follow; each is tried again by itself."""
    if (await connection.execute(text("select to_regclass('reaction_aside')"))).scalar_one() is None:
        return []
    async with AsyncSession(connection) as session:
        return [_stands_still(each) for each in await all_aside(session)]


async def _stamps(connection: AsyncConnection) -> list[Finding]:
    """Stamps that renew themselves, except where it fails."""
    if (await connection.execute(text("select to_regclass('lasting_file')"))).scalar_one() is None:
        return []
    async with AsyncSession(connection) as session:
        found = await unrenewed(session, process_now())
    return [_not_renewed(each) for each in found]


def _not_renewed(each: Unrenewed) -> Finding:
    end = f"{shanghai(each.ends_at):%Y-%m-%d}"
    chinese, english = each.reason, each.reason
    if not each.reason:
        chinese, english = "时间戳机构的证书尚未更换，新时间戳同样到期", "the authority's own certificate ends as soon"
    return wrong("stamps", f"{each.authority} 的时间戳最早于 {end} 到期，文件未能自动续盖，自动重试：{chinese}",
                 f"stamps by {each.authority} end from {end} on, and renewal fails; tried again by itself: {english}")


def _stands_still(each: Aside) -> Finding:
    return wrong("waiting",
                 f"账本第 {each.seq} 条的后续处理 {each.name} 已试 {each.attempts} 次未成，自动重试：{each.last_error}",
                 f"{each.name} cannot follow entry {each.seq} after {each.attempts} attempts; tried again by itself: "
                 f"{each.last_error}")


async def check_store(settings: Settings) -> Finding:
    """An object goes in, comes back the same, and goes away."""
    store = ObjectStore.from_settings(settings)
    key, data = f"doctor/{os.urandom(8).hex()}", os.urandom(1024)
    try:
        async with asyncio.timeout(_SECONDS):
            await store.is_ready()  # within two seconds, where a frozen store would hold the rest for thirty
            await store.put(key, data)
            back = await store.get_range(key, 0, len(data))
            await store.remove(key)
    except (DomainError, TimeoutError) as error:
        cause = error.facts.get("cause", "") if isinstance(error, DomainError) else "timeout"
        return wrong("store", f"对象存储 {settings.s3_endpoint} 不可用（{cause}）",
                     f"the object store at {settings.s3_endpoint} does not serve ({cause})")
    finally:
        store.close()
    if back != data:
        return wrong("store", "对象存储读回的数据与写入不一致", "the store gave back other bytes than it got")
    return ok("store", f"对象存储 {settings.s3_endpoint} 读写正常",
              f"the object store at {settings.s3_endpoint} serves")
