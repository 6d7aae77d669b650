"""The platform's interface as programs use it: the command line, the rehearsal, the tests."""

import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from frontend.cli.identity import ClientIdentity
from storage.crypto.sm2 import Sm2PrivateKey
from storage.crypto.tls import client_context, trusted_authorities

_PASSING = frozenset({429, 502, 503, 504})
_LONGEST_PAUSE = 5.0
_PROOF_NEEDED = "proof-needed"
_AGENT = "yunkai-cli"
_CONFIRMATION = "/api/login/confirmation"
_AGAIN = "/api/login/again"  # what proves the certificate anew within a session


class ApiError(Exception):
    """The platform's refusal, as it worded it; ``rules`` are those unmet, ``facts`` what it adds."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", "http"))
        self.title = str(problem.get("title") or f"HTTP {status}")
        self.rules: list[dict[str, str]] = problem.get("rules") or []
        self.facts: dict[str, Any] = problem.get("facts") or {}
        super().__init__(f"{self.title} [{status} {self.code}]")
        self._problem = problem

    def __reduce__(self) -> tuple[type[Self], tuple[int, dict[str, Any]]]:
        """Whole from one process to another: a rehearsal's bidders tell what refused them."""
        return type(self), (self.status, self._problem)

    def reworded(self, title: str) -> Self:
        """The same refusal under another title."""
        return type(self)(self.status, {**self._problem, "title": title})


class Unreachable(Exception):
    """The platform did not answer, or kept asking to come back later."""


def context_of(base_url: str, identity: ClientIdentity | None) -> ssl.SSLContext:
    """With the own certificate for a platform that asks for it; one that does not never sees it (ADR 22)."""
    if identity is None or isinstance(identity.key, Sm2PrivateKey) or not base_url.startswith("https:"):
        return trusted_authorities()
    return client_context(identity.certificate.x509, identity.key)


def origin_of(address: str) -> str:
    """scheme://host[:port] as a browser shows it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person is to do so that a program goes on: type the code at the address, in a browser, until then."""

    code: str
    address: str
    expires_at: str


