"""A refusal rolls back, and is recorded in its own small transaction (R-148)."""

from typing import Any
from urllib.parse import quote

import structlog
from litestar.types import Scope
from sqlalchemy.exc import SQLAlchemyError

from frontend.server.dependencies import parts_of
from storage.crypto.errors import SignatureRefused
from storage.kernel.actor import PUBLIC
from storage.kernel.errors import DomainError, NotAllowed, ProofNeeded, RulesUnmet, TokenMisused
from trading.tenders.disclosure import Subject, is_sealed

log = structlog.get_logger()


def _log_refusal(error: Exception, handler: Any) -> None:
    """What no ledger keeps: signed in, and beyond one's rights; a session's token without its client
    certificate; a signature that does not hold, such as a partner's; failures of signing in (``opt["log_refusals"]``).
    Not who: the log of a node would tell who asks (R-122)."""
    is_grave = isinstance(error, NotAllowed | SignatureRefused | TokenMisused) and not isinstance(error, ProofNeeded)
    if handler is not None and isinstance(error, DomainError) and (is_grave or handler.opt.get("log_refusals")):
        log.warning("refused", operation=handler.operation_id, code=error.code, reason=error.facts.get("reason"))


async def record_refusal(error: Exception, scope: Scope) -> None:
    """Records refused acts of routes that name an action in ``opt["record_refusal"]``.

    Sealed: before the deadline a refusal would betray a bidder as surely as an acceptance (R-122).
    """
    handler = scope.get("route_handler")
    action = handler.opt.get("record_refusal") if handler is not None else None
    if action is None or not isinstance(error, DomainError):
        _log_refusal(error, handler)
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
                       audience=("supervisor", actor.id), sealed=is_sealed(Subject.REFUSALS))
            await uow.commit()
    except SQLAlchemyError:
        log.warning("refusal not recorded", action=action, code=error.code)
