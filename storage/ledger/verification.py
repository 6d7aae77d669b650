"""Checks everything the ledger hands out, with no database: entries, streams, proofs, checkpoints, bundles.

Every function raises ``LedgerBroken`` (fact ``seq`` names the first bad entry) or ``CheckpointRefused``.
"""

import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import msgspec

from storage.ledger.chain import BlockSummary, Chain, Flaw, condensed, summarise
from storage.ledger.checkpoints import parse_verifier_key, verify_checkpoint
from storage.ledger.documents import EntryDocument, EntryProof, Export, SealedAct, SealedDocument
from storage.ledger.merkle import EMPTY_ROOT, consistency_holds, inclusion_holds
from storage.ledger.model import (
    BATCH_ACTION,
    FORMAT_VERSION,
    ZERO_HASH,
    Entry,
    LedgerBroken,
    canonical,
    leaf_hash,
    payload_digest,
    payload_text,
)
from storage.ledger.model import SealedAct as SealedHead
from storage.ledger.notes import Checkpoint
from storage.ledger.sealed_batch import SealedProof, sealed_proof_holds

# What an entry or a sealed act may come with.
_MEMBERS = {"entry", "act", "leaf", "proof", "position", "siblings", "batch", "payload", "salt"}
BLOCK_BYTES = 1 << 18  # what a block becomes in memory still fits a core's cache: half as fast again as 2 MiB
# A fresh interpreter would first import all that the programme imported, for seconds.
_METHOD = "fork" if sys.platform == "linux" else "spawn"
_TASK_BLOCKS = 32  # blocks handed to a process at once


@dataclass(frozen=True, slots=True)
class Verified:
    """What was shown: entries and sealed acts checked, payloads opened, and the checkpoint they rest on."""

    checkpoint: Checkpoint
    entries: int
    payloads: int
    sealed: int


def verify_log(blocks: Iterable[bytes], log: str, held: Sequence[Checkpoint] = ()) -> Chain:
    """Checks a whole log, in blocks of one entry a line, from entry 0, against held checkpoints.

    The checkpoints were verified before and come in any number and order. A log that was rewritten and
    chained anew is caught by the first one it no longer fits; one whose tail was cut, by the first
    that counts more entries.
    """
    sizes = sorted({checkpoint.size for checkpoint in held})
    return _joined((summarise(block, sizes) for block in blocks), log, held)


def verify_log_file(path: Path, log: str, held: Sequence[Checkpoint] = (), *, workers: int = 1) -> Chain:
    """As ``verify_log`` for a file of one entry a line; each of ``workers`` processes reads its own parts.

    More than one only from a programme without threads: it is forked where that is safe.
    """
    sizes = sorted({checkpoint.size for checkpoint in held})
    if workers <= 1:
        return _joined(_summaries(path, 0, path.stat().st_size, sizes), log, held)
    with ProcessPoolExecutor(workers, get_context(_METHOD)) as pool:
        return _joined(_spread(pool, workers, path, sizes), log, held)


def _summaries(path: Path, start: int, end: int, sizes: Sequence[int]) -> Iterator[BlockSummary | Flaw]:
    """The blocks of whole lines between two offsets."""
    with path.open("rb") as file:
        file.seek(start)
        while start < end:
            block = file.read(min(BLOCK_BYTES, end - start))
            if start + len(block) < end:
                block += file.readline()
            start += len(block)
            yield summarise(block, sizes)


def _summarise_part(path: Path, start: int, end: int, sizes: Sequence[int]) -> list[BlockSummary | Flaw]:
    return condensed(_summaries(path, start, end, sizes))


def _parts(path: Path) -> Iterator[tuple[int, int]]:
    """Where the parts of a file begin and end, each of whole lines, for one process at a time."""
    size, start = path.stat().st_size, 0
    with path.open("rb") as file:
        while start < size:
            file.seek(start + BLOCK_BYTES * _TASK_BLOCKS)
            file.readline()
            end = min(file.tell(), size)
            yield start, end
            start = end


