"""What the check-up says of security keys: who needs one and has none, and whether browsers could make one here."""

import asyncio
import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from frontend.cli.findings import Finding, note, ok, wrong
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.kernel.errors import Invalid
from trading.parties.model import CUSTODIAN, PartyStatus, with_key_alone
from trading.parties.tables import Party, SecurityKey
from trading.tenders.model import LIVE, Stage
from trading.tenders.tables import Lot

_SUBJECT, _SECONDS, _NAMED = "security keys", 15, 5
_WORDS = {"centre": "交易中心（主持人）", "supervisor": "行政监督", "system_administrator": "系统管理员",
          "security_administrator": "安全管理员", "auditor": "审计员", "tenderee": "招标人", "agency": "招标代理",
          "bidder": "投标人", "expert": "评标专家", "representative": "招标人代表", CUSTODIAN: "密钥份额保管人"}


async def check_security_keys(settings: Settings) -> list[Finding]:
    """Who counts with a security key alone and has none; what cannot be asked of a database that is away is not."""
    try:
        demanded = with_key_alone(settings.second_factor_roles, is_demo=settings.demo)
    except Invalid as error:
        return [wrong(_SUBJECT, f"YUNKAI_SECOND_FACTOR_ROLES 无效：{error.message}",
                      "YUNKAI_SECOND_FACTOR_ROLES names what is no role: the platform does not start")]
    if not demanded:
        return [_nobody(settings)]
    engine = make_engine(settings)
    try:
        async with asyncio.timeout(_SECONDS), make_sessions(engine)() as session:
            lacking = {role: await _without_key(session, role) for role in sorted(demanded)}
    except (SQLAlchemyError, TimeoutError, OSError):
        return _place(settings)
    finally:
        await engine.dispose()
    found = [_lacking(role, names) for role, names in lacking.items() if names]
    return [*_place(settings), *(found or [ok(
        _SUBJECT, f"须用安全钥匙的单位均已登记（{'、'.join(_WORDS[role] for role in sorted(demanded))}）",
        f"everyone who needs one has one ({', '.join(sorted(demanded))})")])]


def _nobody(settings: Settings) -> Finding:
    if settings.demo and not settings.second_factor_roles.strip():
        return ok(_SUBJECT, "演示平台，不要求安全钥匙", "a demo: nobody needs one")
    return note(_SUBJECT, "没有任何职务须用安全钥匙（YUNKAI_SECOND_FACTOR_ROLES=none），仅凭证书即可履职；"
                          "建议删去该设置", "nobody needs one: the certificate alone does; better unset the variable")


def _place(settings: Settings) -> list[Finding]:
    """Browsers make keys for names alone, and behind TLS but for the machine itself."""
    parts = urlsplit(settings.public_origin)
    host = parts.hostname or ""
    if _is_name(host) and (parts.scheme == "https" or host == "localhost"):
        return []
    return [wrong(_SUBJECT, f"浏览器不能在 {settings.public_origin} 登记安全钥匙：地址须为域名并使用 https，"
                            "否则须用钥匙的职务无人能够履行",
                  "browsers make keys for https addresses with a name alone: nobody can register one here")]


def _is_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(host)
    return False


async def _without_key(session: AsyncSession, role: str) -> Sequence[str]:
    """The names of verified bodies that are this and have no security key."""
    keyed = select(SecurityKey.party_id).where(SecurityKey.forgotten_at.is_(None))
    which = (Party.id.in_(await _custodians(session)) if role == CUSTODIAN
             else or_(Party.staff_roles.contains([role]), Party.roles.contains([role])))
    query = (select(Party.name).where(Party.status == PartyStatus.VERIFIED, Party.id.not_in(keyed), which)
             .order_by(Party.name))
    return (await session.scalars(query)).all()


async def _custodians(session: AsyncSession) -> set[UUID]:
    """Who keeps a share in a lot whose opening is still to come, or under way."""
    held = await session.scalars(select(Lot.custodians).where(Lot.stage.in_(sorted(LIVE | {Stage.PRICE_OPENING}))))
    return {UUID(str(each["party_id"])) for custodians in held for each in custodians}


def _lacking(role: str, names: Sequence[str]) -> Finding:
    listed = "、".join(names[:_NAMED]) + (f" 等 {len(names)} 家" if len(names) > _NAMED else "")
    what = "不能释放份额" if role == CUSTODIAN else "不能履职"
    return wrong(_SUBJECT, f"{_WORDS[role]}未登记安全钥匙，{what}：{listed}。请其用证书登录后在“我的主页”（/me）登记",
                 f"{len(names)} as {role} without one: sign in with the certificate and register it under /me")
