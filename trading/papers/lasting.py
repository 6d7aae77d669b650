"""Time stamps that renew themselves: signed files are noted with the end of their last stamp, and get a further one
long before it, wherever the authority's stamps last longer by now.

Chores of any node; a file is claimed before it is worked on, so nodes share the work. The file that was signed, whose
digest the ledger names, stays; the renewed one lies beside it and begins with the same bytes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import structlog
from sqlalchemy import Select, select, update
from sqlalchemy.dialects.postgresql import insert

from storage.crypto.errors import Malformed, TimestampRefused
from storage.crypto.pdf_lasting import LastStamp, last_stamp_of, own_trust, restamp
from storage.crypto.pdf_signing import Evidence
from storage.crypto.pdf_validation import validate_paper
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.timestamps import end_of
from storage.crypto.tsa import TimestampAuthority
from storage.database.engine import Sessions
from storage.database.fault_points import reach
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM
from storage.kernel.clock import process_now, to_wire
from storage.kernel.errors import DomainError, NotFound
from storage.kernel.identifiers import new_id
from storage.ledger.stamping import last_stamp
from storage.ledger.tables import PLATFORM_STREAM
from storage.objects.store import ObjectStore
from trading.papers.tables import LastingFile
from trading.tenders.disclosure import Subject, is_sealed
from trading.trust.queries import trust_at

LEAD = timedelta(days=180)  # how long before its end a stamp is followed by another
GAIN = timedelta(days=30)  # a further stamp that lasts hardly longer would only have to be followed again
_CLAIM, _LONGEST = timedelta(minutes=10), timedelta(days=1)
_AT_ONCE, _NOTED_AT_ONCE, _LARGEST = 20, 1000, 64 << 20
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Renewing:
    """What renewal needs beside the database. ``authority`` is asked for the further stamps."""

    store: ObjectStore
    keys: PlatformKeys
    authority: TimestampAuthority


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A file whose stamp is to be followed; ``newest``: where its newest form lies."""

    key: str
    newest: str
    until: datetime
    renewals: int


async def note_files(sessions: Sessions, store: ObjectStore, named: Sequence[Select[str] | Select[str | None]],
                     prefixes: Collection[str]) -> int:
    """Notes signed files that are not noted yet, with the end of their last stamp; answers how many.

    ``named``: the keys of finished files, by the rooms they belong to; ``prefixes``: under which all files are such.
    """
    async with sessions() as session:
        known = set(await session.scalars(select(LastingFile.key)))
        found = [key for query in named for key in await session.scalars(query) if key is not None]
    found += [each.key for prefix in prefixes for each in await store.list_objects(prefix)]
    noted = 0
    for key in [each for each in dict.fromkeys(found) if each not in known][:_NOTED_AT_ONCE]:
        noted += await _note(sessions, store, key)
    return noted


async def _note(sessions: Sessions, store: ObjectStore, key: str) -> bool:
    try:
        last = last_stamp_of(await store.get_range(key, 0, _LARGEST))
    except (Malformed, NotFound) as error:
        _LOG.warning("stamps.unreadable", key=key, kind=type(error).__name__)
        return False
    async with sessions() as session, session.begin():
        await session.execute(insert(LastingFile).values(
            key=key, stamped_until=last.ends_at if last else None, authority=last.authority if last else "",
            renewals=0, retry_at=process_now(), failures=0, last_error="").on_conflict_do_nothing())
    return True


async def renew_stamps(works: Works, tools: Renewing) -> int:
    """Puts further stamps over files whose last one ends within half a year; answers over how many.

    What fails is noted with its reason and tried again, ever more slowly, daily at last.
    """
    made = 0
    for _ in range(_AT_ONCE):
        claimed = await _claim(works)
        if claimed is None:
            break
        made += await _renew(claimed, works, tools)
    return made


