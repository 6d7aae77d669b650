"""The first two security administrators of a platform: nobody can appoint them, for it takes two who are there."""

from collections.abc import Sequence

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.work import Work
from storage.kernel.actor import PLATFORM
from storage.kernel.errors import Refused
from storage.kernel.rule import require
from trading.parties import rules
from trading.parties.appointing import Ties
from trading.parties.ending import end_sessions
from trading.parties.queries import lock_party, party_of_uscc, refuse_unverified
from trading.parties.records import reader_tags
from trading.parties.tables import Party

ROLE = "security_administrator"
_LOCK = text("select pg_advisory_xact_lock(hashtextextended('yunkai founding', 0))")


async def found_administrators(codes: Sequence[str], uow: Work, ties: Ties) -> list[str]:
    """Makes two verified bodies, by their credit codes, security administrators; answers the names of the new ones.

    Where one body holds the role already (a platform of before that had one administrator), it is one of the two, and
    only the other is new. With two, whatever their status, persons appoint (R-1011). The ledger says that it was the
    operator. Raises ``Refused``, ``NotFound``, ``RulesUnmet``.
    """
    if len(set(codes)) != 2:
        raise Refused("须指定两个不同的单位", reason="two")
    async with uow:
        await uow.session.execute(_LOCK)
        held = await _held(uow.session)
        if len(held) >= 2:
            raise Refused("平台已有两名安全管理员，任免须由两人办理", reason="founded")
        if not held <= set(codes):
            raise Refused("平台已有一名安全管理员，须为所指定的两个单位之一", reason="one-holds-it", holder=min(held))
        subjects = [await lock_party(uow.session, (await party_of_uscc(uow.session, code)).id)
                    for code in codes if code not in held]
        for subject in subjects:
            await _appoint(subject, uow, ties)
        await uow.commit()
        return [subject.name for subject in subjects]


async def _held(session: AsyncSession) -> frozenset[str]:
    """The credit codes of all who hold the role; who is stopped for a while holds it too."""
    return frozenset(await session.scalars(select(Party.uscc).where(Party.staff_roles.contains([ROLE]))))


async def _appoint(subject: Party, uow: Work, ties: Ties) -> None:
    refuse_unverified(subject)
    found = await ties(uow.session, subject.id)
    require((rules.staff_have_no_part_in_lots, rules.staff_have_no_part_in_lots(ROLE, found)))
    subject.staff_roles = [ROLE]
    await end_sessions(uow, subject.id, PLATFORM, "appointed")
    uow.record("party.founded", PLATFORM, stream=f"party:{subject.id}", subject=f"party:{subject.id}",
               payload={"party": str(subject.id), "name": subject.name, "role": ROLE, "by": PLATFORM.name},
               audience=("audit", *reader_tags(subject.id)))
