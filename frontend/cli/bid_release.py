"""Releasing at the opening, for a bidder or a custodian: nothing leaves before this computer has seen for itself
that the platform opened this lot, at or after its time, over exactly these headers (sealing.md §2)."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from bidding.bids.model import TECHNICAL, WHOLE, kinds_in
from bidding.opening.complaints import Complaint, ComplaintItem, Why, signed_bytes
from bidding.opening.release_signing import release_bytes, sealed_parts
from frontend.cli.client import ApiClient, ApiError
from frontend.cli.identity import ClientIdentity
from storage.crypto.canonical import Json, from_base64, parse_object, to_base64
from storage.crypto.context import commitment
from storage.crypto.errors import Malformed, SealBroken
from storage.crypto.header import Header, read_header
from storage.crypto.session_key import session_public_key
from storage.crypto.statements import check_statement
from storage.crypto.timestamps import read_timestamp
from storage.crypto.wraps import LONGEST_RELEASED, WHOLE_SECRET, SessionPublicKey, Wrap, seal_release
from storage.kernel.clock import from_wire, process_now
from storage.kernel.errors import DomainError, Refused

_POLL_SECONDS = 1.0
_ALREADY: Mapping[str, Any] = {"accepted": True, "already": True, "kept_back": []}  # a bidder's whole bid


@dataclass(frozen=True, slots=True)
class Notice:
    """The opening notice, checked: instants, session key (its point), and the header digests it commits to."""

    body: Mapping[str, Any]
    opened_at: datetime
    stamped_at: datetime | None
    session_point: bytes

    def headers_of(self, bid: str) -> Mapping[str, str]:
        """SHA-256 of each header by kind; raises ``Malformed`` for a bid that the notice does not list."""
        for listed in self.body["bids"]:
            if listed["bid"] == bid:
                return dict(listed["headers"])
        raise Malformed("开标通知中没有这份投标文件", field="bid")

    def manifests_of(self, bid: str) -> Mapping[str, str]:
        """SHA-256 of each signed manifest by kind; nothing for a bid that the notice does not list."""
        return next((dict(listed["manifests"]) for listed in self.body["bids"] if listed["bid"] == bid), {})

    @property
    def envelope(self) -> str:
        """Which envelope is opened; a notice that names none opens whole bids."""
        return str(self.body.get("envelope", WHOLE))


def read_notice(signed: Mapping[str, Any], *, roots: Collection[str] | None) -> Notice:
    """The notice where the platform signed it and the opening time has come; raises what was wrong with it."""
    text = str(signed["notice"]).encode()
    check_statement("opening-notice", text, signed["signature"], at=process_now(), roots=roots)
    body = parse_object(text)
    stamped = read_timestamp(from_base64(signed["token"], "token")).at if signed.get("token") else None
    opened, opens = from_wire(str(body["opened_at"])), from_wire(str(body["opens_at"]))
    if opened < opens or (stamped is not None and stamped < opens):
        raise Refused("开标时间未到，不释放任何密钥")
    return Notice(body, opened, stamped, from_base64(body["session_key"], "session_key"))


@dataclass(slots=True)
class Releases:
    """What this identity releases, and which objects of a lot it cannot: ``kept_back`` is bid, kind and why; ``bid`` is
    a bidder's own.

    ``items``, ``shares``: what a custodian complains of, and the shares that contradict their commitments (R-144).
    """

    made: list[dict[str, Json]] = field(default_factory=list)
    kept_back: list[dict[str, str]] = field(default_factory=list)
    items: list[ComplaintItem] = field(default_factory=list)
    shares: list[dict[str, Json]] = field(default_factory=list)
    bid: str = ""

    def complaint(self, work: Mapping[str, Any], identity: ClientIdentity) -> dict[str, Json] | None:
        """The complaint as the platform takes it, signed; None where there is nothing to complain of."""
        if not self.items:
            return None
        notice = str(work["notice"]["notice"])
        lot = str(parse_object(notice.encode())["code"])
        text = Complaint(lot, int(work["index"]), sha256(notice.encode()).hexdigest(), self.items).text
        shares: list[Json] = [*self.shares]
        return {"text": text, "signature": to_base64(identity.sign(signed_bytes(text))), "shares": shares}


def releases_of(work: Mapping[str, Any], identity: ClientIdentity, *, roots: Collection[str] | None) -> Releases:
    """One release per object that is this identity's to release and was not released before.

    A custodian's object that does not open is kept back and complained of, and the others go on (R-144); a bidder has
    but its own bid, and is told at once. Raises what was wrong with the notice.
    """
    notice = read_notice(work["notice"], roots=roots)
    role = str(work["role"])
    if role == "custodian" and notice.stamped_at is None:
        raise Refused("开标通知尚无时间戳，保管人暂不释放")
    found = Releases()
    for item in work["items"]:
        if item["released"]:
            continue
        try:
            place = read_place(item, notice)
            wrap = _own_wrap(place.header, role, identity)
            if role == "bidder":
                found.bid = place.bid
                found.made.append(_bidders(place, wrap, identity))
            else:
                _custodians(place, wrap, identity, found)
        except DomainError as error:
            if role == "bidder":
                raise
            found.kept_back.append({"bid": str(item["bid"]), "kind": str(item["kind"]), "why": error.message})
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """One sealed object that the notice commits to, and the key its secrets go to."""

    bid: str
    kind: str
    header: Header
    session_key: SessionPublicKey

    def sealed_whole(self, custody_secret: bytes) -> dict[str, Json]:
        """S_P, sealed to the opening session in the place of the custodians' shares (R-144)."""
        return seal_release(custody_secret, self.session_key, role="custodian", index=WHOLE_SECRET,
                            ch=self.header.ctx.ch).to_json()

    def sealed(self, secret: bytes, wrap: Wrap) -> dict[str, Json]:
        """The secret of that wrap, sealed anew to the opening session."""
        return seal_release(secret, self.session_key, role=wrap.role, index=wrap.index,
                            ch=self.header.ctx.ch).to_json()


