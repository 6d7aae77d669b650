"""Changing the trust list: one person proposes, another decides, and a new edition begins (R-700)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text

from storage.database.work import Work
from storage.kernel.actor import PLATFORM, Actor
from storage.kernel.clock import to_wire
from storage.kernel.errors import Conflict, NotAllowed, Refused
from storage.kernel.identifiers import new_id
from storage.kernel.rule import require
from trading.trust import rules
from trading.trust.model import AFTER, Act, Authority, Planned, ProposalStatus, applied, editions_after
from trading.trust.permissions import DECIDERS, permit
from trading.trust.queries import listed_at, lock_proposal
from trading.trust.reading import entry_digest, list_digest, presented, published, restored, stored
from trading.trust.requests import Decide, ProposeChange, ProposeImport
from trading.trust.tables import TrustEdition, TrustProposal

STREAM = "trust"
_LOCK = text("select pg_advisory_xact_lock(hashtextextended('yunkai trust list', 0))")


async def seed_list(authorities: Sequence[Authority], uow: Work) -> bool:
    """Edition 1 from the operator's folder, where there is no edition yet; whether it was made.

    The platform's beginning cannot be signed by two, for nobody can sign in before it; the ledger says that it was so.
    """
    async with uow:
        await uow.session.execute(_LOCK)
        if not authorities or await _highest(uow):
            return False
        now = await uow.now()
        require((rules.certificates_belong_to_one, rules.certificates_belong_to_one(authorities)))
        _enter(uow, 1, Planned(now, tuple(authorities), applied((), authorities)), now, None, PLATFORM)
        await uow.commit()
    return True


async def propose_change(command: ProposeChange, actor: Actor, uow: Work) -> UUID:
    """Notes the change; nothing is recognised by it yet."""
    permit(actor, Act.PROPOSE)
    return await _propose([each.as_authority() for each in command.changes], command.reason, command.effective_at,
                          actor, uow)


async def propose_import(command: ProposeImport, folder: Sequence[Authority], actor: Actor, uow: Work) -> UUID:
    """The CAs of the operator's folder that are not on the list, or stand there otherwise, as a proposal."""
    permit(actor, Act.PROPOSE)
    async with uow:
        held = {each.code: entry_digest(each) for each in await listed_at(uow.session, await uow.now())}
    fresh = [each for each in folder if held.get(each.code) != entry_digest(each)]
    if not fresh:
        raise Refused("目录中的机构均已在信任列表中，没有可导入的变更", reason="nothing-new")
    return await _propose(fresh, command.reason, None, actor, uow)


async def _propose(changes: Sequence[Authority], reason: str, effective_at: datetime | None, actor: Actor,
                   uow: Work) -> UUID:
    async with uow:
        now = await uow.now()
        begins_at = effective_at or now
        listed = await listed_at(uow.session, begins_at)
        _require_sound(listed, changes, begins_at, now)
        held = {each.code: entry_digest(each) for each in listed}
        made = TrustProposal(
            id=new_id(), changes=stored(changes), based_on={each.code: held.get(each.code, "") for each in changes},
            reason=reason.strip(), effective_at=effective_at, status=ProposalStatus.WAITING, proposed_by=actor.id,
            proposed_by_name=actor.name, proposed_at=now, decision_reason="")
        uow.session.add(made)
        _note(uow, "trust.proposed", actor, made)
        await uow.commit()
        return made.id


def _require_sound(listed: Sequence[Authority], changes: Sequence[Authority], begins_at: datetime,
                   now: datetime) -> None:
    after = applied(listed, changes)
    shown = presented(after)
    require(
        (rules.change_begins_after_its_approval, rules.change_begins_after_its_approval(begins_at, now)),
        (rules.term_is_in_order, rules.term_is_in_order(changes)),
        (rules.certificates_belong_to_one, rules.certificates_belong_to_one(after)),
        (rules.certificates_are_of_authorities,
         all(rules.certificates_are_of_authorities(each, shown) for each in changes)))


