"""What a sequencer does before it writes or signs: replay the whole stored log against its own checkpoints."""

import asyncio

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from storage.ledger.appending import Connection
from storage.ledger.chain import Chain, summarise
from storage.ledger.checkpoints import verify_checkpoint
from storage.ledger.model import LedgerBroken

_BLOCK_ROWS = 4096


async def rebuild(connection: Connection, log: str, public: Ed25519PublicKey) -> tuple[Chain, int]:
    """The chain as stored, and the size of the last checkpoint.

    Every entry is hashed again and compared with its stored leaf, every link and every stored
    checkpoint root is checked, and the last note must bear our signature. Raises ``LedgerBroken``
    or ``CheckpointRefused``.
    """
    async with connection.transaction():
        held = await (await connection.execute("SELECT size, root FROM ledger_checkpoint ORDER BY size")).fetchall()
        chain, roots = Chain(log), dict[int, bytes]()
        sizes = [row[0] for row in held]
        async with connection.cursor(name="ledger_rebuild") as cursor:
            await cursor.execute("SELECT entry, leaf FROM ledger_entry ORDER BY seq")
            while rows := await cursor.fetchmany(_BLOCK_ROWS):
                block = "".join(f"{row[0]}\n" for row in rows).encode()
                leaves = b"".join(row[1] for row in rows)
                chain.accept(await asyncio.to_thread(summarise, block, sizes, leaves), roots)
        _compare(roots, [(row[0], bytes(row[1])) for row in held], chain.size)
        await _require_own_signature(connection, log, public)
    return chain, sizes[-1] if sizes else 0


def _compare(roots: dict[int, bytes], held: list[tuple[int, bytes]], size: int) -> None:
    sound = 0
    for counted, root in held:
        if counted > size:
            raise LedgerBroken(f"条目 {size} 起缺失：检查点计有 {counted} 条", seq=size)
        if roots[counted] != root:
            raise LedgerBroken(f"条目 {sound} 至 {counted - 1} 与检查点不符", seq=sound)
        sound = counted


async def _require_own_signature(connection: Connection, log: str, public: Ed25519PublicKey) -> None:
    query = "SELECT size, root, note FROM ledger_checkpoint ORDER BY size DESC LIMIT 1"
    row = await (await connection.execute(query)).fetchone()
    if row is None:
        return
    checkpoint = verify_checkpoint(row[2], log, public)
    if (checkpoint.size, checkpoint.root) != (row[0], bytes(row[1])):
        raise LedgerBroken("最近的检查点与其签名不符", seq=None)