def read_place(item: Mapping[str, Any], notice: Notice) -> Place:
    """An item of release-work, where its header is the one of the notice and its hour has come; else ``Malformed``."""
    text, bid, kind = str(item["header"]).encode(), str(item["bid"]), str(item["kind"])
    if notice.headers_of(bid).get(kind) != sha256(text).hexdigest():
        raise Malformed("平台给出的信封头与开标通知所载不符，记录受损（平台责任），请告知主持人", field="header")
    header = read_header(text)
    # A notice opens one envelope: prices are released on their own notice alone, which lists those who passed.
    if kind not in kinds_in(notice.envelope):
        raise Malformed("这份开标通知不开启这个信封", field="kind")
    if header.ctx.envelope != kind or header.ctx.lot != notice.body["code"] or notice.opened_at < from_wire(
            header.ctx.opens_at):
        raise Malformed("信封头不属于这个标段或尚未到时间", field="ctx")
    session = session_public_key(notice.session_point, header.ctx.algorithms)
    return Place(bid, kind, header, session)


def _bidders(place: Place, wrap: Wrap, identity: ClientIdentity) -> dict[str, Json]:
    secret = identity.unwrap(wrap, place.header.ctx)
    place.header.check_bidder_secret(secret)
    return {"kind": place.kind, "i": wrap.index, **place.sealed(secret, wrap)}


def _custodians(place: Place, wrap: Wrap, identity: ClientIdentity, found: Releases) -> None:
    """Adds a release, or says what is wrong with the share: raises ``SealBroken`` then."""
    header, index = place.header, wrap.index
    claim = partial(ComplaintItem, place.bid, place.kind, header.sha256)
    try:
        share = identity.unwrap(wrap, header.ctx)
    except SealBroken:
        found.items.append(claim(Why.WRAP))
        raise
    try:
        header.check_share(index, share)
    except SealBroken:
        if len(share) > LONGEST_RELEASED:
            found.items.append(claim(Why.WRAP))
        else:
            found.items.append(claim(Why.SHARE, commitment("s", share, header.ctx.algorithms).hex()))
            found.shares.append({"bid": place.bid, "kind": place.kind, **place.sealed(share, wrap)})
        raise
    found.made.append({"bid": place.bid, "kind": place.kind, **place.sealed(share, wrap)})


