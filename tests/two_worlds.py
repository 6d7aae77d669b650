"""Two platforms that are one up to an instant, and then differ in what one bidder does (fault 34, R-122).

The database of a running platform is cloned while its node rests; two nodes go on, each over its own copy, with the
same keys, people, sessions and lot. So whatever differs afterwards comes from the one bidder, or from chance and the
clock: what those make differ stands in the lists here, and nowhere else.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import psycopg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from storage.crypto.canonical import canonical_bytes
from tests.nodes import NodeProcess
from tests.openapi_bodies import Json, least_body, least_query, operations
from tests.waiting import until

# The instant of asking, what is made of it, and when a node started: its own CRLs, and the operator's that it took in.
CLOCK_KEYS = frozenset({"now", "server_time", "clock_skew_seconds", "nonce", "expires_at", "seen_at", "ends_at", "crls",
                        "checked_at"})
CLOCK_HEADERS = frozenset({"date", "content-length"})  # a body is compared whole, so its length need not be
# The log grows by random batches at a fixed pace: its size, its roots and its proofs are each world's own. What else
# stands in it is compared entry by entry in ``acts_of``.
OF_THE_LOG = frozenset({"latestCheckpoint", "checkpointToCosign", "listCheckpoints", "listEntries", "proveEntry",
                        "proveGrowth", "readPublishedClient"})
PROOF = "proof"  # of a receipt that is the reader's own: compared but for its path in that log and the checkpoint
LOG_KEYS = frozenset({"seq", "prev", "leaf", "salt", "payload_sha256", "position"})
_RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|[0-9a-f]{64}"
                     r"|(?<=#)[0-9a-f]{16}")
_PRESIGNED = re.compile(r"\?X-Amz-Algorithm=[^\s\"]*")  # the way to one's own sealed object, for some minutes
_RECEIPT = re.compile(r"XZ-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
# Fetching a document gives its reader a receipt, and its own list grows by that, in either world.
_OWN_DOWNLOADS = "listOwnDownloads"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+\d\d:\d\d)"
                     r"|(?<=于 )\d\d:\d\d:\d\d(?= )")  # or in words: who was quicker, and when
# What a notice prints of the log as it stood: its size is each world's own, like its root.
_PRINTED = re.compile(r'"checkpoint": \{[^{}]*\}')
_INBOX = re.compile(r"http://127\.0\.0\.1:\d+/inbox")  # each world's queue has its own end
Reduce = Callable[[Any], Any]  # a value without what chance and the clock make of it
# What a path may name: everything of its kind that there is, whether or not anybody could know of it.
NAMES = {
    "lot_id": "select id from lot", "project_id": "select id from project",
    "tender_project_id": "select id from tender_project", "notice_id": "select id from notice",
    "file_id": "select id from document_file", "paper_id": "select id from paper",
    "party_id": "select id from party where name in (select bidder_name from bid_version) "
                "or roles::text like '%tenderee%'",
    "bid_id": "select id from bid", "version_id": "select max(id::text) from bid_version group by bid_id",
    "envelope_id": "select max(e.id::text) from envelope e join bid_version v on v.id = e.bid_version_id "
                   "group by v.bid_id",
    "number": "select max(number) from receipt group by party_id", "order": "select number from guarantee_order",
    "expert_id": "select id from expert order by number limit 2", "letter_id": "select id from award_letter",
    "template_id": "select id from record_template", "issuer_id": "select id from guarantee_issuer",
    "digest": "select sha256 from trust_evidence order by stored_at desc limit 8",
    "seq": "select seq from ledger_entry where seq < 3"}


@dataclass
class Inbox:
    """A program outside that acknowledges what the platform sends it, and keeps it."""

    received: list[Json] = field(default_factory=list)
    address: str = ""

    @contextmanager
    def listening(self) -> Iterator["Inbox"]:
        """Serves on a port of its own."""
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = json.loads(self.rfile.read(int(self.headers["content-length"])))
                inbox.received.append(message)
                told = json.dumps({"id": message["id"], "acknowledgement": "GG-1",
                                   "sha256": sha256(canonical_bytes(message["payload"])).hexdigest()}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing to the terminal."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{server.server_port}/inbox"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield self
        server.shutdown()


@dataclass
class World:
    """One of the two: a node, and the sessions of everyone who looks."""

    node: NodeProcess
    tokens: Mapping[str, str]
    inbox: Inbox
    log_from: int = 0
    heard_from: int = 0
    frames: dict[str, list[str]] = field(default_factory=dict)
    stream: str = ""
    _lines: dict[str, Any] = field(default_factory=dict)

    def ask(self, role: str, method: str, path: str, **sent: Any) -> httpx.Response:
        """One request of one role; nothing compressed, so that bytes are bytes."""
        if role not in self._lines:
            token = self.tokens.get(role, "")
            headers = {"accept-encoding": "identity"} | ({"authorization": f"Bearer {token}"} if token else {})
            self._lines[role] = httpx.Client(base_url=self.node.address, headers=headers, timeout=60)
        answer: httpx.Response = self._lines[role].request(method, path, **sent)
        return answer

    def watch(self, role: str, lot_id: str) -> None:
        """Follows the lot's socket from its beginning, in a thread, until the node ends."""
        self.stream = f"lot:{lot_id}"
        token, address = self.tokens.get(role, ""), self.node.address.replace("http", "ws", 1)
        kept = self.frames.setdefault(role, [])

        def follow() -> None:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            try:
                with connect(f"{address}/api/lots/{lot_id}/feed?after=-1", additional_headers=headers) as socket:
                    for frame in socket:
                        kept.append(str(frame))
            except (ConnectionClosed, OSError):
                return

        threading.Thread(target=follow, daemon=True).start()

    def close(self) -> None:
        """Lets go of the lines, so that the node need not wait for them."""
        for line in self._lines.values():
            line.close()

    def names(self) -> dict[str, list[str]]:
        """Parameter of a path → everything in this world's database that it may stand for."""
        dsn = self.node.settings.database_url.replace("+psycopg", "")
        with psycopg.connect(dsn) as connection:
            return {name: [str(row[0]) for row in connection.execute(query.encode())] for name, query in NAMES.items()}

    def log(self) -> list[Json]:
        """The node's lines since the fork, without their instants."""
        written = self.node.log.read_bytes()[self.log_from:].decode()
        lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
        return [{key: value for key, value in line.items() if key != "timestamp"} for line in lines]


