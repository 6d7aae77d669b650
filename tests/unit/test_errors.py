"""What an error of ours tells whoever meets it, and what it tells the log (ASVS 16.3.4, 16.5.1, 16.5.4)."""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
import structlog
from litestar import Litestar, get, post
from litestar.exceptions import InternalServerException
from litestar.params import JSONBody
from litestar.testing import TestClient
from sqlalchemy.exc import IntegrityError

from frontend.server.composition import ROUTES
from frontend.server.errors import EXCEPTION_HANDLERS
from frontend.server.logs import configure_logs
from frontend.server.refusals import record_refusal
from storage.crypto.canonical import parse_canonical
from storage.crypto.errors import Malformed, SignatureRefused
from storage.crypto.security_keys import challenge_of, credential_id_of
from storage.kernel.errors import NotAllowed, ProofNeeded, Refused

SECRET = "bidder 91320700000000000X"


@get("/row", operation_id="writeRow")
async def _row() -> None:
    raise IntegrityError("insert into bid", {}, psycopg.errors.UniqueViolation(SECRET))


@get("/slip", operation_id="slip")
async def _slip() -> None:
    raise KeyError(SECRET)


@get("/framework", operation_id="frame")
async def _framework() -> None:
    raise InternalServerException(SECRET)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    lines = io.StringIO()
    monkeypatch.setattr(sys, "stderr", lines)
    configure_logs("info")
    yield lines
    structlog.reset_defaults()


@get("/beyond", operation_id="readOthers")
async def _beyond() -> None:
    raise NotAllowed("您没有权限进行此操作", party=SECRET)


@get("/proof", operation_id="actGravely")
async def _proof() -> None:
    raise ProofNeeded("请再次证明身份")


@get("/call", operation_id="hearBank")
async def _call() -> None:
    raise SignatureRefused(SECRET, channel=SECRET)


@get("/sign-in", operation_id="signIn", opt={"log_refusals": True})
async def _sign_in() -> None:
    raise Refused(SECRET, reason="not-bound")


def test_who_goes_beyond_its_rights_or_fails_to_sign_in_is_in_the_log_by_what_was_asked_alone(
        written: io.StringIO) -> None:
    app = Litestar([_beyond, _proof, _call, _sign_in], exception_handlers=EXCEPTION_HANDLERS,
                   after_exception=[record_refusal], logging_config=None)
    with TestClient(app, raise_server_exceptions=False) as client:
        asked = [client.get(path).status_code for path in ("/beyond", "/proof", "/nothing", "/call", "/sign-in")]
    assert asked == [403, 403, 404, 409, 409]
    told = [json.loads(each) for each in written.getvalue().splitlines()]
    assert all(each.pop("timestamp") for each in told)
    common = {"event": "refused", "level": "warning"}
    assert told == [common | {"operation": "readOthers", "code": "not-allowed", "reason": None},
                    common | {"operation": "hearBank", "code": SignatureRefused.code, "reason": None},
                    common | {"operation": "signIn", "code": "refused", "reason": "not-bound"}]


@post("/boxes", operation_id="sealBox")
async def _boxes(data: JSONBody[dict[str, Any]]) -> None:
    """Takes any object."""


def test_brackets_beyond_all_depth_are_the_senders_fault_not_ours() -> None:
    app = Litestar([_boxes], exception_handlers=EXCEPTION_HANDLERS, logging_config=None)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.post("/boxes", content=b'{"a":' * 100_000, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("depth", [10, 330, 500, 900, 990, 100_000])
def test_no_depth_of_brackets_ends_in_another_error_than_malformed(depth: int) -> None:
    text = b"[" * depth + b"]" * depth
    with suppress(Malformed):
        assert parse_canonical(text)
    for read in (challenge_of, credential_id_of):
        with pytest.raises(Malformed):
            read(text.decode())


def test_every_way_in_says_its_failures() -> None:
    ways = {"signIn", "signInRenewed", "signInAgain", "signInWithKey", "askConfirmation", "confirmProgram", "enrol"}
    handlers: list[Any] = [*ROUTES]
    assert {each.operation_id for each in handlers if each.opt.get("log_refusals")} == ways


@pytest.mark.parametrize(("path", "operation"), [("/row", "writeRow"), ("/slip", "slip"), ("/framework", "frame")])
def test_an_error_of_ours_is_general_to_its_reader_and_traced_in_the_log(written: io.StringIO, path: str,
                                                                        operation: str) -> None:
    app = Litestar([_row, _slip, _framework], exception_handlers=EXCEPTION_HANDLERS, logging_config=None)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get(path)
    assert answer.status_code == 500
    assert answer.json() == {"code": "fault", "title": "平台内部错误，操作未生效；请重试或报告问题"}
    lines: list[dict[str, Any]] = [json.loads(each) for each in written.getvalue().splitlines()]
    [told] = [each for each in lines if each["event"] == "unexpected"]
    assert told["operation"] == operation
    assert f"in _{path[1:]}" in told["exception"]
    assert path != "/row" or SECRET not in written.getvalue(), "the words of a database quote the row (R-122)"
