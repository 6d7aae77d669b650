"""The JSON documents that carry ledger evidence out of the platform. Hashes and salts are lower-case hex."""

from typing import NotRequired, TypedDict

Json = object


class FeedItem(TypedDict):
    """One message of the live feed; ``salt`` and ``payload`` are null for whoever is not in the audience."""

    seq: int
    entry: str
    leaf: str
    salt: str | None
    payload: Json


class EntryProof(TypedDict):
    """An entry and its inclusion proof; payload and salt where the reader may have them."""

    entry: str
    leaf: str
    proof: list[str]
    payload: NotRequired[Json]
    salt: NotRequired[str]


class SealedAct(TypedDict):
    """A sealed act, and the seq of the ``sealed.batch`` entry it stands in."""

    act: str
    leaf: str
    position: int
    siblings: list[str]
    batch: int
    payload: NotRequired[Json]
    salt: NotRequired[str]


class EntryDocument(TypedDict):
    """All that proves one entry offline: the receipt of an open act."""

    v: int
    log: str
    key: str
    checkpoint: str
    entry: EntryProof


class SealedDocument(TypedDict):
    """All that proves one sealed act offline: what a bid's receipt carries."""

    v: int
    log: str
    key: str
    checkpoint: str
    act: SealedAct
    batch: EntryProof


class Export(TypedDict):
    """A stream (or, with ``stream`` null, the whole log) with everything needed to check it."""

    v: int
    log: str
    key: str
    checkpoint: str
    stream: str | None
    entries: list[EntryProof]
    batches: list[EntryProof]
    sealed: list[SealedAct]
