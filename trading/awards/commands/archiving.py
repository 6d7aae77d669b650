"""The lot's file is closed: its package is whole, and what was held is given back (R-810, R-811)."""

from collections.abc import Mapping
from dataclasses import replace

from storage.database.work import Work
from storage.kernel.actor import Actor
from trading.awards.acts import AwardAct
from trading.awards.award_file import facts_of, load
from trading.awards.tables import Award
from trading.tenders.model import Act
from trading.tenders.tables import Lot


async def archive_lot(uow: Work, lot: Lot, *, package_sha256: str, tests: Mapping[str, bool],
                      refunds_are_settled: bool, actor: Actor) -> Award:
    """CONTRACTED becomes ARCHIVED, in the caller's unit of work, which holds the lot FOR UPDATE and commits.

    ``package_sha256``: of the package as handed over; ``tests``: authenticity, integrity, usability, safety.
    Raises ``RulesUnmet`` BL-46, R-811, R-811/2; ``Conflict`` when it is archived already.
    """
    file = await load(uow.session, lot, actor, await uow.now())
    facts = replace(facts_of(file), package_tests=tests, refunds_are_settled=refunds_are_settled)
    file.move(AwardAct.ARCHIVE, Act.ARCHIVE, facts)
    file.award.package_sha256, file.award.archived_at = package_sha256, file.now
    uow.record("lot.archived", actor, stream=file.stream, subject=file.stream, payload={
        "lot": lot.code, "package_sha256": package_sha256, "tests": dict(sorted(tests.items())), "by": actor.name})
    return file.award
