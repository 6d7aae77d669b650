"""Logs: one JSON line an event, without bodies, headers, cookies or addresses of sealed things."""

import logging
import sys

import structlog


def configure_logs(level: str) -> None:
    """Structured lines to standard error; the access log of the server is off (it would show who bids)."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
