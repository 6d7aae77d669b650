"""The server itself: origins, headers, answers to nonsense, and what an error never says."""

import asyncio
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


def test_an_unknown_address_of_the_interface_is_told_so(http: httpx.Client) -> None:
    answer = http.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["title"]


def test_a_page_address_gets_the_client(http: httpx.Client) -> None:
    answer = http.get("/lots/00000000-0000-0000-0000-000000000000/hall")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("escape", ["/..%2f..%2fpyproject.toml", "/%2e%2e/settings.json", "/assets/..%2f..%2fmain.py"])
def test_no_address_leads_out_of_the_client_folder(http: httpx.Client, escape: str) -> None:
    content = http.get(escape).text
    assert "[project]" not in content
    assert "YUNKAI_" not in content


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
