"""A checkpoint as papers, notices and pages print it: how many entries, which root, a code that leads to its check."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.canonical import Json
from storage.ledger.notes import parse_checkpoint
from storage.ledger.queries import latest_checkpoint


async def printed_checkpoint(session: AsyncSession) -> dict[str, Json] | None:
    """``{size, root}`` (root in hex) of the newest checkpoint: the log as it was before the act that prints it."""
    found = await latest_checkpoint(session)
    return {"size": found.size, "root": found.root.hex()} if found else None


def printed_of_note(note: str) -> dict[str, Json]:
    """``{size, root}`` of a checkpoint's note."""
    found = parse_checkpoint(note)
    return {"size": found.size, "root": found.root.hex()}


def in_words(printed: Mapping[str, object] | None) -> str:
    """For papers."""
    return f"前 {printed['size']} 条，根 {printed['root']}" if printed else "尚无检查点"


def in_fragment(printed: Mapping[str, object] | None) -> str:
    """For the address in a code, after other words of it; the fragment never reaches a server."""
    return f"&size={printed['size']}&root={printed['root']}" if printed else ""
