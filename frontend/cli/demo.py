"""The demo identities: made once, enrolled, and shown with how to log in."""

import asyncio
from pathlib import Path

from evaluation.experts.seed import seed_experts
from storage.crypto.demo_pki import open_demo_pki
from storage.database.engine import make_engine, make_sessions
from storage.database.settings import Settings
from storage.database.work import Work
from storage.kernel.clock import process_now
from trading.parties.seed import PASSWORD, DemoBody, seed_demo

_ROLES = {"tenderee": "招标人 tenderee", "agency": "招标代理 agency", "centre": "交易中心 centre",
          "supervisor": "监督 supervisor", "system_administrator": "系统管理员 system administrator",
          "security_administrator": "安全管理员 security administrator", "auditor": "审计管理员 auditor",
          "bidder": "投标人 bidder",
          "expert": "评标专家 expert", "representative": "招标人代表 representative"}
_NEWCOMER = "（尚未入库，可试注册 not enrolled yet）"


def prepare_demo(settings: Settings, folder: Path) -> list[DemoBody]:
    """Makes what is missing of the demo CAs and identities, and enrols them; blocking."""
    now = process_now()
    pki = open_demo_pki(settings.key_directory, settings.trust_directory, now=now)

    async def seed() -> list[DemoBody]:
        engine = make_engine(settings)
        sessions = make_sessions(engine)
        try:
            bodies = await seed_demo(lambda: Work(sessions), pki, folder, now)
            await seed_experts(lambda: Work(sessions))
            return bodies
        finally:
            await engine.dispose()
    return asyncio.run(seed())


def describe_demo(bodies: list[DemoBody], folder: Path) -> str:
    """Who there is, in the words of ``up``."""
    lines = [f"    {body.file + '.p12':20} {_ROLES[body.role]}  {body.name}{'' if body.is_enrolled else _NEWCOMER}"
             for body in bodies]
    return "\n".join((
        "  演示身份，只用于演示。Demo identities, worth nothing elsewhere.",
        f"  登录：在“登录”页选择证书文件，口令 {PASSWORD}。Log in: choose a certificate file, password {PASSWORD}.",
        f"  证书目录 files: {folder}", *lines))
