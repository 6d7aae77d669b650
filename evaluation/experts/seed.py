"""The demo's expert bank: nine experts of two cities and several units, two representatives of the demo's tenderee."""

from sqlalchemy import select

from evaluation.experts.commands import EnterExpert, UnitGiven, add_entry, verified
from evaluation.experts.model import ExpertStatus, Kind
from evaluation.experts.queries import expert_of_party
from storage.crypto.demo_pki import demo_uscc
from storage.database.work import Work, Works
from storage.kernel.actor import PLATFORM
from trading.parties.seed import BODIES, DemoBody
from trading.parties.tables import Party

_CONSTRUCTION = "A08"
_HERE, _ELSEWHERE = "320700", "320500"
# The last of them works for one of the demo's bidders, so that a recusal is seen.
_UNITS = ("演示海州建筑设计院", "演示海州建筑设计院", "演示连云港市政协会", "演示云港工程大学", "演示云港工程大学",
          "演示姑苏勘察设计院", "演示姑苏勘察设计院", "演示太湖建设监理有限公司", "演示东海路桥工程有限公司")
_AT_HOME = 5


async def seed_experts(work: Works) -> None:
    """Enters the demo's experts and representatives as verified; again does nothing."""
    for body in BODIES:
        if body.role in set(Kind):
            await _enter(body, work())


async def _enter(body: DemoBody, uow: Work) -> None:
    async with uow:
        query = select(Party).where(Party.uscc == demo_uscc(body.name))
        person = (await uow.session.scalars(query)).one()
        if await expert_of_party(uow.session, person.id) is not None:
            return
        held = await add_entry(uow, person.id, _entry(body), PLATFORM, is_demo=True)
        await verified(uow, held, ExpertStatus.ACTIVE, PLATFORM)
        await uow.commit()


def _entry(body: DemoBody) -> EnterExpert:
    """What the bank holds of a demo person; the certificate is bound already."""
    place = int(body.file.rpartition("-")[2]) - 1
    if body.role == Kind.REPRESENTATIVE:
        tenderee = next(each.name for each in BODIES if each.role == "tenderee")
        return EnterExpert(kind=Kind.REPRESENTATIVE, certificate="", name=body.name, region=_HERE,
                           units=[UnitGiven(tenderee, demo_uscc(tenderee))])
    unit = _UNITS[place]
    return EnterExpert(
        kind=Kind.EXPERT, certificate="", name=body.name, region=_HERE if place < _AT_HOME else _ELSEWHERE,
        specialties=[_CONSTRUCTION], title="高级工程师", is_senior=True, years=10 + place,
        units=[UnitGiven(unit, demo_uscc(unit))])
