"""What the check-up says of a platform that is not founded yet: no CA recognised, nobody who could appoint."""

import asyncio

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from frontend.cli.findings import Finding, note
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from trading.parties.founding import ROLE
from trading.parties.tables import Party
from trading.trust.tables import TrustEdition

_SUBJECT, _SECONDS, _ENOUGH = "founding", 15, 2


async def check_founding(settings: Settings) -> list[Finding]:
    """What is still to be done before others can work; nothing of a demo, nor of a database that is away."""
    if settings.demo:
        return []
    engine = make_engine(settings)
    try:
        async with asyncio.timeout(_SECONDS), make_sessions(engine)() as session:
            editions = await session.scalar(select(func.count()).select_from(TrustEdition)) or 0
            holders = await session.scalar(
                select(func.count()).select_from(Party).where(Party.staff_roles.contains([ROLE]))) or 0
    except (SQLAlchemyError, TimeoutError, OSError):
        return []
    finally:
        await engine.dispose()
    return [*([] if editions else [_no_trust(settings)]), *([] if holders >= _ENOUGH else [_nobody_appoints(holders)])]


def _no_trust(settings: Settings) -> Finding:
    where = settings.trust_directory
    return note(_SUBJECT, "信任列表还是空的，谁也不能入库："
                          f"请把 CA 的根证书、中间证书（.pem）和吊销列表（.crl）放入 {where}，数秒内生效",
                "no CA is recognised, so nobody can enrol: put roots, intermediates (.pem) and CRLs (.crl) into "
                f"{where}")


def _nobody_appoints(holders: int) -> Finding:
    return note(_SUBJECT, f"安全管理员只有 {holders} 名，无人能够任免："
                          "请两个单位在 /enrol 入库，再执行 yunkai found 代码 代码",
                f"{holders} security administrators, too few to appoint anyone: have two bodies enrol at /enrol, then "
                "yunkai found CODE CODE")
