"""What auditor and system administrator see: acts of administrators, settings, and what stands still (R-1011).

Neither sees bids, people or lots. The auditor's readings are acts themselves, which others read.
"""

from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import NotAllowed, NotSignedIn
from storage.kernel.permission import rows
from storage.ledger.documents import FeedItem
from storage.ledger.queries import addressed
from storage.reactions.aside import all_aside
from trading.papers.queries import unrenewed
from trading.parties.model import NOBODY, with_key_alone
from trading.tenders.queries import now_of

_LARGEST = 2**53
# Settings that are no secret and name no place of one.
_SHOWN = ("platform_id", "platform_name", "public_origin", "program_origin", "hotline", "demo", "database_pool",
          "s3_bucket", "s3_secure", "tsa_url", "exchange_url", "bank_url", "courier_url", "revocation_grace_hours",
          "session_idle_minutes", "session_hours", "single_session_roles", "step_up_minutes", "second_factor_roles",
          "limit_factor", "sockets_per_address", "sockets_per_account",
          "sockets_per_lot", "trusted_proxies", "private_addresses", "sealed_batch_seconds", "log_level")

AUDIT = (*rows("auditor", "readAudit"), *rows("system_administrator auditor", "readOperations"))


def _permit(actor: Actor, *roles: str) -> None:
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    if not actor.roles & set(roles):
        raise NotAllowed("您没有权限进行此操作", act="audit")


class Reading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From which entry on, downwards; none: the newest."""

    before: Annotated[int, msgspec.Meta(ge=0, le=_LARGEST)] = _LARGEST


@post("/api/audit/readings", operation_id="readAudit", status_code=200)
async def read_audit(data: JSONBody[Reading], actor: NamedDependency[Actor], work: NamedDependency[Works],
                     reader: NamedDependency[AsyncSession]) -> list[FeedItem]:
    """What administrators did, the newest first; that it was read stands in the ledger, for others to see."""
    _permit(actor, "auditor")
    found = await addressed(reader, "audit", before=data.before)
    async with work() as uow:
        uow.record("audit.read", actor, stream="audit", subject="audit",
                   payload={"by": actor.name, "entries": len(found), "newest": found[0]["seq"] if found else None,
                            "oldest": found[-1]["seq"] if found else None},
                   audience=("supervisor", "security_administrator", actor.id))
        await uow.commit()
    return found


@get("/api/operations", operation_id="readOperations")
async def read_operations(actor: NamedDependency[Actor], settings: NamedDependency[Settings],
                          reader: NamedDependency[AsyncSession]) -> dict[str, Any]:
    """The settings of this node that are no secret; entries that a reaction could not follow, and tries again; time
    stamps that could not be renewed."""
    _permit(actor, "system_administrator", "auditor")
    waiting = [{"reaction": each.name, "entry": each.seq, "attempts": each.attempts, "reason": each.last_error,
                "retry_at": to_wire(each.retry_at)} for each in await all_aside(reader)]
    stamps = [{"authority": each.authority, "ends_at": to_wire(each.ends_at), "reason": each.reason}
              for each in await unrenewed(reader, await now_of(reader))]
    return {"settings": _in_force(settings), "waiting": waiting, "stamps": stamps}


def _in_force(settings: Settings) -> dict[str, Any]:
    """What holds: where nothing is named, who counts with a security key alone all the same."""
    keyed = with_key_alone(settings.second_factor_roles, is_demo=settings.demo)
    shown = {name: getattr(settings, name) for name in _SHOWN}
    return shown | {"second_factor_roles": ",".join(sorted(keyed)) or NOBODY}


ROUTES: list[ControllerRouterHandler] = [read_audit, read_operations]
