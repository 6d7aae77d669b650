"""The server itself: origins, headers, answers to nonsense, and what an error never says."""

import asyncio
import json
import socket
import time
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest
from litestar.types import Receive, Scope, Send

from frontend.server.origin import guard_origin
from tests.nodes import NodeProcess


@pytest.fixture
def http(node: NodeProcess) -> httpx.Client:
    return httpx.Client(base_url=node.address, timeout=10)


def test_a_foreign_page_cannot_act(http: httpx.Client) -> None:
    refused = http.post("/api/logout", headers={"Origin": "https://evil.example"})
    assert refused.status_code == 403
    assert refused.json()["code"] == "foreign-origin"
    sideways = http.post("/api/logout", headers={"Sec-Fetch-Site": "cross-site"})
    assert sideways.status_code == 403


def test_the_own_page_and_programs_may_act(http: httpx.Client, node: NodeProcess) -> None:
    for headers in ({"Origin": node.address}, {}):
        assert http.post("/api/logout", headers=headers).status_code != 403


@pytest.mark.parametrize("path", ["/", "/lots/none/hall", "/api/time", "/api/nothing"])
def test_every_answer_carries_the_guards(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "object-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_the_client_hangs_up_first(node: NodeProcess) -> None:
    """Usual clients let an idle line go after five seconds: a node that did so too would meet their next request."""
    line = HTTPConnection("127.0.0.1", node.port, timeout=10)
    line.connect()
    opened = line.sock
    for pause in (0, 6):
        time.sleep(pause)
        line.request("GET", "/api/time")
        assert line.getresponse().read()
        assert line.sock is opened, "the same line still serves"


def test_an_unknown_address_of_the_interface_is_told_so(http: httpx.Client) -> None:
    answer = http.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["title"]


def test_a_page_address_gets_the_client(http: httpx.Client) -> None:
    answer = http.get("/lots/00000000-0000-0000-0000-000000000000/hall")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("escape", ["/..%2f..%2fpyproject.toml", "/%2e%2e/settings.json", "/assets/..%2f..%2fmain.py",
                                    "/..%252f..%252fpyproject.toml", "/%252e%252e/settings.json"])
def test_no_address_leads_out_of_the_client_folder(http: httpx.Client, escape: str) -> None:
    content = http.get(escape).text
    assert "[project]" not in content
    assert "YUNKAI_" not in content


@pytest.mark.parametrize("name", ["/" + "a" * 300, "/%00", "/assets/" + "a" * 300, "/assets/%00",
                                  "/assets/" + "a/" * 3000])
def test_an_address_that_no_file_can_have_is_not_found_and_no_fault(http: httpx.Client, node: NodeProcess,
                                                                  name: str) -> None:
    assert http.get(name).status_code == 404
    assert "Traceback" not in node.log.read_text()


def test_what_the_server_itself_says_is_a_line_of_the_log_as_any_other(node: NodeProcess) -> None:
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as line:
        line.sendall(b"\0\r\n\r\n")
        assert b"400" in line.recv(1000)
    said = [json.loads(each) for each in node.log.read_text().splitlines()]
    assert "warning" in {each["level"] for each in said if "Invalid HTTP request" in each["event"]}


@pytest.mark.parametrize("path", ["/api/time", "/api/me", "/api/platform", "/api/nothing"])
def test_no_answer_of_the_interface_is_kept_by_anyone_on_the_way(http: httpx.Client, path: str) -> None:
    assert "no-store" in http.get(path).headers["cache-control"]


@pytest.mark.parametrize("folder", ["/assets/", "/assets", "/assets/."])
def test_no_folder_is_listed(http: httpx.Client, folder: str) -> None:
    answer = http.get(folder)
    assert answer.status_code == 404 or answer.text == http.get("/").text


@pytest.mark.parametrize("lengths", [b"Content-Length: 2\r\nContent-Length: 30\r\n",
                                     b"Content-Length: 2, 30\r\n", b"Content-Length: -2\r\n",
                                     b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
                                     b"Transfer-Encoding: chunked, identity\r\n"])
def test_a_message_that_ends_in_two_places_is_refused_and_its_line_closed(node: NodeProcess, lengths: bytes) -> None:
    """Else a proxy and the node could read two different requests out of one (smuggling)."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=10) as line:
        line.sendall(b"POST /api/logout HTTP/1.1\r\nHost: x\r\n" + lengths + b"\r\n{}GET /api/time HTTP/1.1\r\n\r\n")
        heard = b""
        while part := line.recv(65_536):
            heard += part
    assert heard.startswith(b"HTTP/1.1 400")
    assert heard.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(("method", "status"), [("TRACE", 405), ("PUT", 405), ("PROPFIND", 405)])
def test_a_method_of_no_use_is_refused_with_the_guards(http: httpx.Client, method: str, status: int) -> None:
    answer = http.request(method, "/api/time")
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"[]", 400), (b'{"foreign": 1}', 400), (b"\xff\xfe", 400)])
def test_nonsense_is_a_clear_refusal_and_never_a_fault(http: httpx.Client, body: bytes, status: int) -> None:
    answer = http.post("/api/login", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status
    assert "Traceback" not in answer.text


def test_an_oversized_body_is_refused(http: httpx.Client) -> None:
    answer = http.post("/api/login", content=b'{"certificate": "' + b"x" * (9 << 20) + b'"}',
                       headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 413}


@pytest.mark.cts("A-97", "A-98")
def test_the_time_is_the_databases(http: httpx.Client) -> None:
    first, second = http.get("/api/time").json()["now"], http.get("/api/time").json()["now"]
    assert first < second
    assert first.endswith("Z")


@pytest.mark.parametrize("after", ["abc", "-2", "1.5", "9" * 30, "%00"])
def test_the_feed_refuses_what_is_no_place_in_the_ledger(http: httpx.Client, node: NodeProcess, after: str) -> None:
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg=="}
    path = f"/api/lots/00000000-0000-0000-0000-000000000000/feed?after={after}"
    assert http.get(path, headers=upgrade).status_code == 403
    assert "Traceback" not in node.log.read_text()


def test_the_feed_refuses_a_foreign_page(http: httpx.Client, node: NodeProcess) -> None:
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Origin": "https://evil.example"}
    answer = http.get("/api/lots/00000000-0000-0000-0000-000000000000/feed", headers=upgrade)
    assert answer.status_code == 403


def test_a_platform_behind_tls_says_so_for_two_years(node: NodeProcess) -> None:
    settings = node.settings.model_copy(update={"public_origin": "https://yunkai.example"})

    async def silent(_: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def asked() -> httpx.Response:
        transport: Any = httpx.ASGITransport(app=guard_origin(settings, silent))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="https://yunkai.example") as client:
            return await client.get("/")
    assert asyncio.run(asked()).headers["strict-transport-security"] == "max-age=63072000; includeSubDomains"
