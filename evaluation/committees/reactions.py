"""What follows for a committee from acts of lower rooms: with the winner confirmed, the members' names are told."""

from datetime import datetime
from uuid import UUID

from evaluation.committees.holding import hold_committee, members_of
from evaluation.committees.model import MemberStatus
from evaluation.committees.tables import Committee, CommitteeMember
from storage.database.work import Work
from storage.kernel.actor import PLATFORM
from storage.reactions.model import Heard, Reaction
from trading.tenders.disclosure import Subject, shows
from trading.tenders.queries import share_lot


async def disclose(uow: Work, heard: Heard) -> None:
    """Tells who sat, with the salts by which anyone finds them among the drawn digests (BL 37, R-124); once."""
    async with uow:
        lot = await share_lot(uow, UUID(heard.stream.removeprefix("lot:")))
        committee = await hold_committee(uow, lot.id)
        if committee is None or committee.disclosed_at is not None or not shows(Subject.EXPERTS, lot, await uow.now()):
            return
        members = await members_of(uow.session, committee)
        _disclose(uow, committee, [each for each in members if each.status == MemberStatus.SIGNED_IN],
                  await uow.now())
        await uow.commit()


def _disclose(uow: Work, committee: Committee, members: list[CommitteeMember], now: datetime) -> None:
    committee.disclosed_at = now
    stream = f"lot:{committee.lot_id}"
    uow.record("committee.disclosed", PLATFORM, stream=stream, subject=stream, payload={
        "round": committee.round,
        "members": [{"alias": each.alias, "name": each.name, "capacity": each.capacity, "unit": each.unit,
                     "number": each.number, "salt": each.salt} for each in members]})


REACTIONS = [Reaction("committee.disclose", frozenset({"winner.confirmed"}), disclose)]
