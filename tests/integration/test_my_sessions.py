"""Where an enterprise is signed in: one line a device; one ended, all ended; roles that hold one at a time (R-1013)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from frontend.cli.client import ApiClient, ApiError
from tests.identities import People, make_people
from tests.platform_parts import StartNode
from tests.soft_key import SoftKey
from trading.parties.devices import device_of, masked_address

NAME = "江苏苍梧建设有限公司"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def people(start_node: StartNode) -> People:
    """Those who speak to a node where sessions live five minutes unused and two hours at all."""
    node = start_node(session_idle_minutes=5, session_hours=2)
    return make_people(node.settings, node.address)


@contextmanager
def _browser(people: People, client: ApiClient) -> Iterator[httpx.Client]:
    """A browser that signs in with the client's certificate, and keeps its cookie."""
    assert client.identity is not None
    with httpx.Client(base_url=people.address, headers={"User-Agent": FIREFOX}) as browser:
        assert browser.post("/api/login", json=client.show(client.identity)).status_code == 201
        yield browser


def _signed_in(line: httpx.Client) -> bool:
    return bool(line.get("/api/me").json()["signed_in"])


def test_sessions_are_seen_and_ended_one_by_one_and_all_at_once(people: People) -> None:
    client = people.verified(NAME)
    stranger = people.verified("南京海州市政工程有限公司")
    with _browser(people, client) as browser:
        stale = browser.cookies["yunkai"]
        # The same device signs in again: a new token, the old one is dead, and it remains one line.
        assert client.identity is not None
        browser.post("/api/login", json=client.show(client.identity))
        assert browser.cookies["yunkai"] != stale
        assert httpx.get(f"{people.address}/api/me", cookies={"yunkai": stale}).json()["signed_in"] is False
        lines = client.get("/api/me/sessions")
        assert len(lines) == 2
        assert "Firefox 140 · Windows" in [line["device"] for line in lines]
        assert [line["address"] for line in lines] == ["127.0.*.*"] * 2
        assert [line["is_this"] for line in lines].count(True) == 1
        theirs = next(line for line in lines if not line["is_this"])
        with pytest.raises(ApiError) as error:
            stranger.delete(f"/api/me/sessions/{theirs['id']}")
        assert error.value.status == 404
        assert _signed_in(browser)
        client.delete(f"/api/me/sessions/{theirs['id']}")
        assert not _signed_in(browser)
        assert client.get("/api/me")["signed_in"] is True
    with _browser(people, client) as browser:
        gone = browser.delete("/api/me/sessions")
        assert 'yunkai=""' in gone.headers["set-cookie"]
        assert not _signed_in(browser)
    assert client.get("/api/me")["signed_in"] is False
    assert stranger.get("/api/me")["signed_in"] is True


def test_an_administrator_holds_one_session_and_others_several(people: People) -> None:
    first, second = people.staff("security"), people.staff("security")
    assert first.get("/api/me")["signed_in"] is False
    assert second.get("/api/me")["signed_in"] is True
    hosts = [people.staff("host"), people.staff("host")]
    assert hosts[0].get("/api/me")["signed_in"] is True


def _refused(client: ApiClient, path: str, body: object) -> tuple[str, object]:
    with pytest.raises(ApiError) as error:
        client.post(path, body)
    return error.value.code, error.value.facts.get("reason")


def _register(client: ApiClient, key: SoftKey, name: str = "办公室钥匙") -> str | None:
    """Registers a key by the certificate; the new token, where the session got one."""
    assert client.identity is not None
    made = key.register(client.post("/api/me/keys/begin"))
    token: str | None = client.post("/api/me/keys", {**client.show(client.identity), "name": name,
                                                     "credential": made})["token"]
    return token


