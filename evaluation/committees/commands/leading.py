"""Members elect their leader by majority, and the leader gives out duties (R-607, A-132)."""

from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from sqlalchemy import select

from evaluation.committees.holding import Bench, enter_bench
from evaluation.committees.model import CommitteeAct, MemberStatus, elected
from evaluation.committees.permissions import AUDIENCE
from evaluation.committees.steps import admit
from evaluation.committees.tables import CommitteeMember, CommitteeVote
from evaluation.experts.model import Kind
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import NotAllowed, Refused

Duty = Literal["organise", "qualification", "technical", "commercial", "report"]


class Vote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom; oneself is allowed."""

    member_id: UUID


class SetDuties(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a member sees to beside its own review and scores."""

    duties: Annotated[list[Duty], msgspec.Meta(max_length=5)]


async def vote_leader(lot_id: UUID, command: Vote, actor: Actor, uow: Work) -> None:
    """Votes once in a round; more than half of all members elects, and a split vote begins another round."""
    async with uow:
        bench = await enter_bench(uow, lot_id, CommitteeAct.VOTE, actor)
        voter, chosen = bench.mine(), bench.member(command.member_id)
        admit(CommitteeAct.VOTE, bench.committee.step,
              replace(bench.facts, votes_for=chosen.capacity == Kind.EXPERT))
        if bench.committee.leader_id is not None:
            raise Refused("评标委员会负责人已经产生")
        number = bench.committee.voting_round
        if await uow.session.get(CommitteeVote, (voter.id, number)) is not None:
            raise Refused("本轮您已投票", round=number)
        uow.session.add(CommitteeVote(voter_id=voter.id, voting_round=number, chosen_id=chosen.id, at=bench.now))
        await uow.session.flush()
        uow.record("committee.leader_voted", actor, stream=bench.stream, subject=f"member:{voter.id}",
                   payload={"round": number, "by": voter.alias, "for": chosen.alias}, audience=AUDIENCE)
        await _count(uow, bench, actor)
        await uow.commit()


async def _count(uow: Work, bench: Bench, actor: Actor) -> None:
    committee, members = bench.committee, {each.id: each for each in bench.seated}
    query = select(CommitteeVote.chosen_id).where(CommitteeVote.voter_id.in_(members),
                                                  CommitteeVote.voting_round == committee.voting_round)
    votes = (await uow.session.scalars(query)).all()
    leader = elected(votes, len(members))
    if leader is not None:
        committee.leader_id = leader
        uow.record("committee.leader_elected", actor, stream=bench.stream, subject=bench.stream,
                   payload={"round": committee.voting_round, "leader": members[leader].alias, "votes": len(votes)},
                   audience=AUDIENCE)
    elif len(votes) == len(members):
        committee.voting_round += 1


async def set_duties(lot_id: UUID, member_id: UUID, command: SetDuties, actor: Actor, uow: Work) -> None:
    """The leader says who sees to what (A-132); it gives nobody more of a vote."""
    async with uow:
        bench = await enter_bench(uow, lot_id, CommitteeAct.SET_DUTIES, actor)
        admit(CommitteeAct.SET_DUTIES, bench.committee.step, bench.facts)
        _require_leader(bench, bench.mine())
        member = bench.member(member_id)
        member.duties = sorted(set(command.duties))
        uow.record("committee.duties_set", actor, stream=bench.stream, subject=f"member:{member.id}",
                   payload={"alias": member.alias, "duties": member.duties}, audience=AUDIENCE)
        await uow.commit()


def _require_leader(bench: Bench, member: CommitteeMember) -> None:
    if member.status != MemberStatus.SIGNED_IN or bench.committee.leader_id != member.id:
        raise NotAllowed("只有评标委员会负责人可以分工")
