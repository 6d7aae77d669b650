"""Words on revocation taken in: whose they are, whether they are newer, when to ask again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.chain_signatures import verifies
from storage.crypto.errors import Malformed
from storage.crypto.revocation import CRL, Word, read_crl
from storage.crypto.trust import TrustList
from storage.kernel.errors import Unavailable
from trading.trust.tables import RevocationSource
from trading.trust.validating import keep_evidence

_SOONEST, _LATEST = timedelta(seconds=30), timedelta(hours=6)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=15)


class NotTheirs(Malformed):
    """What came is not the word of a listed CA, or is older than what is held already."""

    code = "not-their-word"


def whose(listed: Any, trust: TrustList) -> Word:
    """The CRL (asn1crypto) as the word of the CA of the list that signed it; raises ``NotTheirs``."""
    for issuer in (*trust.roots, *trust.intermediates):
        word = read_crl(listed, issuer, verifies)
        if word is not None:
            return word
    raise NotTheirs("不是信任列表中机构签发的吊销列表", field="crl")


def due_after(word: Word, now: datetime) -> datetime:
    """When to ask again: after half of the word's term, so that the new one is there before the old one ends."""
    half: datetime = word.this_update + (word.next_update - word.this_update) / 2
    asked: datetime = min(max(half, now + _SOONEST), now + _LATEST)
    return asked


def retry_after(failures: int, now: datetime) -> datetime:
    """When to ask again after so many failures in a row."""
    return now + min(_FIRST_PAUSE * (1 << min(failures, 10)), _LONGEST_PAUSE)


async def take_word(session: AsyncSession, kind: str, scope: str, word: Word, now: datetime, *,
                    due_at: datetime | None) -> None:
    """Notes the word as the newest of its source; the caller commits."""
    await keep_evidence(session, kind, [word.der], now)
    row = {"evidence": word.digest, "this_update": word.this_update, "next_update": word.next_update,
           "checked_at": now, "due_at": due_at, "failures": 0, "failure": ""}
    await session.execute(insert(RevocationSource).values(kind=kind, scope=scope, **row).on_conflict_do_update(
        index_elements=["kind", "scope"], set_=row))


async def absorb_crls(session: AsyncSession, named: Mapping[str, Any], trust: TrustList,
                      now: datetime) -> int:
    """CRLs of the operator's folder, by file name; those of no listed CA are passed over. The caller commits."""
    taken = 0
    for name, listed in named.items():
        try:
            word = whose(listed, trust)
        except (NotTheirs, Unavailable):  # or of a CA whose signatures this machine does not know
            continue
        await take_word(session, CRL, f"file:{name}", word, now, due_at=None)
        taken += 1
    return taken
