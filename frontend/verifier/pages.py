"""The pages that a platform serves, compared with what its ledger says of them, and with the reader's own build.

The one thing here that uses a network, for that is what it judges: what an address gives out now, to this machine.
"""

import json
from collections.abc import Iterator
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from bidding.opening.verification import Proven
from frontend.verifier.given import Given, NotEvidence
from frontend.verifier.published import ACTION, INDEX, STREAM, Files, digest_of, files_of
from frontend.verifier.witnessing import with_witnesses
from storage.kernel.errors import DomainError
from storage.ledger.documents import EntryDocument
from storage.ledger.verification import verify_entry_document

_SECONDS = 30.0
_LARGEST = 64 << 20
_AS_A_BROWSER = {"Accept-Encoding": "identity", "User-Agent": "Mozilla/5.0"}
_SOME_PAGES = ("", "verify", "lots/0/bid")  # each is the client, which knows its own routes


class PagesDiffer(DomainError):
    """What is served, or was built, is not what the ledger tells of."""

    code = "pages-differ"


def pages(address: str, build: Path | None, given: Given) -> Iterator[Proven]:
    """That an address serves the files its ledger tells of, and that these are the reader's own build.

    Raises ``LedgerBroken``, ``CheckpointRefused``, ``PagesDiffer`` naming the files, or ``NotEvidence`` where the
    address does not answer.
    """
    document: EntryDocument = json.loads(_content(address, "api/ledger/client"))
    entry = verify_entry_document(document, given.key or document["key"])
    if (entry.action, entry.stream) != (ACTION, STREAM) or "payload" not in document["entry"]:
        raise PagesDiffer("所给的账本条目不是网页程序的公布 / the entry given tells of no web client")
    payload: Any = document["entry"]["payload"]
    told: Files = payload["files"]
    steps = iter([Proven(f"账本条目 {entry.seq}（{entry.ts}）：网页程序共 {len(told)} 个文件，摘要 {digest_of(told)}",
                         f"ledger entry {entry.seq} tells of the web client's {len(told)} files, by digest")])
    yield from with_witnesses(steps, document["checkpoint"], given)
    _require_same(told, _served(address, told), "这个地址给出的网页文件与账本所记不符")
    yield Proven(f"{address} 此刻给出的每个网页文件都是账本所记的那一个",
                 "every file that this address serves now is the one told of")
    if build is None:
        yield Proven("未给出 --build：这些文件是否由公开的源代码编译而成，请自行编译核对",
                     "no --build: whether these files come from the sources is left to you")
        return
    _require_same(told, files_of(build), "网页程序与您自己编译的不同")
    yield Proven("与您自己由源代码编译的逐字节相同", "byte for byte your own build of the sources")


def _served(address: str, told: Files) -> Files:
    """The digests of what is given out under each name; of pages, of one that differs where one does."""
    found = {name: sha256(_content(address, name)).hexdigest() for name in told if name != INDEX}
    shown = {sha256(_content(address, page)).hexdigest() for page in _SOME_PAGES}
    return found | {INDEX: min(shown - {told.get(INDEX)} or shown)}


def _require_same(told: Files, found: Files, words: str) -> None:
    other = sorted(name for name in told.keys() | found.keys() if told.get(name) != found.get(name))
    if other:
        raise PagesDiffer(words, files="、".join(other))


def _content(address: str, path: str) -> bytes:
    try:
        with urlopen(Request(f"{address.rstrip('/')}/{path}", headers=_AS_A_BROWSER), timeout=_SECONDS) as answer:
            content: bytes = answer.read(_LARGEST)
    except (OSError, HTTPException, ValueError) as error:
        raise NotEvidence(f"{address}/{path}: {error}") from error
    return content
