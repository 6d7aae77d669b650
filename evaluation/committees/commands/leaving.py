"""One who leaves a committee, and who is called instead: the draw's own stream goes on (R-601, R-125)."""

from evaluation.committees.calling import new_member, next_called
from evaluation.committees.commands.requesting import ORDER
from evaluation.committees.draw import salt_of
from evaluation.committees.holding import Bench
from evaluation.committees.model import MemberStatus
from evaluation.committees.permissions import AUDIENCE
from evaluation.committees.tables import CommitteeMember
from storage.crypto.at_rest import open_at_rest
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Work
from storage.kernel.actor import Actor


async def leave(uow: Work, bench: Bench, gone: CommitteeMember, status: MemberStatus, cause: str, reason: str,
                actor: Actor, keys: PlatformKeys) -> None:
    """Ends a membership, calls the next of the same stratum, records both; a representative's seat stays vacant.

    Whatever the one who left had concluded is void; a leader who left is elected anew.
    """
    gone.status, gone.reason, gone.answered_at = status, reason, bench.now
    committee = bench.committee
    if committee.leader_id == gone.id:
        committee.leader_id = None
    committee.voting_round += 1  # votes of the former composition no longer count
    called, candidate, skipped = None, None, list[str]()
    if gone.stratum is not None:
        called, candidate, skipped = await _call(uow, bench, gone.stratum, keys)
    line = {"gone": gone.alias, "cause": cause, "stratum": gone.stratum, "candidate": candidate, "skipped": skipped,
            "alias": called.alias if called else None}
    committee.replaced = [*committee.replaced, line]
    uow.record("committee.replaced", actor, stream=bench.stream, subject=f"member:{gone.id}",
               payload={**line, "round": committee.round}, audience=AUDIENCE)


async def _call(uow: Work, bench: Bench, stratum: int,
                keys: PlatformKeys) -> tuple[CommitteeMember | None, str | None, list[str]]:
    committee, lot = bench.committee, bench.lot
    order_key = open_at_rest(keys.master, committee.order_sealed, purpose=ORDER, subject=str(lot.id))
    chosen, person, skipped = await next_called(uow.session, lot, committee, stratum, order_key)
    if chosen is None or person is None:
        return None, None, skipped
    place = max(each.place for each in bench.members) + 1
    member = new_member(committee, person, place, bench.now, chosen, salt_of(order_key, lot.code, person.number))
    uow.session.add(member)
    return member, chosen.candidate, skipped
