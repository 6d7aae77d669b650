"""What a called member does for itself: accept or decline, sign in with identity and recusal, ask for time (A-133)."""

from typing import Annotated
from uuid import UUID

import msgspec

from evaluation.committees.commands.leaving import leave
from evaluation.committees.holding import enter_bench
from evaluation.committees.model import CommitteeAct, MemberStatus
from evaluation.committees.permissions import AUDIENCE
from evaluation.committees.steps import admit
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, Refused

Said = Annotated[str, msgspec.Meta(max_length=500)]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether one will come; a reason when not."""

    accepted: bool
    reason: Said = ""


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``identity``: I am the one this certificate names; ``conflict``: I must stay away (IR 46)."""

    identity: bool
    conflict: bool
    reason: Said = ""


async def answer_invitation(lot_id: UUID, command: Answer, actor: Actor, uow: Work, keys: PlatformKeys) -> None:
    """Accepts, or declines and lets the next of the same stratum be called (R-601)."""
    async with uow:
        bench = await enter_bench(uow, lot_id, CommitteeAct.ANSWER, actor)
        member = bench.mine()
        admit(CommitteeAct.ANSWER, bench.committee.step, bench.facts)
        if member.status != MemberStatus.INVITED:
            raise Refused("您已答复过邀请", status=member.status)
        if not command.accepted:
            if len(command.reason.strip()) < 2:
                raise Invalid("不能参加须说明理由", field="reason")
            await leave(uow, bench, member, MemberStatus.DECLINED, "declined", command.reason, actor, keys)
        else:
            member.status, member.answered_at = MemberStatus.ACCEPTED, bench.now
            uow.record("committee.answered", actor, stream=bench.stream, subject=f"member:{member.id}",
                       payload={"alias": member.alias, "accepted": True}, audience=AUDIENCE)
        await uow.commit()


async def sign_in(lot_id: UUID, command: SignIn, actor: Actor, uow: Work, keys: PlatformKeys) -> None:
    """Signs in inside the hours, under the session's own certificate; a conflict told now is a recusal (R-603)."""
    if not command.identity:
        raise Invalid("须确认本人身份", field="identity")
    async with uow:
        bench = await enter_bench(uow, lot_id, CommitteeAct.SIGN_IN, actor)
        member = bench.mine()
        admit(CommitteeAct.SIGN_IN, bench.committee.step, bench.facts)
        if command.conflict:
            await leave(uow, bench, member, MemberStatus.RECUSED, "recused", command.reason, actor, keys)
        elif member.status == MemberStatus.SIGNED_IN:
            return
        else:
            member.status, member.signed_in_at, member.certificate = (
                MemberStatus.SIGNED_IN, bench.now, actor.certificate)
            uow.record("committee.signed_in", actor, stream=bench.stream, subject=f"member:{member.id}",
                       payload={"alias": member.alias, "identity": True, "conflict": False}, audience=AUDIENCE)
        await uow.commit()


async def ask_time(lot_id: UUID, actor: Actor, uow: Work) -> None:
    """A member finds the time too short; more than a third of them oblige to extend it (R-125)."""
    async with uow:
        bench = await enter_bench(uow, lot_id, CommitteeAct.ASK_TIME, actor)
        member = bench.mine()
        admit(CommitteeAct.ASK_TIME, bench.committee.step, bench.facts)
        if member.status != MemberStatus.SIGNED_IN:
            raise Refused("请先签到")
        if member.asked_time_at is None:
            member.asked_time_at = bench.now
            uow.record("committee.time_asked", actor, stream=bench.stream, subject=f"member:{member.id}",
                       payload={"alias": member.alias}, audience=AUDIENCE)
            await uow.commit()
