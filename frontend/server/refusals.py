"""A refusal rolls back, and is recorded in its own small transaction (R-148)."""

from urllib.parse import quote

import structlog
from litestar.types import Scope
from sqlalchemy.exc import SQLAlchemyError

from frontend.server.dependencies import parts_of
from storage.kernel.actor import PUBLIC
from storage.kernel.errors import DomainError, RulesUnmet

log = structlog.get_logger()


async def record_refusal(error: Exception, scope: Scope) -> None:
    """Records refused acts of routes that name an action in ``opt["record_refusal"]``.

    Sealed: before the deadline a refusal would betray a bidder as surely as an acceptance (R-122).
    """
    handler = scope.get("route_handler")
    action = handler.opt.get("record_refusal") if handler is not None else None
    if action is None or not isinstance(error, DomainError):
        return
    actor = scope["state"].get("actor", PUBLIC)
    lot_id = scope.get("path_params", {}).get("lot_id")
    rules = [rule.number for rule in error.rules] if isinstance(error, RulesUnmet) else []
    work = parts_of(scope["litestar_app"].state).work()
    try:
        async with work as uow:
            uow.record(action, actor, stream=f"lot:{lot_id}" if lot_id else "platform",
                       subject=quote(scope["path"])[:300],
                       payload={"code": error.code, "rules": rules, "reason": error.message, "actor": actor.id,
                                "address": actor.address},
                       audience=("supervisor", actor.id), sealed=True)
            await uow.commit()
    except SQLAlchemyError:
        log.warning("refusal not recorded", action=action, code=error.code)