def settled(value: Any, key: str = "") -> Any:
    """A value without the instant of asking, and without its place in the log."""
    if key in CLOCK_KEYS:
        return 0
    if key == PROOF and isinstance(value, list):
        return 0
    if key == PROOF and isinstance(value, dict):
        return settled({name: each for name, each in value.items() if name != "checkpoint"})
    if isinstance(value, dict):
        return {name: settled(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [settled(each) for each in value]
    return _INBOX.sub("INBOX", _PRESIGNED.sub("", value)) if isinstance(value, str) else value


def seen(answer: httpx.Response) -> list[Any]:
    """Everything that an answer tells: status, headers, body."""
    headers = {name: value for name, value in answer.headers.items() if name not in CLOCK_HEADERS}
    is_json = "json" in answer.headers.get("content-type", "")
    return [answer.status_code, headers, settled(answer.json()) if is_json else answer.content.decode("latin-1")]


def without_chance(value: Any) -> Any:
    """As ``value``, with identifiers, digests and moments that were made after the fork taken out: for acts that both
    worlds do, whose numbers are drawn in each."""
    said = _RECEIPT.sub("RECEIPT", json.dumps(value, ensure_ascii=False, default=str))
    return json.loads(_PRINTED.sub('"checkpoint": "PRINTED"', _MOMENT.sub("MOMENT", _RANDOM.sub("RANDOM", said))))


def without_receipts(value: Any) -> Any:
    """As ``value``, with the numbers of receipts for what the reader itself has just fetched taken out."""
    return json.loads(_RECEIPT.sub("RECEIPT", json.dumps(value, ensure_ascii=False, default=str)))


def _log_of(world: World, role: str) -> tuple[list[Json], list[Json]]:
    """The whole log as a role reads it: the acts, and the sealed batches, which are all of one form."""
    entries: list[Json] = []
    while page := world.ask(role, "GET", "/api/ledger/entries", params={"from": len(entries), "limit": 500}).json():
        entries += page
    batches = [each for each in entries if json.loads(each["entry"])["action"] == "sealed.batch"]
    assert {len(each["payload"]["root"]) for each in batches} == {64}
    assert len({(tuple(sorted(json.loads(each["entry"]))), tuple(sorted(each["payload"]))) for each in batches}) == 1
    return [each for each in entries if each not in batches], batches


def acts_of(world: World, role: str, reduce: Reduce = without_chance) -> list[Json]:
    """The log as a role reads it, without the sealed batches and without each entry's place among them."""
    return [_act(each, reduce) for each in _log_of(world, role)[0]]


def off_the_beat(worlds: Sequence[World]) -> list[str]:
    """Worlds whose sealed batches since the fork do not keep the beat: one more would tell that somebody acted, and
    many missing that the log was busy. A beat that a burdened machine misses is not made up, so half may be missing."""
    logs = [[json.loads(each["entry"]) for each in _log_of(world, "public")[1]] for world in worlds]
    common = {each["seq"] for each in logs[0] if each in logs[1]}
    found = []
    for world, log in zip(worlds, logs, strict=True):
        moments = [datetime.fromisoformat(each["ts"]) for each in log if each["seq"] not in common]
        beats = (moments[-1] - moments[0]).total_seconds() / world.node.settings.sealed_batch_seconds + 1
        if not beats / 2 <= len(moments) <= beats + 1:
            found.append(f"{len(moments)} sealed batches in {beats:.0f} beats")
    return found


def _act(item: Json, reduce: Reduce) -> Json:
    entry = {key: value for key, value in json.loads(item["entry"]).items() if key not in LOG_KEYS}
    reduced: Json = reduce({"entry": entry, "payload": item["payload"]})
    return reduced


def frames_of(world: World, role: str, reduce: Reduce = without_chance) -> list[Json]:
    """The frames a role got over its socket, in order, without each entry's place in the whole log."""
    size = len([each for each in acts_of(world, role) if each["entry"]["stream"] == world.stream])
    until(lambda: len(world.frames[role]) >= size)
    return [_act(json.loads(frame), reduce) for frame in world.frames[role]]


@dataclass(frozen=True)
class Request:
    """One request that every role makes in both worlds."""

    operation: str
    method: str
    path: str
    sent: Mapping[str, Any] = field(default_factory=dict)


def requests(document: Json, names: Mapping[str, Sequence[str]], wanted: Callable[[str, str], bool],
             more: Mapping[str, Sequence[Json]]) -> list[Request]:
    """The wanted operations of the OpenAPI document with everything that their paths may name; ``more``: further
    queries of an operation, such as searches."""
    found = []
    for operation, (method, path, stated) in operations(document).items():
        if not wanted(method, path):
            continue
        body = least_body(document, stated)
        for filled in _filled(path, names):
            for query in ({}, *more.get(operation, ())):
                sent = {"params": least_query(document, stated) | query} | ({"json": body} if body is not None else {})
                found.append(Request(operation, method, filled, sent))
    return found


def _filled(path: str, names: Mapping[str, Sequence[str]]) -> list[str]:
    place = re.search(r"\{(\w+)\}", path)
    if place is None:
        return [path]
    values = names.get(place.group(1)) or ["00000000-0000-4000-8000-000000000000"]
    return [each for value in values for each in _filled(path.replace(place.group(0), value, 1), names)]


def differences(worlds: Sequence[World], role: str, asked: Sequence[Request],
                reduce: Reduce) -> list[str]:
    """What one role is told otherwise in one world than in the other."""
    def one(world: World) -> list[Any]:
        return [(without_chance if each.operation == _OWN_DOWNLOADS else reduce)(
            seen(world.ask(role, each.method, each.path, **each.sent))) for each in asked]

    with ThreadPoolExecutor(len(worlds)) as pool:
        without, with_bidder = pool.map(one, worlds)
    return [f"{role}: {each.operation} {each.path} {each.sent.get('params')}: {apart(first, second)}"
            for each, first, second in zip(asked, without, with_bidder, strict=True) if first != second]


def apart(first: Any, second: Any, where: str = "") -> str:
    """Where two values differ, and in what, for people to read."""
    if isinstance(first, dict) and isinstance(second, dict) and set(first) == set(second):
        return " ".join(apart(first[key], second[key], f"{where}.{key}") for key in first if first[key] != second[key])
    if isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        pairs = enumerate(zip(first, second, strict=True))
        return " ".join(apart(one, other, f"{where}[{place}]") for place, (one, other) in pairs if one != other)
    return f"{where}: {str(first)[:200]} / {str(second)[:200]}"
