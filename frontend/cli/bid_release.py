"""Releasing at the opening, for a bidder or a custodian: nothing leaves before this computer has seen for itself
that the platform opened this lot, at or after its time, over exactly these headers (sealing.md §2)."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from frontend.cli.client import ApiClient
from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import Json, from_base64, parse_object
from storage.crypto.errors import Malformed, SealBroken
from storage.crypto.header import Header, read_header
from storage.crypto.statements import check_statement
from storage.crypto.timestamps import read_timestamp
from storage.crypto.wraps import Wrap, seal_release
from storage.kernel.clock import from_wire, process_now
from storage.kernel.errors import DomainError, Refused

_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Notice:
    """The opening notice, checked: instants, session key, and the header digests it commits to."""

    body: Mapping[str, Any]
    opened_at: datetime
    stamped_at: datetime | None
    session_key: ec.EllipticCurvePublicKey

    def headers_of(self, bid: str) -> Mapping[str, str]:
        """SHA-256 of each header by kind; raises ``Malformed`` for a bid that the notice does not list."""
        for listed in self.body["bids"]:
            if listed["bid"] == bid:
                return dict(listed["headers"])
        raise Malformed("开标通知中没有这份投标文件", field="bid")


def read_notice(signed: Mapping[str, Any], *, roots: Collection[str] | None) -> Notice:
    """The notice where the platform signed it and the opening time has come; raises what was wrong with it."""
    text = str(signed["notice"]).encode()
    check_statement("opening-notice", text, signed["signature"], at=process_now(), roots=roots)
    body = parse_object(text)
    stamped = read_timestamp(from_base64(signed["token"], "token")).at if signed.get("token") else None
    opened, opens = from_wire(str(body["opened_at"])), from_wire(str(body["opens_at"]))
    if opened < opens or (stamped is not None and stamped < opens):
        raise Refused("开标时间未到，不释放任何密钥")
    point = from_base64(body["session_key"], "session_key")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    return Notice(body, opened, stamped, key)


@dataclass(frozen=True, slots=True)
class Releases:
    """What this identity releases, and which objects of a lot it cannot: ``kept_back`` is bid, kind and why."""

    made: list[dict[str, Json]]
    kept_back: list[dict[str, str]]


def releases_of(work: Mapping[str, Any], identity: ClientIdentity, *, roots: Collection[str] | None) -> Releases:
    """One release per object that is this identity's to release and was not released before.

    A custodian's object that does not open is kept back, and the others go on (R-144); a bidder has but its own bid,
    and is told at once. Raises what was wrong with the notice.
    """
    notice = read_notice(work["notice"], roots=roots)
    role = str(work["role"])
    if role == "custodian" and notice.stamped_at is None:
        raise Refused("开标通知尚无时间戳，保管人暂不释放")
    found = Releases([], [])
    for item in work["items"]:
        try:
            if not item["released"]:
                found.made.append(_release(item, role, notice, identity))
        except DomainError as error:
            if role == "bidder":
                raise
            found.kept_back.append({"bid": str(item["bid"]), "kind": str(item["kind"]), "why": error.message})
    return found


def _release(item: Mapping[str, Any], role: str, notice: Notice, identity: ClientIdentity) -> dict[str, Json]:
    text = str(item["header"]).encode()
    header, kind = read_header(text), str(item["kind"])
    if notice.headers_of(item["bid"]).get(kind) != sha256(text).hexdigest():
        raise Malformed("信封头与开标通知所载不符", field="header")
    if header.ctx.envelope != kind or header.ctx.lot != notice.body["code"] or notice.opened_at < from_wire(
            header.ctx.opens_at):
        raise Malformed("信封头不属于这个标段或尚未到时间", field="ctx")
    wrap = _own_wrap(header, role, identity)
    ch = header.ctx.ch
    secret = identity.unwrap(wrap, ch)
    if role == "bidder":
        header.check_bidder_secret(secret)
    else:
        header.check_share(wrap.index, secret)
    release = seal_release(secret, notice.session_key, role=role, index=wrap.index, ch=ch)
    found: dict[str, Json] = {"kind": kind, **release.to_json()}
    return found | ({"i": wrap.index} if role == "bidder" else {"bid": item["bid"]})


def _own_wrap(header: Header, role: str, identity: ClientIdentity) -> Wrap:
    for wrap in header.wraps_for(role):
        if wrap.cert == identity.certificate.tag:
            return wrap
    raise SealBroken("这份投标文件没有封给当前证书，请换用投标时的证书", part="wrap")


def release_when_open(api: ApiClient, identity: ClientIdentity, lot: str, *, roots: Collection[str] | None,
                      patience: float, tell: Callable[[str], None] = lambda words: None) -> dict[str, Any]:
    """Waits for the decryption window, and releases in it; a repeat is harmless. Raises ``Refused`` when none opens.

    ``kept_back`` in the answer: a custodian's objects that did not open, each with bid, kind and why.
    """
    until = time.monotonic() + patience
    said = ""
    while True:
        hall = api.get(f"/api/lots/{lot}/hall")
        if {"release_bid", "release_shares"} & set(hall["may"]):
            return _release_now(api, identity, lot, roots)
        if hall["step"] in {"failed", "published"} or time.monotonic() > until:
            raise Refused("没有可以释放的时间段", step=hall["step"])
        if hall["step"] != said:
            said = hall["step"]
            tell(said)
        time.sleep(_POLL_SECONDS)


def _release_now(api: ApiClient, identity: ClientIdentity, lot: str,
                 roots: Collection[str] | None) -> dict[str, Any]:
    work = api.get(f"/api/lots/{lot}/release-work")
    while work["role"] == "custodian" and not work["notice"].get("token"):
        time.sleep(_POLL_SECONDS)  # the time stamp of the notice follows within seconds
        work = api.get(f"/api/lots/{lot}/release-work")
    found = releases_of(work, identity, roots=roots)
    if not found.made:
        return {"accepted": True, "already": not found.kept_back, "kept_back": found.kept_back}
    body = {"releases": found.made} | ({"remedy": False} if work["role"] == "bidder" else {})
    answer: dict[str, Any] = api.act(f"/api/lots/{lot}/releases/{work['role']}", body)
    return answer | {"kept_back": found.kept_back}


