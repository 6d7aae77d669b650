"""Calling people to a committee: the draw's inputs from the bank, and who comes next when one leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from evaluation.committees.draw import Draw, Drawn, Pool, candidate_digest, draw_key, pools_of, salt_of
from evaluation.committees.holding import concerned_by, strata_of
from evaluation.committees.model import MemberStatus, Stratum, alias
from evaluation.committees.tables import Committee, CommitteeMember
from evaluation.experts.model import ExpertStatus, Kind, conflicts, covers, lies_in
from evaluation.experts.queries import active_experts, units_of
from evaluation.experts.tables import Expert
from trading.tenders.tables import Lot


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everyone who may be drawn, by digest, with the salts; and by number why others may not."""

    pools: tuple[Pool, ...]
    people: Mapping[str, Expert]
    salts: Mapping[str, str]
    excluded: Mapping[str, str] = field(default_factory=dict)


async def gather_candidates(session: AsyncSession, lot: Lot, committee: Committee, order_key: bytes) -> Candidates:
    """The bank as the draw sees it: active, of the specialty, of the regions, not to be recused (A-220)."""
    concerned = await concerned_by(session, lot, Kind.EXPERT)
    refused = await _left_before(session, committee)
    people: dict[str, Expert] = {}
    salts: dict[str, str] = {}
    excluded: dict[str, str] = {}
    for each in await active_experts(session):
        if not covers(each.specialties, committee.specialty):
            continue
        if each.id in refused or conflicts(units_of(each), concerned):
            excluded[each.number] = "left" if each.id in refused else "recused"
            continue
        salt = salt_of(order_key, lot.code, each.number)
        digest = candidate_digest(lot.code, each.number, salt)
        people[digest], salts[digest] = each, salt
    strata = strata_of(committee)
    found = [[digest for digest, each in people.items() if lies_in(each.region, stratum.region)] for stratum in strata]
    return Candidates(pools_of(strata, found), people, salts, excluded)


async def _left_before(session: AsyncSession, committee: Committee) -> frozenset[object]:
    """Whoever declined or had to go in an earlier round of this lot."""
    gone = (MemberStatus.DECLINED, MemberStatus.RECUSED, MemberStatus.REPLACED)
    query = select(CommitteeMember.expert_id).where(
        CommitteeMember.lot_id == committee.lot_id, CommitteeMember.round < committee.round,
        CommitteeMember.status.in_(gone))
    return frozenset((await session.scalars(query)).all())


def draw_of(drawn: Mapping[str, Any]) -> Draw:
    """The draw out of its published statement."""
    key = draw_key(bytes.fromhex(drawn["seed"]), drawn["set_sha256"], bytes.fromhex(drawn["nonce"]))
    pools = tuple(Pool(Stratum(each["region"], each["count"]), tuple(each["candidates"])) for each in drawn["strata"])
    return Draw(drawn["lot"], drawn["round"], key, pools)


async def next_called(session: AsyncSession, lot: Lot, committee: Committee, stratum: int,
                      order_key: bytes) -> tuple[Drawn | None, Expert | None, list[str]]:
    """The next of a stratum who still may come, and whom the draw named before but who no longer may."""
    draw, called = draw_of(committee.drawn or {}), called_so_far(committee)
    bank = (await session.scalars(select(Expert).where(Expert.kind == Kind.EXPERT))).all()
    people = {candidate_digest(lot.code, each.number, salt_of(order_key, lot.code, each.number)): each
              for each in bank}
    concerned = await concerned_by(session, lot, Kind.EXPERT)
    skipped: list[str] = []
    while (chosen := draw.next(stratum, {*called, *skipped})) is not None:
        person = people[chosen.candidate]
        if person.status == ExpertStatus.ACTIVE and not conflicts(units_of(person), concerned):
            return chosen, person, skipped
        skipped.append(chosen.candidate)
    return None, None, skipped


def called_so_far(committee: Committee) -> set[str]:
    """Every candidate whose turn has come in this round, also one who was passed over."""
    drawn: Sequence[Mapping[str, Any]] = (committee.drawn or {}).get("chosen", [])
    called = {str(each["candidate"]) for each in drawn}
    for each in committee.replaced:
        called |= set(each["skipped"]) | ({each["candidate"]} if each["candidate"] else set())
    return called


def new_member(committee: Committee, person: Expert, place: int, now: datetime, drawn: Drawn | None = None,
               salt: str | None = None) -> CommitteeMember:
    """The row of someone called; a representative has neither stratum nor digest."""
    return CommitteeMember(
        lot_id=committee.lot_id, round=committee.round, place=place, alias=alias(place), capacity=person.kind,
        expert_id=person.id, party_id=person.party_id, name=person.name, number=person.number,
        unit=str(person.units[0]["name"]) if person.units else "", stratum=drawn.stratum if drawn else None,
        candidate=drawn.candidate if drawn else None, salt=salt, status=MemberStatus.INVITED, reason="",
        duties=[], called_at=now)
