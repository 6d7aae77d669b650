"""Staff are appointed and dismissed by two persons, never while tied to a lot under way (R-200, R-1011)."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound, Refused
from storage.kernel.identifiers import new_id
from storage.kernel.rule import require
from trading.parties import rules
from trading.parties.ending import end_sessions
from trading.parties.keys import forget_keys
from trading.parties.model import Act, ProposalStatus
from trading.parties.permissions import may, permit, permit_reading_appointments
from trading.parties.queries import lock_party, refuse_unverified
from trading.parties.records import reader_tags
from trading.parties.requests import Appointed, Reason
from trading.parties.tables import AppointmentProposal, Party

# How a party is tied to lots under way: "custodian", "owner" (tenderee or agency), "bidder"; each room says its own.
Ties = Callable[[AsyncSession, UUID], Awaitable[Iterable[str]]]
PUBLIC_TIES = frozenset({"custodian", "owner"})
FORGET_KEYS = "forget_keys"
_MOST = 200


class ProposalView(msgspec.Struct):
    """An appointment as those who decide see it; ``may``: approve, refuse (for one's own: take back)."""

    id: str
    party_id: str
    name: str
    role: str | None
    reason: str
    status: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision_reason: str
    is_mine: bool
    may: list[str]


async def propose_appointment(party_id: UUID, command: Appointed, actor: Actor, uow: Work, ties: Ties) -> UUID:
    """Notes who is to get which staff role, or to lose it; nothing changes by it yet.

    Ties that everybody can read are judged now. Whether somebody bids is judged when the other person approves, so that
    nobody learns it alone by proposing (R-122).
    """
    permit(actor, Act.APPOINT, party_id)
    async with uow:
        subject = await lock_party(uow.session, party_id)
        role = _office(subject, command.role)
        found = PUBLIC_TIES & set(await ties(uow.session, party_id))
        require((rules.staff_have_no_part_in_lots, rules.staff_have_no_part_in_lots(role, found)))
        made = AppointmentProposal(
            id=new_id(), party_id=party_id, role=command.role or "", reason=command.given_reason(),
            status=ProposalStatus.WAITING, proposed_by=actor.id, proposed_by_name=actor.name,
            proposed_at=await uow.now(), decision_reason="")
        uow.session.add(made)
        _note(uow, "appointment.proposed", actor, subject, made)
        await uow.commit()
        return made.id


def _office(subject: Party, asked: str | None) -> str | None:
    """The office that is to be given, None when none is; raises ``Refused`` for who is not verified or was stopped."""
    role = asked if asked and asked != FORGET_KEYS else None
    if role is not None:
        refuse_unverified(subject)
    return role


async def appointments(session: AsyncSession, actor: Actor) -> list[ProposalView]:
    """Every proposal, those that wait first, then the newest."""
    permit_reading_appointments(actor)
    query = (select(AppointmentProposal, Party.name).join(Party, Party.id == AppointmentProposal.party_id)
             .order_by((AppointmentProposal.status == ProposalStatus.WAITING).desc(),
                       AppointmentProposal.proposed_at.desc()).limit(_MOST))
    return [_view(proposal, name, actor) for proposal, name in await session.execute(query)]


def _view(held: AppointmentProposal, name: str, actor: Actor) -> ProposalView:
    is_mine = held.proposed_by == actor.id
    is_open = held.status == ProposalStatus.WAITING and may(actor, Act.DECIDE, held.party_id)
    return ProposalView(
        id=str(held.id), party_id=str(held.party_id), name=name, role=held.role or None, reason=held.reason,
        status=held.status, proposed_by=held.proposed_by_name, proposed_at=held.proposed_at,
        decided_by=held.decided_by_name, decided_at=held.decided_at, decision_reason=held.decision_reason,
        is_mine=is_mine, may=[] if not is_open else ["refuse"] if is_mine else ["approve", "refuse"])


async def approve_appointment(proposal_id: UUID, command: Reason, actor: Actor, uow: Work, ties: Ties) -> None:
    """Another person approves, and the role changes; every session of the appointed ends with it.

    Raises ``RulesUnmet`` R-1011 for the same person, R-200/2 for who is tied to a lot under way.
    """
    async with uow:
        proposal, subject = await _waiting(uow, proposal_id, actor)
        role = _office(subject, proposal.role)
        found = set(await ties(uow.session, subject.id))
        require((rules.another_person_decides, rules.another_person_decides(proposal.proposed_by, actor.id)),
                (rules.staff_have_no_part_in_lots, rules.staff_have_no_part_in_lots(role, found)))
        await _decide(uow, proposal, ProposalStatus.APPROVED, command.reason.strip(), actor)
        if proposal.role == FORGET_KEYS:
            await forget_keys(uow, subject.id)
        else:
            subject.staff_roles = [role] if role else []
        await end_sessions(uow, subject.id, actor, "appointed")
        _note(uow, "keys.forgotten" if proposal.role == FORGET_KEYS else "party.appointed", actor, subject, proposal)
        await uow.commit()


async def refuse_appointment(proposal_id: UUID, command: Reason, actor: Actor, uow: Work) -> None:
    """Another person refuses, with a reason; or who proposed takes it back."""
    async with uow:
        proposal, subject = await _waiting(uow, proposal_id, actor)
        status = ProposalStatus.TAKEN_BACK if proposal.proposed_by == actor.id else ProposalStatus.REFUSED
        await _decide(uow, proposal, status, command.given_reason(), actor)
        _note(uow, "appointment.refused", actor, subject, proposal)
        await uow.commit()


async def _waiting(uow: Work, proposal_id: UUID, actor: Actor) -> tuple[AppointmentProposal, Party]:
    query = select(AppointmentProposal).where(AppointmentProposal.id == proposal_id).with_for_update()
    proposal = (await uow.session.execute(query)).scalar_one_or_none()
    if proposal is None:
        permit(actor, Act.DECIDE)
        raise NotFound("没有这项任免提议")
    permit(actor, Act.DECIDE, proposal.party_id)
    if proposal.status != ProposalStatus.WAITING:
        raise Refused("这项任免已经处理", status=proposal.status)
    return proposal, await lock_party(uow.session, proposal.party_id)


async def _decide(uow: Work, proposal: AppointmentProposal, status: ProposalStatus, reason: str, actor: Actor) -> None:
    proposal.status, proposal.decision_reason = status, reason
    proposal.decided_by, proposal.decided_by_name, proposal.decided_at = actor.id, actor.name, await uow.now()


def _note(uow: Work, action: str, actor: Actor, subject: Party, proposal: AppointmentProposal) -> None:
    uow.record(action, actor, stream=f"party:{subject.id}", subject=f"party:{subject.id}",
               payload={"party": str(subject.id), "name": subject.name, "role": proposal.role or None,
                        "proposal": str(proposal.id), "reason": proposal.decision_reason or proposal.reason,
                        "proposed_by": proposal.proposed_by_name, "by": actor.name, "status": proposal.status},
               audience=("audit", *reader_tags(subject.id)))
