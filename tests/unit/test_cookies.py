"""Session cookies: what binds them to this host, and which of them count."""

import pytest
from litestar import Request
from litestar.datastructures import Cookie

from storage.database.settings import Settings
from tests.unit.test_settings import REQUIRED
from trading.parties.model import SessionPolicy
from trading.parties.session_routes import AnyRequest, cookies_of, token_of

SAFE = Settings(**REQUIRED, public_origin="https://yunkai.example")
PLAIN = Settings(**REQUIRED, public_origin="http://127.0.0.1:8000")
AGE = SessionPolicy().age


def _asked(cookie: str) -> AnyRequest:
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"",
                    "headers": [(b"cookie", cookie.encode())]})  # type: ignore[typeddict-item]


@pytest.mark.parametrize("token", ["t", ""])
def test_behind_tls_a_cookie_is_secure_and_of_this_host_alone_when_given_and_when_taken(token: str) -> None:
    session, *others = cookies_of(token, "d" if token else "", AGE, SAFE)
    assert (session.key, session.path, session.domain) == ("__Host-yunkai", "/", None)
    assert [each.key for each in others] == (["__Secure-yunkai-device"] if token else [])
    assert all(each.secure and each.httponly and each.samesite == "strict" and each.domain is None
               for each in (session, *others))


def test_a_cookie_that_a_neighbour_planted_under_another_name_counts_for_nothing() -> None:
    assert token_of(_asked("yunkai=planted; __Host-yunkai=own"), SAFE) == "own"
    assert token_of(_asked("yunkai=planted"), SAFE) is None


def test_without_tls_the_name_is_plain_for_no_browser_would_keep_the_other() -> None:
    found: list[Cookie] = cookies_of("t", "d", AGE, PLAIN)
    assert [(each.key, each.secure) for each in found] == [("yunkai", False), ("yunkai-device", False)]
    assert token_of(_asked("yunkai=own"), PLAIN) == "own"
