"""What an export carries of the grounds that its acts name: grounds, evidence, editions of the trust list (R-701)."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening.grounds_verification import named_in
from storage.crypto.canonical import to_base64
from storage.ledger.documents import Export
from storage.ledger.export import entries_about
from trading.trust.queries import evidence_of, validations
from trading.trust.validating import body_of


async def kept_grounds(session: AsyncSession, export: Export) -> dict[str, Any]:
    """``validations``: the grounds, by digest in order; ``evidence``: DER (base64) by SHA-256; ``editions``: proofs of
    the entries of those editions of the list. Only of acts whose payloads this export's readers have."""
    rows = await validations(session, sorted({each.digest for each in named_in(export)}))
    evidence = await evidence_of(session, rows)
    editions = sorted({row.edition for row in rows if row.edition is not None})
    return {
        "validations": [body_of(row) for row in rows],
        "evidence": {name: to_base64(evidence[name]) for name in sorted(evidence)},
        "editions": await entries_about(session, "trust", [f"trust:{each}" for each in editions], export)}