class ApiClient:
    """One signed-in (or public) client. Safe requests and requests with an idempotency key are tried again.

    ``tell`` shows a person what to confirm in a browser, where the party has a security key (RFC 8628); without it
    such a party does not sign in here.
    """

    def __init__(self, base_url: str, identity: ClientIdentity | None = None, *,
                 http: httpx.Client | None = None, patience: float = 30.0,
                 tell: Callable[[Asked], None] | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self.origin = origin_of(base_url)
        self.identity = identity
        self.token: str | None = None
        self._patience, self._tell = patience, tell
        self._http = http or httpx.Client(timeout=httpx.Timeout(30.0, connect=5.0), follow_redirects=False,
                                          headers={"User-Agent": _AGENT}, verify=context_of(self.base_url, identity))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Gives the connections back; the session lives on until it ends or ``logout``."""
        self._http.close()

    def get(self, path: str, **params: Any) -> Any:
        """The JSON at the path; ``params`` that are None are left out."""
        return self.request("GET", path, params={key: value for key, value in params.items() if value is not None})

    def post(self, path: str, body: Any = None, *, idempotency_key: str | None = None) -> Any:
        """Does an act. With ``idempotency_key`` it is one act however often it is sent."""
        return self.request("POST", path, body=body, idempotency_key=idempotency_key)

    def act(self, path: str, body: Any = None) -> Any:
        """``post`` under a fresh idempotency key: tried again over a cut line, done once."""
        return self.post(path, body, idempotency_key=uuid.uuid4().hex)

    def ask(self, path: str, body: Any) -> Any:
        """``post`` of what does no harm when it is done twice: tried again, and the platform keeps no answer."""
        return self.request("POST", path, body=body, is_harmless=True)

    def put(self, path: str, body: Any) -> Any:
        """Replaces what is at the path."""
        return self.request("PUT", path, body=body)

    def delete(self, path: str) -> Any:
        """Deletes what is at the path."""
        return self.request("DELETE", path)

    def get_bytes(self, path: str, *, first: int | None = None, last: int | None = None) -> bytes:
        """The content at the path, or its bytes ``first``..``last`` (both included)."""
        headers = {} if first is None else {"Range": f"bytes={first}-{'' if last is None else last}"}
        return self._answer("GET", path, headers=headers).content

    def login(self) -> dict[str, Any]:
        """Signs in with the certificate; the answer's ``warnings`` tell of one that ends soon."""
        return self._enter("/api/login", {})

    def login_renewed(self) -> dict[str, Any]:
        """Binds the successor of certificates that have all ended, and signs in with it (R-704)."""
        return self._enter("/api/login/renewed", {}, as_pair=True)

    def enrol(self, data: dict[str, Any], agreement_version: str) -> dict[str, Any]:
        """Begins an enrolment with this certificate, of a dual pair both, and stays signed in to declare it."""
        return self._enter("/api/enrolment", {"agreement_version": agreement_version, "data": data}, as_pair=True)

    def logout(self) -> None:
        """Ends the session."""
        self.post("/api/logout")
        self.token = None

    def show(self, identity: ClientIdentity, *, as_pair: bool = False) -> dict[str, str]:
        """A proof by an identity over a fresh challenge of this platform; ``as_pair``: with its encryption half."""
        challenge = self.get("/api/login/challenge")
        if challenge["origin"] != self.origin:
            raise ApiError(0, {"code": "origin", "title": f"平台公布的地址是 {challenge['origin']}，请改用该地址访问"})
        return identity.show(origin=self.origin, nonce=challenge["nonce"], expires_at=challenge["expires_at"],
                             as_pair=as_pair)

    def _enter(self, path: str, more: dict[str, Any], *, as_pair: bool = False) -> dict[str, Any]:
        if self.identity is None:
            raise ValueError("signing in needs an identity")
        answer: dict[str, Any] = self.post(path, {**self.show(self.identity, as_pair=as_pair), **more})
        self.token = answer["token"]
        return self._confirmed() if answer.get("second_factor") else answer

    def _confirmed(self) -> dict[str, Any]:
        """The session once a person has confirmed it in a browser, under its new token."""
        if self._tell is None:
            self.token = None
            raise ApiError(0, {"code": "second-factor", "title": "该单位登记了安全钥匙，请在浏览器中登录"})
        asked = self.post(_CONFIRMATION)
        self._tell(Asked(asked["code"], asked["address"], asked["expires_at"]))
        while (found := self._taken())["state"] == "waiting":
            time.sleep(asked["interval"])
        if found["state"] != "confirmed":
            raise ApiError(0, {"code": "second-factor", "title": "无人在限时内确认，请重新运行命令"})
        answer: dict[str, Any] = found["signed_in"]
        self.token = answer["token"]
        return answer

    def _taken(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self.ask(f"{_CONFIRMATION}/take", {})
        except ApiError as error:
            if error.facts.get("reason") != "not-awaiting":
                raise
            raise error.reworded("未获确认：在浏览器中被拒绝，或登录已结束") from None
        return found

    def request(self, method: str, path: str, *, params: dict[str, Any] | None = None, body: Any = None,
                idempotency_key: str | None = None, is_harmless: bool = False) -> Any:
        """The JSON of the answer, None when it is empty; raises ``ApiError``, ``Unreachable``."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        response = self._answer(method, path, params=params, json=body, headers=headers, is_harmless=is_harmless)
        return response.json() if response.content else None

    def _answer(self, method: str, path: str, *, is_harmless: bool = False, **how: Any) -> httpx.Response:
        """The answer; where a fresh proof is asked for, it is given once, and never for what is a proof itself."""
        how["headers"] = how.get("headers", {}) | self._authorization()
        repeatable = is_harmless or method in {"GET", "PUT", "DELETE"} or "Idempotency-Key" in how["headers"]
        try:
            return self._patiently(method, path, how, repeatable)
        except ApiError as refusal:
            if refusal.code != _PROOF_NEEDED or self.identity is None or path == _AGAIN:
                raise
            by = refusal.facts.get("by")
        self._enter(_AGAIN, {})
        if by == "confirmation":
            self._confirmed()
        how["headers"] |= self._authorization()
        try:
            return self._patiently(method, path, how, repeatable)
        except ApiError as refusal:
            if refusal.code != _PROOF_NEEDED:
                raise
            raise refusal.reworded("已再次证明身份，平台仍要求证明：请重新登录后再试") from None

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def _patiently(self, method: str, path: str, how: dict[str, Any], repeatable: bool) -> httpx.Response:
        until, pause = time.monotonic() + self._patience, 0.2
        while True:
            wait, response = self._once(method, path, how, repeatable and time.monotonic() < until)
            if response is not None:
                return response
            time.sleep(min(max(wait, pause), _LONGEST_PAUSE))
            pause *= 2

    def _once(self, method: str, path: str, how: dict[str, Any], again: bool) -> tuple[float, httpx.Response | None]:
        """An answer, or how many seconds to wait before another try."""
        try:
            response = self._http.request(method, self.base_url + path, **how)
        except httpx.TransportError as error:
            if again:
                return 0.0, None
            raise Unreachable(f"无法连接平台 {self.base_url}：{type(error).__name__}") from error
        if response.is_success:
            return 0.0, response
        refusal = ApiError(response.status_code, problem_of(response))
        in_flight = refusal.code == "conflict" and refusal.facts.get("field") == "Idempotency-Key"
        if again and (response.status_code in _PASSING or in_flight):
            return float(response.headers.get("Retry-After", "0") or 0), None
        raise refusal


def problem_of(response: httpx.Response) -> dict[str, Any]:
    """The problem document of a refusal, or what can be said without one."""
    try:
        found = response.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"title": response.reason_phrase}
