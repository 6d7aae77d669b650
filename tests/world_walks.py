"""What everybody can reach in two worlds, walked whole: reads, acts, log, sockets, partners, the nodes' own lines.

``reduce`` says what of an answer chance and the clock make; see ``tests/two_worlds.py``.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from frontend.cli.environment import environment_of
from storage.database.settings import Settings
from storage.embedded.postgres import EmbeddedPostgres
from storage.kernel.clock import process_now, to_wire
from tests.nodes import ROOT
from tests.openapi_bodies import Json
from tests.platform_parts import administer
from tests.two_worlds import (
    OF_THE_LOG,
    Reduce,
    World,
    acts_of,
    differences,
    frames_of,
    requests,
    without_chance,
)
from tests.waiting import until

SEARCHES = {
    "findNotices": [{"text": "江苏"}, {"stage": "selling"}, {"region": "3207"}], "listParties": [{"text": "公司"}],
    "listExperts": [{"text": "专家"}], "listLots": [{"text": "朝阳"}], "listProjects": [{"text": "朝阳"}],
    "listOpenings": [{"from": to_wire(process_now() - timedelta(30)), "to": to_wire(process_now() + timedelta(30))}]}
_MILLISECONDS = re.compile(r"\d+(\.\d+)? (毫秒|ms)")
# What an act of a lot, a bid or a receipt is answered; acts of others' own things say nothing of this bidder.
_NAMED = ("{lot_id}", "{bid_id}", "{version_id}", "{envelope_id}", "{number}")


@dataclass
class Fork:
    """Both worlds; the second is the one in which something happened that others must not see."""

    first: World
    second: World
    lot_id: str

    @property
    def both(self) -> tuple[World, World]:
        """In their order."""
        return self.first, self.second

    @property
    def document(self) -> Json:
        """The interface's description."""
        found: Json = self.first.ask("public", "GET", "/api/schema/openapi.json").json()
        return found


@contextmanager
def twin_of(settings: Settings, postgres: EmbeddedPostgres) -> Iterator[Settings]:
    """Settings over a copy of the database, which nobody is connected to at that moment."""
    name = urlsplit(settings.database_url).path.removeprefix("/")
    administer(postgres, f"create database {name}_twin template {name} strategy file_copy")
    yield settings.model_copy(update={"database_url": postgres.url(f"{name}_twin")})
    administer(postgres, f"drop database {name}_twin with (force)")


def reading(fork: Fork, roles: Sequence[str], names: Mapping[str, Sequence[str]], reduce: Reduce) -> list[str]:
    """Every GET of the interface, with everything that ``names`` has for its paths, for every role."""
    asked = [each for each in requests(fork.document, names, lambda method, _: method == "GET", SEARCHES)
             if each.operation not in OF_THE_LOG]
    walked = {each.operation for each in asked}
    assert len(walked) > 75, "the interface is walked whole"
    assert walked >= {"isAlive", "isReady", "readOperations", "describePlatform", "noticesFeed", "openingsCalendar"}
    return [each for role in roles for each in differences(fork.both, role, asked, reduce)]


def acting(fork: Fork, roles: Sequence[str], names: Mapping[str, Sequence[str]],
           reduce: Reduce = without_chance) -> list[str]:
    """Every other operation on the lot, and on what is another's own: refused, or done, alike."""
    asked = requests(fork.document, names,
                     lambda method, path: method != "GET" and any(each in path for each in _NAMED), {})
    assert len({each.operation for each in asked}) > 60
    return [each for role in roles for each in differences(fork.both, role, asked, reduce)]


def of_the_log(fork: Fork, roles: Sequence[str], reduce: Reduce = without_chance) -> list[str]:
    """What each role reads in the log, in whatever order partners acknowledged, and gets over its socket."""
    until(lambda: len(acts_of(fork.first, "public")) >= len(acts_of(fork.second, "public")))
    found = []
    for role in roles:
        logs = [sorted(map(str, acts_of(world, role, reduce))) for world in fork.both]
        sockets = [frames_of(world, role, reduce) for world in fork.both]
        for kind, (first, second) in (("log", logs), ("socket", sockets)):
            assert first, f"{role} gets nothing over its {kind}"
            if first != second:
                found.append(f"{role}: {kind}: {[each for each in second if each not in first]} "
                             f"{[each for each in first if each not in second]}")
    return found


def outside(fork: Fork, expected: int) -> list[str]:
    """What the public service platform was sent: so many messages at least."""
    def heard(world: World) -> list[str]:
        return sorted(str(without_chance(each["payload"])) for each in world.inbox.received[world.heard_from:])

    until(lambda: all(len(heard(world)) >= expected for world in fork.both))
    first, second = (heard(world) for world in fork.both)
    return [f"sent: {first} / {second}"] if first != second else []


def written(fork: Fork) -> list[str]:
    """What the nodes wrote to their logs, and what ``yunkai doctor`` finds.

    Raises ``TimeoutError`` where a node waited for its database in vain: of a machine that stood still one world tells.
    """
    for line in (line for world in fork.both for line in world.log()):
        if line.get("kind") == "TimeoutError":
            raise TimeoutError(str(line))
    with ThreadPoolExecutor(2) as pool:
        logs = [[str(without_chance(line)) for line in world.log()] for world in fork.both]
        found = []
        for kind, (first, second) in (("lines", logs), ("doctor", [*pool.map(_examined, fork.both)])):
            more, less = Counter(second) - Counter(first), Counter(first) - Counter(second)
            if first != second:
                found.append(f"{kind}: {[*more]} / {[*less]}" if more or less else f"{kind}: in another order")
    return found


def _examined(world: World) -> list[str]:
    environment = {**os.environ, **environment_of(world.node.settings)}
    done = subprocess.run([sys.executable, "-m", "frontend.cli", "doctor", "--var",
                           str(world.node.settings.key_directory.parent)],
                          cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "PostgreSQL" in done.stdout, done.stderr
    return [str(done.returncode), *_MILLISECONDS.sub("SOME", done.stdout).splitlines()]
