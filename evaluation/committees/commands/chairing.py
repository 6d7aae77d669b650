"""What the centre does for a committee: replace who is absent, lengthen the hours, begin the evaluation."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from evaluation.committees.commands.leaving import leave
from evaluation.committees.holding import Bench, enter_bench
from evaluation.committees.model import CAUSES, CommitteeAct, CommitteeStep, Hours, MemberStatus
from evaluation.committees.steps import admit
from storage.crypto.platform_keys import PlatformKeys
from storage.database.fault_points import reach
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.clock import shanghai, to_wire
from storage.kernel.errors import Conflict, Invalid, Refused
from trading.tenders.life import Passage, advance
from trading.tenders.model import Act

Text = Annotated[str, msgspec.Meta(min_length=2, max_length=500)]


class Replace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a member goes: a cause from the closed list, and what happened."""

    cause: Literal["absent", "illness", "recusal", "discipline"]
    text: Text


class Extend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A later end of the hours."""

    ends_at: datetime
    reason: Text


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The step the presser saw (fault 23)."""

    expected: Annotated[str, msgspec.Meta(max_length=40)]


async def replace_member(lot_id: UUID, member_id: UUID, command: Replace, actor: Actor, uow: Work,
                         keys: PlatformKeys) -> None:
    """Lets a member go and calls the next; what it concluded is void and done anew (R-125)."""
    async with uow:
        bench = await enter_bench(uow, lot_id, CommitteeAct.REPLACE, actor)
        admit(CommitteeAct.REPLACE, bench.committee.step, bench.facts)
        member = bench.member(member_id)
        is_early = bench.now < bench.committee.starts_at
        if command.cause == "absent" and (is_early or member.status == MemberStatus.SIGNED_IN):
            raise Refused("评标开始时间未到或该成员已签到，不能以缺席更换")
        await leave(uow, bench, member, MemberStatus.REPLACED, command.cause,
                    f"{CAUSES[command.cause]}：{command.text}", actor, keys)
        await uow.commit()


async def extend_hours(lot_id: UUID, command: Extend, actor: Actor, uow: Work) -> None:
    """Moves the end of the hours later, for everyone (R-125)."""
    if command.ends_at.tzinfo is None:
        raise Invalid("评标时间须带时区", field="ends_at")
    async with uow:
        bench = await enter_bench(uow, lot_id, CommitteeAct.EXTEND, actor)
        committee = bench.committee
        longer = Hours(committee.starts_at, command.ends_at)
        admit(CommitteeAct.EXTEND, committee.step,
              replace(bench.facts, hours=longer, ends_before=max(committee.ends_at, bench.now)))
        committee.ends_at = command.ends_at
        for member in bench.seated:
            member.asked_time_at = None
        uow.record("committee.hours_extended", actor, stream=bench.stream, subject=bench.stream, payload={
            "ends_at": to_wire(command.ends_at), "reason": command.reason, "by": actor.name})
        await uow.commit()


async def begin_evaluation(lot_id: UUID, command: Begin, actor: Actor, uow: Work) -> None:
    """OPENED → EVALUATING, once everyone has signed in and the composition is lawful (R-124, R-603)."""
    async with uow:
        bench = await enter_bench(uow, lot_id, CommitteeAct.BEGIN_EVALUATION, actor, moves_lot=True)
        _expect(bench, command.expected)
        admit(CommitteeAct.BEGIN_EVALUATION, bench.committee.step, bench.facts)
        lot, committee = bench.lot, bench.committee
        lot.stage = advance(lot.stage, Act.BEGIN_EVALUATION, Passage(now=bench.now, suspended=lot.suspended))
        committee.step, committee.begun_at, committee.begun_by = CommitteeStep.BEGUN, bench.now, actor.name
        reach("evaluation.beginning")
        uow.record("lot.evaluation_begun", actor, stream=bench.stream, subject=bench.stream, payload={
            "code": lot.code, "members": len(bench.seated), "round": committee.round, "by": actor.name})
        await uow.commit()


def _expect(bench: Bench, step: str) -> None:
    committee = bench.committee
    if committee.step == step:
        return
    if committee.begun_at is None:
        raise Conflict("评标委员会的状态已变化，请刷新", step=committee.step)
    at = shanghai(committee.begun_at)
    raise Conflict(f"评标已由{committee.begun_by}于 {at:%H:%M:%S} 开始", step=committee.step,
                   by=committee.begun_by, at=to_wire(committee.begun_at))