async def approve_change(proposal_id: UUID, command: Decide, actor: Actor, uow: Work) -> int:
    """Another person approves: the edition is made, and every later one already scheduled is made again upon it.

    Returns the edition's number. Raises ``RulesUnmet`` R-700 for the same person, R-700/3 where its day has passed
    meanwhile, ``Conflict`` where an entry it would replace has changed since.
    """
    permit(actor, Act.APPROVE)
    async with uow:
        await uow.session.execute(_LOCK)
        proposal = await _decide(uow, proposal_id, Act.APPROVE, command.reason.strip(), actor)
        now, changes = await uow.now(), restored(proposal.changes)
        begins_at = proposal.effective_at or now
        listed = await listed_at(uow.session, begins_at)
        held = {each.code: entry_digest(each) for each in listed}
        if any(held.get(code, "") != before for code, before in proposal.based_on.items()):
            raise Conflict("列表中的该机构在提出之后已变更，请重新提出", proposal=str(proposal_id))
        _require_sound(listed, changes, begins_at, now)
        first = await _highest(uow) + 1
        planned = editions_after(listed, changes, begins_at, await _scheduled(uow, begins_at))
        for number, plan in enumerate(planned, first):
            require((rules.certificates_belong_to_one, rules.certificates_belong_to_one(plan.listed)))
            _enter(uow, number, plan, now, proposal, actor)
        await uow.commit()
    return first


async def refuse_change(proposal_id: UUID, command: Decide, actor: Actor, uow: Work) -> None:
    """Another person refuses, with a reason."""
    permit(actor, Act.REFUSE)
    async with uow:
        proposal = await _decide(uow, proposal_id, Act.REFUSE, command.given_reason(), actor)
        _note(uow, "trust.refused", actor, proposal)
        await uow.commit()


async def take_back_change(proposal_id: UUID, command: Decide, actor: Actor, uow: Work) -> None:
    """Who proposed takes it back before it was decided."""
    permit(actor, Act.TAKE_BACK)
    async with uow:
        proposal = await _decide(uow, proposal_id, Act.TAKE_BACK, command.reason.strip(), actor)
        _note(uow, "trust.taken-back", actor, proposal)
        await uow.commit()


async def _decide(uow: Work, proposal_id: UUID, act: Act, reason: str, actor: Actor) -> TrustProposal:
    proposal = await lock_proposal(uow.session, proposal_id)
    if proposal.status != ProposalStatus.WAITING:
        raise Refused("这项变更已经处理", status=proposal.status)
    if act is Act.TAKE_BACK:
        if proposal.proposed_by != actor.id:
            raise NotAllowed("只有提出人可以撤回", act=act.value)
    else:
        require((rules.list_is_changed_by_two, rules.list_is_changed_by_two(proposal.proposed_by, actor.id)))
    proposal.status, proposal.decision_reason = AFTER[act], reason
    proposal.decided_by, proposal.decided_by_name, proposal.decided_at = actor.id, actor.name, await uow.now()
    return proposal


async def _highest(uow: Work) -> int:
    return await uow.session.scalar(select(func.coalesce(func.max(TrustEdition.number), 0))) or 0


async def _scheduled(uow: Work, after: datetime) -> list[tuple[datetime, Sequence[Authority]]]:
    """Beginning and changes of what begins later; of several for one instant, all together."""
    query = select(TrustEdition).where(TrustEdition.effective_at > after).order_by(TrustEdition.number)
    merged: dict[datetime, Sequence[Authority]] = {}
    for each in await uow.session.scalars(query):
        merged[each.effective_at] = applied(merged.get(each.effective_at, ()), restored(each.changes))
    return list(merged.items())


def _enter(uow: Work, number: int, plan: Planned, now: datetime, proposal: TrustProposal | None,
           actor: Actor) -> None:
    """The edition's row, and its ledger entry with the whole list, so that anyone can tell later which one held."""
    proposer = proposal.proposed_by_name if proposal else PLATFORM.name
    digest = list_digest(plan.listed)
    uow.session.add(TrustEdition(
        number=number, effective_at=plan.effective_at, approved_at=now, listed=stored(plan.listed),
        changes=stored(plan.changes), digest=digest, proposed_by_name=proposer, approved_by_name=actor.name,
        proposal_id=proposal.id if proposal else None))
    uow.record("trust.edition", actor, stream=STREAM, subject=f"trust:{number}", audience=("audit", "public"), payload={
        "edition": number, "effective_at": to_wire(plan.effective_at), "digest": digest,
        "list": [published(each) for each in plan.listed], "changed": [each.code for each in plan.changes],
        "proposed_by": proposer, "approved_by": actor.name, "proposal": str(proposal.id) if proposal else None})


def _note(uow: Work, action: str, actor: Actor, proposal: TrustProposal) -> None:
    readers = {*DECIDERS, "audit"}
    uow.record(action, actor, stream=STREAM, subject=f"trust-proposal:{proposal.id}", audience=readers, payload={
        "proposal": str(proposal.id), "changes": [published(each) for each in restored(proposal.changes)],
        "reason": proposal.reason, "decision": proposal.decision_reason, "by": actor.name,
        "effective_at": to_wire(proposal.effective_at) if proposal.effective_at else None})