async def _claim(works: Works) -> _Claimed | None:
    """The file whose stamp ends first, where the authority's newest stamp of the ledger lasts longer."""
    async with works() as uow:
        now, newest = await uow.now(), await last_stamp(uow.session)
        if newest is None:
            return None
        limit = min(now + LEAD, end_of(newest.token) - GAIN)
        row = await uow.session.scalar(
            select(LastingFile).where(LastingFile.stamped_until < limit, LastingFile.retry_at <= now)
            .order_by(LastingFile.stamped_until).limit(1).with_for_update(skip_locked=True))
        if row is None or row.stamped_until is None:
            return None
        claimed = _Claimed(row.key, row.renewed_key or row.key, row.stamped_until, row.renewals)
        await uow.session.execute(update(LastingFile).where(LastingFile.key == row.key).values(
            retry_at=now + _CLAIM).execution_options(synchronize_session=False))
        await uow.commit()
        return claimed


async def _renew(claimed: _Claimed, works: Works, tools: Renewing) -> bool:
    try:
        renewed, last = await _stamped(claimed, works, tools)
        key = f"restamped/{new_id()}.pdf"
        await tools.store.put(key, renewed, "application/pdf")
        return await _keep(claimed, key, renewed, last, works)
    except Exception as error:  # one file that cannot be renewed must not stop the others
        # Only our own errors speak: a library's message may quote anything.
        await _fail(claimed, works, f"{error.code}: {error.message}" if isinstance(error, DomainError)
                    else type(error).__name__)
        return False


async def _stamped(claimed: _Claimed, works: Works, tools: Renewing) -> tuple[bytes, LastStamp]:
    pdf, at = await tools.store.get_range(claimed.newest, 0, _LARGEST), process_now()
    async with works() as uow:
        trust = own_trust(tools.keys, at).joined(await trust_at(uow.session, await uow.now()))
    renewed = await restamp(pdf, Evidence(trust, at), tools.authority)
    last = last_stamp_of(renewed)
    if last is None or last.ends_at < claimed.until + GAIN:
        raise TimestampRefused("时间戳机构的新时间戳并不更长", authority=last.authority if last else "")
    if not (await validate_paper(renewed, trust, process_now())).stamps[-1].is_trusted:
        raise TimestampRefused("新时间戳的机构不在信任列表中，或其有效性无从证明", authority=last.authority)
    return renewed, last


async def _keep(claimed: _Claimed, key: str, renewed: bytes, last: LastStamp, works: Works) -> bool:
    """False where another node was first. Recorded under seal: a receipt's number and hour would tell of bids."""
    async with works() as uow:
        row = await uow.session.get_one(LastingFile, claimed.key, with_for_update=True)
        if row.renewals != claimed.renewals:
            return False
        row.renewed_key, row.renewals, row.stamped_until = key, row.renewals + 1, last.ends_at
        row.authority, row.failures, row.last_error, row.retry_at = last.authority, 0, "", await uow.now()
        uow.record("paper.restamped", PLATFORM, stream=PLATFORM_STREAM, subject="stamps",
                   sealed=is_sealed(Subject.BIDS), audience=("auditor", "supervisor"), payload={
                       "key": claimed.key, "sha256": sha256(renewed).hexdigest(), "size": len(renewed),
                       "authority": last.authority, "until": to_wire(last.ends_at), "renewal": row.renewals})
        reach("paper.restamping")
        await uow.commit()
        return True


async def _fail(claimed: _Claimed, works: Works, reason: str) -> None:
    _LOG.warning("stamps.not_renewed", key=claimed.key, reason=reason)
    async with works() as uow:
        row = await uow.session.get_one(LastingFile, claimed.key)
        wait = min(timedelta(minutes=2 ** min(row.failures, 12)), _LONGEST)
        await _set(uow, claimed, failures=row.failures + 1, last_error=reason, retry_at=await uow.now() + wait)


async def _set(uow: Work, claimed: _Claimed, **values: object) -> None:
    await uow.session.execute(update(LastingFile).where(
        LastingFile.key == claimed.key, LastingFile.renewals == claimed.renewals).values(**values)
        .execution_options(synchronize_session=False))
    await uow.commit()
