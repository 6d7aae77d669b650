"""Fault 43: an address that somebody names leads inside: loopback, link-local, by a redirect, by a name that changes.

Real servers stand at the inside addresses and count who comes.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from storage.crypto.outgoing import OutgoingRefused, fetch, origins, outgoing, require_address


class Door:
    """A server on one address: answers 200, or redirects; ``visits`` counts requests."""

    def __init__(self, host: str, port: int = 0, redirect: str = "") -> None:
        self.visits: list[str] = []
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                door.visits.append(f"{self.headers['Host']}{self.path}")
                self.send_response(302 if redirect else 200)
                if redirect:
                    self.send_header("Location", redirect)
                self.send_header("Content-Length", "6")
                self.end_headers()
                self.wfile.write(b"secret")

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer((host, port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def doors() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def opened(doors: ExitStack, host: str = "127.0.0.1", port: int = 0, redirect: str = "") -> Door:
    door = Door(host, port, redirect)
    doors.callback(door.server.server_close)
    doors.callback(door.server.shutdown)
    return door


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """The world's name service, an outside border: the n-th question about any name gets the n-th answer."""
    asked: list[str] = []
    loop = asyncio.get_running_loop()

    async def resolver(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [(0, 0, 0, "", (each, port)) for each in answers[min(len(asked), len(answers)) - 1]]

    monkeypatch.setattr(loop, "getaddrinfo", resolver)
    return asked


async def refused(url: str, *, private: bool = False) -> str:
    async with outgoing(private=private, timeout=2) as client:
        with pytest.raises(OutgoingRefused) as refusal:
            await fetch(client, "GET", url, most=100)
    return str(refusal.value.facts["reason"])


@pytest.mark.parametrize("host", [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
    "10.0.0.8", "172.16.3.4", "192.168.1.1", "100.64.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "224.0.0.1",
    "localhost", "2130706433", "0x7f.1", "017700000001"])
async def test_no_way_of_writing_an_inside_address_leads_there(host: str, doors: ExitStack) -> None:
    door = opened(doors)
    assert await refused(f"http://{host}:{door.port}/") in {"inside", "unknown-host"}
    assert door.visits == []


async def test_a_name_that_means_an_inside_machine_is_refused_even_beside_a_public_one(
        doors: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    door = opened(doors)
    names(monkeypatch, ["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], [])
    assert [await refused(f"http://ca.example:{door.port}/") for _ in range(3)] == ["inside", "inside", "unknown-host"]
    assert door.visits == []


async def test_a_name_that_changes_its_meaning_after_it_was_judged_gains_nothing(
        doors: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = opened(doors)
    inside = opened(doors, "127.0.0.2", outside.port)
    asked = names(monkeypatch, ["127.0.0.1"], ["127.0.0.2"])
    async with outgoing(private=True) as client:
        assert await fetch(client, "GET", f"http://ca.example:{outside.port}/a.crl", most=100) == b"secret"
    assert asked == ["ca.example"]  # asked once, and the answer that was judged is the one connected to
    assert outside.visits == [f"ca.example:{outside.port}/a.crl"]
    assert inside.visits == []


async def test_a_redirect_to_the_inside_is_not_followed(doors: ExitStack) -> None:
    inside = opened(doors, "127.0.0.2")
    outside = opened(doors, redirect=f"http://127.0.0.2:{inside.port}/")
    async with outgoing(private=True) as client:
        with pytest.raises(httpx.HTTPError, match="302"):
            await fetch(client, "GET", f"http://127.0.0.1:{outside.port}/", most=100)
    assert len(outside.visits) == 1
    assert inside.visits == []


async def test_even_where_the_own_network_is_allowed_the_clouds_metadata_service_is_not() -> None:
    for host in ("169.254.169.254", "[fe80::1]", "0.0.0.0", "224.0.0.1", "[::ffff:169.254.169.254]"):
        assert await refused(f"http://{host}/latest/meta-data", private=True) == "inside"


async def test_what_the_operator_wrote_into_the_settings_is_reached(doors: ExitStack) -> None:
    door = opened(doors)
    bank = f"http://127.0.0.1:{door.port}/orders"
    async with outgoing(private=False, known=origins(["", bank])) as client:
        assert await fetch(client, "GET", bank, most=100) == b"secret"
        with pytest.raises(OutgoingRefused):
            await fetch(client, "GET", f"http://localhost:{door.port}/orders", most=100)


async def test_an_answer_longer_than_admitted_is_not_read_to_its_end(doors: ExitStack) -> None:
    door = opened(doors)
    async with outgoing(private=True) as client:
        with pytest.raises(httpx.HTTPError, match="more bytes"):
            await fetch(client, "GET", f"http://127.0.0.1:{door.port}/", most=5)


@pytest.mark.parametrize("url", [
    "file:///etc/passwd", "ftp://ca.example/a", "http://user:word@ca.example/", "gopher://ca.example", "http:///a",
    "//ca.example/a", "http://ca.example/#part"])
def test_an_address_of_another_kind_is_refused_when_it_is_named(url: str) -> None:
    with pytest.raises(OutgoingRefused):
        require_address(url)