def _spread(pool: ProcessPoolExecutor, workers: int, path: Path,
            sizes: Sequence[int]) -> Iterator[BlockSummary | Flaw]:
    waiting: deque[Future[list[BlockSummary | Flaw]]] = deque()
    for start, end in _parts(path):
        waiting.append(pool.submit(_summarise_part, path, start, end, sizes))
        if len(waiting) > 4 * workers:
            yield from waiting.popleft().result()
    while waiting:
        yield from waiting.popleft().result()


def _joined(summaries: Iterable[BlockSummary | Flaw], log: str, held: Sequence[Checkpoint]) -> Chain:
    roots, chain = {0: EMPTY_ROOT}, Chain(log)
    for summary in summaries:
        chain.accept(summary, roots)
    sound = 0
    for checkpoint in sorted(held, key=lambda item: item.size):
        if checkpoint.origin != log:
            raise LedgerBroken("检查点属于另一账本", seq=None)
        if checkpoint.size > chain.size:
            raise LedgerBroken(f"条目 {chain.size} 起缺失：检查点计有 {checkpoint.size} 条", seq=chain.size)
        if roots[checkpoint.size] != checkpoint.root:
            raise LedgerBroken(f"条目 {sound} 至 {checkpoint.size - 1} 被改写：与所持检查点不符", seq=sound)
        sound = checkpoint.size
    return chain


def decode_entry(text: str) -> Entry:
    """The entry of its canonical text; raises ``LedgerBroken`` for any other bytes."""
    try:
        entry = msgspec.json.decode(text, type=Entry)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise LedgerBroken("条目无法解析", seq=None) from error
    if canonical(entry).decode() != text:
        raise LedgerBroken("条目不是规范的字节", seq=entry.seq)
    return entry


def decode_sealed_act(text: str) -> SealedHead:
    """The head of a sealed act; raises ``LedgerBroken`` for what is none."""
    try:
        return msgspec.json.decode(text, type=SealedHead)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise LedgerBroken("密封动作无法解析", seq=None) from error


def verify_entry(proof: EntryProof, checkpoint: Checkpoint) -> Entry:
    """One entry: canonical, in the tree of the checkpoint, and its payload (where given) the one digested."""
    entry = decode_entry(proof["entry"])
    leaf = leaf_hash(proof["entry"].encode())
    siblings = [_hash(text, entry.seq) for text in proof["proof"]]
    if entry.log != checkpoint.origin:
        raise LedgerBroken("条目属于另一账本", seq=entry.seq)
    if leaf.hex() != proof["leaf"] or not inclusion_holds(leaf, entry.seq, checkpoint.size, siblings, checkpoint.root):
        raise LedgerBroken(f"条目 {entry.seq} 不在检查点之内", seq=entry.seq)
    _verify_payload(proof, entry.payload_sha256, entry.seq)
    return entry


def _hash(text: str, seq: int | None) -> bytes:
    try:
        value = bytes.fromhex(text)
    except ValueError as error:
        raise LedgerBroken("散列格式有误", seq=seq) from error
    if len(value) != 32 or value.hex() != text:
        raise LedgerBroken("散列格式有误", seq=seq)
    return value


def _verify_payload(given: Mapping[str, object], digest: str, seq: int | None) -> bool:
    payload, salt = given.get("payload"), given.get("salt")
    if not set(given) <= _MEMBERS:
        raise LedgerBroken("条目带有不认识的内容", seq=seq)
    if payload is None and salt is None:
        return False
    if payload is None or not isinstance(salt, str):
        raise LedgerBroken("内容与盐值须一并出示", seq=seq)
    if not isinstance(payload, Mapping) or payload_digest(payload_text(payload), bytes.fromhex(salt)) != digest:
        raise LedgerBroken("内容与摘要不符", seq=seq)
    return True


