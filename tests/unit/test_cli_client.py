"""The client of programs: what it tries again, and what it tells of a refusal."""

import json
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from frontend.cli.client import ApiClient, ApiError, Unreachable, origin_of
from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import to_base64
from storage.crypto.demo_pki import demo_uscc, open_demo_pki
from storage.kernel.clock import process_now

Answer = tuple[int, dict[str, object]]
Script = list[Answer | None]


class Platform(ThreadingHTTPServer):
    """Answers by script: a status with a document, or (None) a line cut before any answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.script: Script = []
        self.keys: list[str | None] = []


class Answering(BaseHTTPRequestHandler):
    """One request, one line of the script."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Platform)
        self.server.keys.append(self.headers.get("Idempotency-Key"))
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        step = self.server.script.pop(0)
        if step is None:
            self.close_connection = True
            return
        body = json.dumps(step[1]).encode()
        self.send_response(step[0])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def platform() -> Iterator[Platform]:
    server = Platform()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(platform: Platform) -> Iterator[ApiClient]:
    with ApiClient(f"http://127.0.0.1:{platform.server_port}", patience=3) as client:
        yield client


AWAY: Answer = (503, {"code": "unavailable", "title": "稍候"})
DONE: Answer = (200, {"done": True})
IN_FLIGHT: Answer = (409, {"code": "conflict", "facts": {"field": "Idempotency-Key"}})
PROVE: Answer = (403, {"code": "proof-needed", "title": "须再次证明身份"})
PROVEN: Answer = (201, {"token": "another"})


def test_an_act_goes_on_over_cut_lines_under_one_key(platform: Platform, client: ApiClient) -> None:
    platform.script = [None, AWAY, IN_FLIGHT, DONE]
    assert client.act("/api/x", {}) == {"done": True}
    assert len(platform.keys) == 4
    assert len(set(platform.keys)) == 1
    assert platform.keys[0]


def test_a_read_is_tried_again_and_an_act_without_key_is_not(platform: Platform, client: ApiClient) -> None:
    platform.script = [AWAY, DONE, AWAY, None]
    assert client.get("/api/x") == {"done": True}
    with pytest.raises(ApiError) as refused:
        client.post("/api/x", {})
    assert refused.value.code == "unavailable"
    with pytest.raises(Unreachable):
        client.post("/api/x", {})


def test_a_refusal_is_told_with_its_rules_and_not_tried_again(platform: Platform, client: ApiClient) -> None:
    rules = [{"number": "R-804", "title": "统一社会信用代码校验正确", "cites": "GB 32100-2015"}]
    platform.script = [(422, {"code": "rules-unmet", "title": "未满足规则", "rules": rules})]
    with pytest.raises(ApiError) as refused:
        client.act("/api/x", {})
    assert (refused.value.status, refused.value.rules) == (422, rules)
    assert "未满足规则" in str(refused.value)


def test_a_platform_that_stays_away_is_given_up_in_time(platform: Platform) -> None:
    platform.script = [AWAY] * 50
    with ApiClient(f"http://127.0.0.1:{platform.server_port}", patience=0.5) as client, pytest.raises(ApiError):
        client.get("/api/x")
    assert len(platform.script) > 40


def test_a_proof_that_does_not_help_is_given_once(platform: Platform, tmp_path: Path) -> None:
    origin, name = f"http://127.0.0.1:{platform.server_port}", "江苏苍梧建设有限公司"
    pki = open_demo_pki(tmp_path / "keys", tmp_path / "trust", now=process_now())
    identity = pki.issue(organisation=name, uscc=demo_uscc(name), kind="ec-p256", now=process_now())
    asked: Answer = (200, {"nonce": to_base64(bytes(32)), "expires_at": "2026-11-27T00:00:00Z", "origin": origin})
    with ApiClient(origin, ClientIdentity.of(identity), patience=3) as client:
        platform.script = [PROVE, asked, PROVEN, DONE, PROVE, asked, PROVEN, PROVE, PROVE]
        assert client.act("/api/x", {}) == {"done": True}
        with pytest.raises(ApiError) as refused:
            client.act("/api/x", {})
        assert (refused.value.code, "已再次证明身份" in refused.value.title) == ("proof-needed", True)
        with pytest.raises(ApiError) as refused:
            client.post("/api/login/again", {})
        assert (refused.value.title, len(platform.script)) == ("须再次证明身份", 0)


def test_an_origin_is_scheme_host_and_port() -> None:
    assert origin_of("https://jy.example.cn/some/path") == "https://jy.example.cn"
    assert origin_of("http://127.0.0.1:8000/") == "http://127.0.0.1:8000"


def test_a_refusal_comes_whole_from_one_process_to_another() -> None:
    refusal = ApiError(422, {"code": "rules-unmet", "title": "未满足规则", "rules": [{"number": "R-141"}],
                             "facts": {"field": "price"}})
    told = pickle.loads(pickle.dumps(refusal))
    assert (told.status, told.code, told.rules, told.facts, str(told)) == (
        422, "rules-unmet", [{"number": "R-141"}], {"field": "price"}, str(refusal))
