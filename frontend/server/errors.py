"""Where errors become status codes: problem+json that says what, why (rule), and for how long."""

import structlog
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError

from frontend.server.typing import AnyRequest
from storage.kernel.errors import (
    DomainError,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    RulesUnmet,
    TooMany,
    Unavailable,
)

log = structlog.get_logger()

# The most particular class first: rooms derive their own errors from these, with codes of their own.
STATUS: tuple[tuple[type[DomainError], int], ...] = (
    (RulesUnmet, 422), (Invalid, 400), (NotSignedIn, 401), (NotAllowed, 403), (NotFound, 404), (Unavailable, 503),
    (TooMany, 429),
    (DomainError, 409),
)
_RETRY_AFTER = "3"
# Database states in which trying again is right: connection lost, shutting down, too many, lock or statement time-out.
_PASSING = ("08", "57", "53", "55P03", "40001", "40P01")

Problem = Response[dict[str, object]]


def problem(status: int, code: str, title: str, **more: object) -> Problem:
    """An RFC 9457 answer; ``title`` is a sentence for people."""
    headers = {"Retry-After": _RETRY_AFTER} if status == 503 else {}
    return Response({"code": code, "title": title, **more}, status_code=status, headers=headers,
                    media_type="application/problem+json")


def domain_error(_: AnyRequest, error: DomainError) -> Problem:
    """A refusal by law, right or state."""
    facts = dict(error.facts)
    status = facts.pop("status", None)
    rules = [{"number": r.number, "title": r.title, "cites": r.cites}
             for r in (error.rules if isinstance(error, RulesUnmet) else ())]
    code = status if isinstance(status, int) else next(number for kind, number in STATUS if isinstance(error, kind))
    answer = problem(code, error.code, error.message, rules=rules, facts={k: str(v) for k, v in facts.items()})
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


def http_error(request: AnyRequest, error: HTTPException) -> Problem:
    """What the framework refuses: bad JSON, unknown path, wrong method."""
    if error.status_code >= 500:
        return unexpected(request, error)
    extra = error.extra if isinstance(error.extra, list) else []
    fields = [str(item.get("key") or item.get("message", "")) for item in extra if isinstance(item, dict)]
    titles = {400: "请求内容不合格式", 404: "没有这个地址", 405: "不支持的方法", 413: "内容过大", 429: "请求过于频繁"}
    title = titles.get(error.status_code, "请求未被接受")
    code = {404: "not-found", 400: "invalid"}.get(error.status_code, "http")
    return problem(error.status_code, code, title, facts={"fields": "、".join(fields), "detail": error.detail})


def _operation(request: AnyRequest) -> str:
    """What was asked, without of which lot, bid or receipt: a path in the log would tell who bids (R-122)."""
    handler = request.scope.get("route_handler")
    return str(getattr(handler, "operation_id", None) or request.method)


def database_error(request: AnyRequest, error: Exception) -> Problem:
    """The database is away or busy: 503 with Retry-After; anything else is a fault of ours."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    passing = isinstance(error, PoolTimeout | InterfaceError | OperationalError) or (
        isinstance(error, DBAPIError) and (error.connection_invalidated or state.startswith(_PASSING)))
    log.warning("database", operation=_operation(request), state=state, kind=type(error).__name__)
    if passing:
        return problem(503, "unavailable", "数据服务暂时不可用，请稍候重试；已有回执不受影响")
    return unexpected(request, error)


def unstorable(request: AnyRequest, error: Exception) -> Problem:
    """What no column can hold: NUL in a text, a number beyond its range, half a character. Nothing was written."""
    log.warning("unstorable", operation=_operation(request), kind=type(error).__name__)
    return problem(400, "invalid", "内容含有不能保存的字符或超出范围的数值", facts={})


def too_deep(request: AnyRequest, _: Exception) -> Problem:
    """Brackets within brackets beyond all depth. Nothing was written."""
    log.warning("too deep", operation=_operation(request))
    return problem(400, "invalid", "内容的嵌套过深", facts={})


def stale(_: AnyRequest, __: Exception) -> Problem:
    """Somebody else changed the row meanwhile (lost update refused)."""
    return problem(409, "conflict", "内容已被他人修改，请刷新后再试")


def unexpected(request: AnyRequest, error: Exception) -> Problem:
    """A general message; the trace goes to the log, never to the user (fault 07)."""
    place = _place(error) if isinstance(error, DBAPIError) else {}
    log.error("unexpected", operation=_operation(request), kind=type(error).__name__, **place, exc_info=error)
    return problem(500, "fault", "平台内部错误，操作未生效；请重试或报告问题")


def _place(error: DBAPIError) -> dict[str, str | None]:
    """Where the database stumbled, without what it was to write."""
    told = getattr(error.orig, "diag", None)
    return {"table": getattr(told, "table_name", None), "constraint": getattr(told, "constraint_name", None),
            "column": getattr(told, "column_name", None)}


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    DomainError: domain_error, HTTPException: http_error, StaleDataError: stale,
    PoolTimeout: database_error, DataError: unstorable, UnicodeEncodeError: unstorable, RecursionError: too_deep,
    DBAPIError: database_error,
    Exception: unexpected,
}