def verify_sealed_act(act: SealedAct, batch: EntryProof, checkpoint: Checkpoint) -> SealedHead:
    """One sealed act: canonical, in its batch, and the batch in the checkpoint. The batch's payload is needed."""
    entry = verify_entry(batch, checkpoint)
    try:
        head = msgspec.json.decode(act["act"], type=SealedHead)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise LedgerBroken("密封动作无法解析", seq=entry.seq) from error
    leaf = leaf_hash(act["act"].encode())
    proof = SealedProof(act["position"], tuple(_hash(text, entry.seq) for text in act["siblings"]))
    root = _hash(_batch_root(batch, entry), entry.seq)
    sound = canonical(head).decode() == act["act"] and leaf.hex() == act["leaf"]
    if not sound or act["batch"] != entry.seq or not sealed_proof_holds(leaf, proof, root):
        raise LedgerBroken(f"密封动作不在批次 {entry.seq} 之内", seq=entry.seq)
    _verify_payload(act, head.payload_sha256, entry.seq)
    return head


def _batch_root(batch: EntryProof, entry: Entry) -> str:
    payload = batch.get("payload")
    if entry.action != BATCH_ACTION or not isinstance(payload, Mapping) or not isinstance(payload.get("root"), str):
        raise LedgerBroken("不是密封批次", seq=entry.seq)
    # Without its salt the payload would be the document's own word, and any root would do.
    if not _verify_payload(batch, entry.payload_sha256, entry.seq):
        raise LedgerBroken("密封批次未出示其根", seq=entry.seq)
    return str(payload["root"])


def checkpoint_of(document: EntryDocument | SealedDocument | Export, key: str) -> Checkpoint:
    """The document's checkpoint, signed by the pinned ``key`` (``checkpoints.verifier_key``), never by its own word."""
    name, public = parse_verifier_key(key)
    if document["v"] != FORMAT_VERSION or document["log"] != name or document["key"] != key.strip():
        raise LedgerBroken("文件属于另一账本、公钥或版本", seq=None)
    return verify_checkpoint(document["checkpoint"], name, public)


def verify_entry_document(document: EntryDocument, key: str) -> Entry:
    """An entry's receipt, alone and offline."""
    return verify_entry(document["entry"], checkpoint_of(document, key))


def verify_sealed_document(document: SealedDocument, key: str) -> SealedHead:
    """A sealed act's receipt, alone and offline."""
    return verify_sealed_act(document["act"], document["batch"], checkpoint_of(document, key))


def verify_export(document: Export, key: str) -> Verified:
    """A bundle: every entry proven, each stream unbroken, every payload and sealed act given checked."""
    checkpoint = checkpoint_of(document, key)
    heads: dict[str, str] = {}
    for proof in document["entries"]:
        entry = verify_entry(proof, checkpoint)
        if document["stream"] not in (None, entry.stream):
            raise LedgerBroken(f"条目 {entry.seq} 属于另一流", seq=entry.seq)
        if heads.get(entry.stream, ZERO_HASH) != entry.stream_prev:
            raise LedgerBroken(f"条目 {entry.seq} 未承接本流前一条目", seq=entry.seq)
        heads[entry.stream] = proof["leaf"]
    batches = {decode_entry(batch["entry"]).seq: batch for batch in document["batches"]}
    for act in document["sealed"]:
        if act["batch"] not in batches:
            raise LedgerBroken("缺少密封批次", seq=act["batch"])
        head = verify_sealed_act(act, batches[act["batch"]], checkpoint)
        if document["stream"] not in (None, head.stream):
            raise LedgerBroken("密封动作属于另一流", seq=act["batch"])
    opened = sum(1 for item in (*document["entries"], *document["sealed"]) if item.get("payload") is not None)
    return Verified(checkpoint, len(document["entries"]), opened, len(document["sealed"]))


def verify_growth(older: str, newer: str, proof: Sequence[str], key: str) -> tuple[Checkpoint, Checkpoint]:
    """Two signed checkpoints of one log: the newer only added entries. Raises ``LedgerBroken`` when it did not."""
    name, public = parse_verifier_key(key)
    old, new = verify_checkpoint(older, name, public), verify_checkpoint(newer, name, public)
    hashes = [_hash(text, None) for text in proof]
    if not consistency_holds(old.size, new.size, hashes, old.root, new.root):
        raise LedgerBroken("两个检查点不一致：账本被改写", seq=None)
    return old, new