def test_an_office_counts_with_its_security_key_alone_and_nothing_ends_before_the_key_is_shown(
        start_node: StartNode) -> None:
    """By default, outside a demo: nothing is named in the settings."""
    node = start_node(host="localhost", demo=False, single_session_roles="centre")
    people = make_people(node.settings, node.settings.public_origin)
    host, auditor = people.staff("host"), people.staff("auditor")
    waiting = people.waiting(NAME).get("/api/me")["party"]["id"]
    verify, judged = f"/api/parties/{waiting}/verify", {"number": 1}
    for client, path in ((host, verify), (auditor, "/api/audit/readings")):
        me = client.get("/api/me")
        assert (me["actor"]["roles"], me["warnings"][0]["code"]) == ([], "security-key")
        assert _refused(client, path, judged) == ("not-allowed", "security-key")
    key = SoftKey(people.address)
    _register(host, key)
    with _browser(people, host) as first, _browser(people, host) as second:
        assert "yunkai-device" not in first.cookies, "no device is known before it has shown the key"
        _touch(first, host, key)
        assert first.get("/api/me").json()["actor"]["roles"] == ["centre"]
        assert "yunkai-device" in first.cookies
        asked = second.post("/api/login", json=host.show(host.identity)).json()
        assert (_signed_in(first), _signed_in(second)) == (True, False), "the certificate alone ends no session"
        second.post("/api/login/key", json={"credential": key.sign(asked["second_factor"])})
        assert (_signed_in(first), _signed_in(second)) == (False, True)
        assert second.post(verify, json=judged).status_code == 200
    _who_keeps_shares(people)


def _who_keeps_shares(people: People) -> None:
    """A custodian has its role as ever, and releases with a key alone; the first is registered by the certificate, and
    who has made it goes on; a further one is registered in a session that has shown one."""
    keeper, beside = people.staff("supervisor"), people.staff("supervisor")
    release = f"/api/lots/{uuid4()}/releases/custodian"
    me = keeper.get("/api/me")
    assert me["actor"]["roles"] == ["supervisor"]
    assert "security-key" not in [warning["code"] for warning in me["warnings"]]
    assert keeper.get("/api/me/custody") == {"items": [], "lacks_key": True}
    assert _refused(keeper, release, {}) == ("not-allowed", "security-key")
    old = keeper.token
    keeper.token = _register(keeper, SoftKey(people.address))
    assert keeper.token not in {None, old}
    assert httpx.get(f"{people.address}/api/me", cookies={"yunkai": str(old)}).json()["signed_in"] is False
    assert keeper.get("/api/me/custody")["lacks_key"] is False
    assert _refused(keeper, release, {})[0] == "invalid", "past the door, which asked for the key"
    assert beside.get("/api/me/custody")["lacks_key"] is True
    made = SoftKey(people.address).register(beside.post("/api/me/keys/begin"))
    assert beside.identity is not None
    shown = {**beside.show(beside.identity), "name": "又一把", "credential": made}
    assert _refused(beside, "/api/me/keys", shown) == ("refused", "security-key")
    assert _register(keeper, SoftKey(people.address), "又一把") is None
    assert len(keeper.get("/api/me/keys")) == 2


def _touch(line: httpx.Client, client: ApiClient, key: SoftKey) -> None:
    """Signs in with certificate and key."""
    assert client.identity is not None
    asked = line.post("/api/login", json=client.show(client.identity)).json()["second_factor"]
    assert line.post("/api/login/key", json={"credential": key.sign(asked)}).status_code == 201


def test_limits_are_the_operators(people: People) -> None:
    client = people.verified(NAME)
    line = client.get("/api/me/sessions")[0]
    assert datetime.fromisoformat(line["ends_at"]) - datetime.fromisoformat(line["seen_at"]) == timedelta(minutes=5)
    assert client.identity is not None
    opened = httpx.post(f"{people.address}/api/login", json=client.show(client.identity))
    assert "max-age=7200" in opened.headers["set-cookie"].lower()


@pytest.mark.parametrize(("agent", "device"), [
    (FIREFOX, "Firefox 140 · Windows"), ("python-httpx/0.28.1", "python-httpx/0.28.1"), ("", ""),
    ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
     "Chrome 141 · Linux"),
    ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0", "Edge 141 · Windows")])
def test_a_device_is_named_in_few_words(agent: str, device: str) -> None:
    assert device_of(agent) == device


@pytest.mark.parametrize(("address", "shown"), [
    ("203.0.113.9", "203.0.*.*"), ("2001:db8::1", "2001:0db8:0000:*"), ("nonsense", ""), ("", "")])
def test_an_address_is_masked(address: str, shown: str) -> None:
    assert masked_address(address) == shown
