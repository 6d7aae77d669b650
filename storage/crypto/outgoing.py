"""The one way out to an address that somebody else named: a CA's CRL or OCSP, an issuer's inbox (fault 43).

The name is resolved once, every address it has is judged, and the connection goes to the address that was judged: a
name that means another machine a moment later gains nothing. Redirects are not followed, proxies of the environment
not asked. What the operator itself wrote into the settings is exempt: ``known``.
"""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

import httpx

from storage.crypto.tls import trusted_authorities
from storage.kernel.errors import Refused

Address = IPv4Address | IPv6Address
_SCHEMES = {"http": 80, "https": 443}
_CONNECT_SECONDS = 10.0
_NAT64 = ip_network("64:ff9b::/96")


class OutgoingRefused(Refused):
    """The address is not one this platform speaks to; facts: host, reason (scheme, inside, unknown-host)."""

    code = "outgoing-refused"


class AnswerRefused(httpx.HTTPError):
    """The other side answered with another status than 200, or with more bytes than admitted; its text says which."""


def origins(addresses: Iterable[str]) -> frozenset[str]:
    """host:port of each address that is not empty: what ``known`` is made of."""
    return frozenset(_origin(httpx.URL(address)) for address in addresses if address)


def is_public(address: Address) -> bool:
    """True for an address of the open internet; what is wrapped into an IPv6 address is judged by its inside."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is not None:
            return is_public(inner)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast


def is_admitted(address: Address, *, private: bool) -> bool:
    """Public; or, where the operator allows its own network, private and loopback. Link-local is never admitted:
    there live the metadata services of clouds."""
    if is_public(address):
        return True
    plain = (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
    is_inside = plain.is_private or plain.is_loopback
    return private and is_inside and not (plain.is_link_local or plain.is_multicast or plain.is_unspecified)


def require_address(url: str) -> str:
    """An address somebody names for later, before any name is resolved: http(s), a host, no user, and no address of
    the inside written out. Raises ``OutgoingRefused``; where private networks are allowed see ``outgoing``."""
    try:
        parts = urlsplit(url)
        httpx.URL(url)
        is_reachable = parts.port is None or parts.port > 0
    except (ValueError, httpx.InvalidURL) as error:  # a bracket that closes nothing, a port beyond all ports
        raise OutgoingRefused("地址不合格式", host="", reason="form") from error
    plain = not (parts.username or parts.password or parts.fragment)
    if parts.scheme not in _SCHEMES or not parts.hostname or not plain or not is_reachable:
        raise OutgoingRefused("地址须为 http 或 https，且不含用户名", host=parts.hostname or "", reason="scheme")
    return url


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects to judged addresses alone; for ``httpx.AsyncClient(transport=…)``."""

    def __init__(self, *, private: bool, known: frozenset[str] = frozenset()) -> None:
        self._private, self._known = private, known
        self._inner = httpx.AsyncHTTPTransport(trust_env=False, verify=trusted_authorities())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises ``OutgoingRefused`` before a single byte leaves."""
        require_address(str(request.url.copy_with(fragment=None)))
        if _origin(request.url) in self._known:
            return await self._inner.handle_async_request(request)
        last: httpx.ConnectError | None = None
        for address in await self._judged(request.url.host, _port(request.url)):
            try:
                return await self._inner.handle_async_request(_aimed(request, address))
            except httpx.ConnectError as error:  # a name may have an address of either family, and listen at one
                last = error
        raise last or httpx.ConnectError("no address")

    async def _judged(self, host: str, port: int) -> list[Address]:
        found = await resolve(host, port)
        if not found:
            raise OutgoingRefused("地址中的主机名无法解析", host=host, reason="unknown-host")
        if not all(is_admitted(each, private=self._private) for each in found):
            raise OutgoingRefused("地址指向内部网络，不予访问", host=host, reason="inside")
        return found

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._inner.aclose()


def outgoing(*, private: bool, known: frozenset[str] = frozenset(), timeout: float = 10.0) -> httpx.AsyncClient:
    """A client for foreign addresses. ``known``: origins (``origins``) that need no judging."""
    return httpx.AsyncClient(transport=GuardedTransport(private=private, known=known), timeout=timeout,
                             follow_redirects=False, trust_env=False)


async def fetch(client: httpx.AsyncClient, method: str, url: str, *, most: int, seconds: float = 30.0,
                content: bytes | None = None, content_type: str = "") -> bytes:
    """The body of a 200, at most ``most`` bytes, whole within ``seconds``: whoever answers owns neither our memory nor
    our time.

    Raises ``OutgoingRefused``, ``httpx.HTTPError`` (``AnswerRefused`` for another status, or more bytes) or
    ``TimeoutError``.
    """
    headers = {"Content-Type": content_type} if content_type else {}
    waits = httpx.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
    async with (asyncio.timeout(seconds),
                client.stream(method, url, content=content, headers=headers, timeout=waits) as answer):
        if answer.status_code != httpx.codes.OK:
            raise AnswerRefused(f"HTTP {answer.status_code}")
        found = bytearray()
        async for piece in answer.aiter_bytes():
            found += piece
            if len(found) > most:
                raise AnswerRefused("more bytes than admitted")
    return bytes(found)


async def resolve(host: str, port: int) -> list[Address]:
    """Every address of the name, as the system resolves it; none where it does not."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _aimed(request: httpx.Request, address: Address) -> httpx.Request:
    """The same request to the judged address; the name stays in Host and in the TLS handshake."""
    return httpx.Request(
        request.method, request.url.copy_with(host=str(address)), headers=request.headers, stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host})


def _port(url: httpx.URL) -> int:
    return url.port or _SCHEMES[url.scheme]


def _origin(url: httpx.URL) -> str:
    return f"{url.host}:{_port(url)}"