def _own_wrap(header: Header, role: str, identity: ClientIdentity) -> Wrap:
    for wrap in header.wraps_for(role):
        if wrap.cert == identity.recipient.tag:
            return wrap
    raise SealBroken("这份投标文件没有封给当前证书，请换用投标时的证书；已丢失的，若招标文件规定了补救方案，"
                     "请用 yunkai bid remedy" if role == "bidder" else
                     "这份份额没有封给当前证书，请换用招标文件载明的证书", part="wrap")


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
        if hall["envelope"] == WHOLE and hall["me"]["bid"] and hall["me"]["released_at"]:
            return dict(_ALREADY)
        is_over = hall["step"] == "failed" or (hall["step"] == "published" and not _waits_for_prices(hall))
        if is_over or time.monotonic() > until:
            raise Refused("没有可以释放的时间段", step=hall["step"])
        if hall["step"] != said:
            said = hall["step"]
            tell(said)
        time.sleep(_POLL_SECONDS)


def _waits_for_prices(hall: Mapping[str, Any]) -> bool:
    """True between the two openings of two envelopes, once the second hour is set (R-318)."""
    return hall["envelope"] == TECHNICAL and hall["prices"] is not None and hall["prices"]["opens_at"] is not None


def _release_now(api: ApiClient, identity: ClientIdentity, lot: str,
                 roots: Collection[str] | None) -> dict[str, Any]:
    work = current_work(api, lot)
    while work["role"] == "custodian" and not work["notice"].get("token"):
        time.sleep(_POLL_SECONDS)  # the time stamp of the notice follows within seconds
        work = current_work(api, lot)
    found = releases_of(work, identity, roots=roots)
    if work["role"] == "bidder":
        return send_bidders(api, identity, lot, found) if found.made else dict(_ALREADY)
    complaint = found.complaint(work, identity)
    if not found.made and complaint is None:
        return {"accepted": True, "already": not found.kept_back, "kept_back": found.kept_back}
    act = partial(api.act, f"/api/lots/{lot}/releases/custodian")
    answer = send_shares(act, found.made, complaint)
    known = {each["bid"] for each in found.kept_back}
    unread = [{"bid": f"第 {each['place']} 号", "kind": "", "why": f"平台数据库中的记录受损，{each['why']}"}
              for each in answer.get("unread", []) if each["bid"] not in known]
    return answer | {"kept_back": [*found.kept_back, *unread]}


def send_shares(act: Callable[[dict[str, Any]], dict[str, Any]], shares: Sequence[Mapping[str, Json]],
                complaint: Mapping[str, Json] | None) -> dict[str, Any]:
    """Sends a custodian's shares with its complaint; where that is refused they go without it.

    ``complaint_refused`` in the answer: how the platform worded that. Raises ``ApiError``.
    """
    try:
        return act({"releases": shares, "complaint": complaint})
    except ApiError as error:
        if complaint is None or not shares:
            raise
        return act({"releases": shares, "complaint": None}) | {"complaint_refused": error.title}


def current_work(api: ApiClient, lot: str) -> dict[str, Any]:
    """What the platform asks this client to release."""
    work: dict[str, Any] = api.get(f"/api/lots/{lot}/release-work")
    return work


def send_bidders(api: ApiClient, identity: ClientIdentity, lot: str, found: Releases, *,
                 remedy: bool = False) -> dict[str, Any]:
    """Sends a bidder's releases, signed; ``remedy`` says that they come from its backup (R-144)."""
    signature = identity.sign(release_bytes(found.bid, sealed_parts(found.made), remedy=remedy))
    answer: dict[str, Any] = api.act(f"/api/lots/{lot}/releases/bidder", {
        "releases": found.made, "remedy": remedy, "signature": to_base64(signature)})
    return answer | {"kept_back": []}
