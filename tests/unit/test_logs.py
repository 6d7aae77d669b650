"""What the log says and what it never says, whoever speaks: the platform, the server under it, a library."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import structlog
from sqlalchemy.exc import IntegrityError

from frontend.server.logs import configure_logs

SECRET = "Key (bidder)=(91320700000000000X) already exists"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Standard error, as the log's lines go to it."""
    lines, before = io.StringIO(), logging.root.handlers[:]
    monkeypatch.setattr(sys, "stderr", lines)
    configure_logs("info")
    yield lines
    logging.root.handlers[:] = before
    structlog.reset_defaults()


def _only_line(written: io.StringIO) -> dict[str, Any]:
    assert written.getvalue().count("\n") == 1
    told: dict[str, Any] = json.loads(written.getvalue())
    return told


def test_a_line_of_a_library_is_one_line_of_json_whatever_it_quotes(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.error").warning("Invalid request %s", "GET /\r\n{\"level\": \"error\"}")
    told = _only_line(written)
    assert told["event"] == "Invalid request GET /\r\n{\"level\": \"error\"}"
    assert told["level"] == "warning"
    assert told["timestamp"].endswith("Z")


def test_how_busy_a_node_is_stands_in_no_line(written: io.StringIO) -> None:
    logging.getLogger("apscheduler.scheduler").warning("Execution of job %s skipped", "checks")
    assert written.getvalue() == ""
    logging.getLogger("apscheduler.executors.default").error("Job %s raised an exception", "checks")
    assert _only_line(written)["event"] == "Job checks raised an exception"


def _stumble() -> None:
    try:
        raise IntegrityError("insert into bid", {}, psycopg.errors.UniqueViolation(SECRET))
    except IntegrityError as error:
        raise RuntimeError("the draw failed") from error


@pytest.mark.parametrize("speaker", ["platform", "library", "group"])
def test_the_words_of_a_database_stay_out_wherever_in_the_chain_they_stand(written: io.StringIO, speaker: str) -> None:
    try:
        _stumble()
    except RuntimeError as error:
        if speaker == "library":
            logging.getLogger("asyncio").exception("callback failed")
        else:
            told_of = ExceptionGroup("tasks", [error]) if speaker == "group" else error
            structlog.get_logger().error("worker ended", exc_info=told_of)
    told = _only_line(written)
    assert SECRET not in written.getvalue()
    assert "IntegrityError\n" in told["exception"]
    assert "RuntimeError: the draw failed" in told["exception"]
    assert "in _stumble" in told["exception"]
