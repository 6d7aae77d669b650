"""Fault 37: guessing is counted and locked out, over both nodes; the lock is no weapon against who has signed in
before; a made-up X-Forwarded-For moves nobody's count; floods are answered with 429 and when to come again.
"""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
import psycopg
import pytest

from frontend.cli.client import ApiClient
from tests.bids_http import query
from tests.identities import People, make_people
from tests.nodes import NodeProcess
from tests.platform_parts import StartNode
from tests.waiting import quarter_with, until

NAME = "江苏苍梧建设有限公司"
PROXY = "127.0.0.1"
Answers = TypeVar("Answers")


@pytest.fixture
def people(start_node: StartNode) -> People:
    """Those who speak to a node behind a trusted proxy, so that a test can be in many places."""
    node = start_node(trusted_proxies=PROXY)
    return make_people(node.settings, node.address)


def _from(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


@contextmanager
def _somewhere(people: People, address: str) -> Iterator[httpx.Client]:
    """A browser at an address, as the trusted proxy tells it."""
    with httpx.Client(base_url=people.address, headers=_from(address), timeout=60) as line:
        yield line


def _sign_in(line: httpx.Client, client: ApiClient, *, right: bool = True) -> httpx.Response:
    assert client.identity is not None
    challenge = line.get("/api/login/challenge").json()
    proof = client.identity.show(origin=client.origin, nonce=challenge["nonce"], expires_at=challenge["expires_at"])
    if not right:
        proof |= {"signature": base64.b64encode(b"0" * 70).decode()}
    return line.post("/api/login", json=proof)


def test_failures_lock_their_maker_out_and_nobody_else(people: People, start_node: StartNode) -> None:
    client = people.verified(NAME)
    other = people.verified("南京海州市政工程有限公司")
    quarter_with(150)
    with _somewhere(people, "198.51.100.7") as own, _somewhere(people, "198.51.100.7") as neighbour, \
            _somewhere(people, "203.0.113.9") as thief, _somewhere(people, "192.0.2.1") as elsewhere:
        assert _sign_in(own, client).status_code == 201
        # Five from the enterprise's own address, by somebody without its device.
        assert [_sign_in(neighbour, client, right=False).status_code for _ in range(5)] == [409] * 5
        locked = _sign_in(neighbour, client)
        assert locked.status_code == 429
        assert locked.json()["code"] == "too-many"
        assert locked.json()["facts"]["reason"] == "locked"
        assert 0 < int(locked.headers["Retry-After"]) <= 900
        assert "分钟后再试" in locked.json()["title"] or "秒后再试" in locked.json()["title"]
        # What is open stays open, and the device that has signed in before signs in again.
        assert own.get("/api/me").json()["signed_in"] is True
        assert _sign_in(own, client).status_code == 201
        # The lock holds on another node as well, and for this certificate alone.
        second = start_node(trusted_proxies=PROXY, public_origin=people.address)
        with httpx.Client(base_url=second.address, headers=_from("198.51.100.7"), timeout=60) as line:
            assert _sign_in(line, client).status_code == 429
        assert _sign_in(neighbour, other).status_code == 201
        # A thief in fifty places locks strangers out, not the device, nor the address, that the certificate knows.
        for place in range(50):
            thief.headers.update(_from(f"203.0.113.{place}"))
            assert _sign_in(thief, client, right=False).status_code == 409
        assert _sign_in(elsewhere, client).status_code == 429
        assert _sign_in(own, client).status_code == 201
        own.headers.update(_from("192.0.2.77"))
        assert _sign_in(own, client).status_code == 201, "the device is known, wherever it is"
    with psycopg.connect(second.settings.database_url.replace("+psycopg", "")) as line:
        (locks,) = line.execute("select count(*) from (select action from ledger_outbox union all select action "
                                "from sealed_act) as acts where action = 'session.locked'").fetchall()
    assert locks == (2,), "the enterprise can read that somebody was locked out, at one address and everywhere else"


def test_addresses_are_believed_from_proxies_that_were_named_alone(people: People, start_node: StartNode) -> None:
    client = people.verified(NAME)
    bare = start_node(public_origin=people.address)
    with httpx.Client(base_url=bare.address, headers=_from("203.0.113.9"), timeout=60) as line:
        _sign_in(line, client)
        assert line.get("/api/me/sessions").json()[0]["address"] == "127.0.*.*"
    with _somewhere(people, "6.6.6.6, 203.0.113.9") as line:
        _sign_in(line, client)
        shown = {each["address"] for each in line.get("/api/me/sessions").json() if each["is_this"]}
        assert shown == {"203.0.*.*"}, "what the client put in front of the proxy's own word counts for nothing"
    # A whole network of IPv6 is one address here too; an IPv4 address is the same one, written as IPv6.
    quarter_with(60)
    for told, then in (("2001:db8::{}", "2001:db8::6"), ("::ffff:192.0.2.{}", "::ffff:192.0.2.6")):
        with _somewhere(people, "") as line:
            codes = []
            for turn in range(1, 6):
                line.headers.update(_from(told.format(turn)))
                codes.append(_sign_in(line, client, right=False).status_code)
            assert codes == [409] * 5
            line.headers.update(_from(then))
            locked = _sign_in(line, client).status_code
        assert locked == (429 if then.startswith("2001") else 201), then


def test_floods_are_told_when_to_come_again_and_others_go_on(start_node: StartNode) -> None:
    nodes = [start_node(trusted_proxies=PROXY, limit_factor=0.02) for _ in range(2)]  # twelve searches a minute
    notices = [f"{node.address}/api/notices" for node in nodes]
    with httpx.Client(headers=_from("203.0.113.9"), timeout=60) as flood:
        answers = _in_one_minute(nodes[0], lambda: [flood.get(notices[turn % 2]) for turn in range(30)])
        counts = [answer.status_code for answer in answers]
        assert counts == [200] * 12 + [429] * 18, "twelve for the address, whichever node it asks"
        told = answers[-1]
        assert 0 < int(told.headers["Retry-After"]) <= 60
        assert told.json()["title"] == f"请求过于频繁，请在 {told.headers['Retry-After']} 秒后再试"
        assert flood.get(f"{nodes[0].address}/api/time").status_code == 200, "what has no limit has none"
    with httpx.Client(headers=_from("198.51.100.1"), timeout=60) as line:
        assert line.get(notices[0]).status_code == 200
    # Questions to telephones' keys are anybody's, and large: they are counted before they are read.
    with httpx.Client(headers=_from("198.51.100.2"), timeout=60) as line:
        path = f"{nodes[0].address}/api/key-relays/{'0' * 32}"
        codes = _in_one_minute(nodes[0], lambda: [
            *(line.post(f"{path}/question").status_code for _ in range(12)),
            *(line.put(f"{path}/answer").status_code for _ in range(13))])
    assert (429 in codes[:24], codes[24]) == (False, 429)
    # A whole network of IPv6 is one address.
    with httpx.Client(timeout=60) as line:
        codes = _in_one_minute(nodes[0], lambda: [
            line.get(notices[0], headers=_from(f"2001:db8::{turn:x}")).status_code for turn in range(13)])
    assert codes == [200] * 12 + [429]


def _in_one_minute(node: NodeProcess, act: Callable[[], Answers]) -> Answers:
    """What the act gives. Limits count by the minute: where one ended meanwhile, all is done again in the next."""
    while True:
        minute, found = _minute(node), act()
        if (passed := _minute(node)) == minute:
            return found
        until(lambda: _minute(node) != passed)


def _minute(node: NodeProcess) -> object:
    return query(node, "select date_trunc('minute', clock_timestamp())")
