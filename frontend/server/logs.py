"""Logs: one JSON line an event, without bodies, headers, cookies or addresses of sealed things."""

import logging
import sys
from collections.abc import Iterator
from traceback import format_tb

import psycopg
import structlog
from sqlalchemy.exc import StatementError
from structlog.types import EventDict, Processor, WrappedLogger


def configure_logs(level: str) -> None:
    """Structured lines to standard error, those of the server and the libraries among them; the access log of the
    server is off (it would show who bids)."""
    begin: list[Processor] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    end: list[Processor] = [tell_errors, structlog.processors.JSONRenderer(ensure_ascii=False)]
    heard = logging.StreamHandler(sys.stderr)
    heard.setFormatter(structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=begin, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *end]))
    logging.basicConfig(level=logging.WARNING, handlers=[heard], force=True)
    # That a round was skipped, for the last one still ran, is no fault; and how busy a node is moves with its bids.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    structlog.configure(
        processors=[*begin, *end],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def tell_errors(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """``exc_info`` as the text ``exception``."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = "".join(_told(error, set()))
    return event


def _told(error: BaseException, seen: set[int]) -> Iterator[str]:
    """Where it happened and of what kind, causes first. A database's words quote the row, which would tell who bids
    (R-122): they stay out, wherever in the chain they stand."""
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen:
        yield from _told(before, seen)
        yield "then:\n"
    for each in error.exceptions if isinstance(error, BaseExceptionGroup) else ():
        yield from _told(each, seen)
        yield "within:\n"
    yield from format_tb(error.__traceback__)
    quotes = isinstance(error, StatementError | psycopg.Error)
    yield f"{type(error).__name__}\n" if quotes else f"{type(error).__name__}: {error}\n"
