"""Extension 延期 of a deadline (R-210): later only, before it passes, told to everyone at once."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.calendar import Calendar
from storage.kernel.clock import shanghai, to_wire
from storage.kernel.errors import Refused
from storage.kernel.rule import require
from storage.timers.commands import schedule
from trading.tenders import queries
from trading.tenders.announcing import announce
from trading.tenders.change_rules import Extension, extension_is_later, extension_is_on_a_working_day
from trading.tenders.forms import Moment
from trading.tenders.kinds import TRADE_KINDS
from trading.tenders.model import LIVE, NoticeKind
from trading.tenders.permissions import Right, permit
from trading.tenders.tables import Lot, Notice


class ExtendDeadline(Struct, frozen=True, forbid_unknown_fields=True):
    """The new deadline, which is the new opening time as well (R-107), and why; fractions of a second are cut off."""

    deadline_at: Moment
    reason: Annotated[str, Meta(min_length=2, max_length=500)]


async def extend_deadline(lot_id: UUID, command: ExtendDeadline, actor: Actor, uow: Work) -> Notice:
    """Moves the deadline; bids already submitted stand, and may be replaced. Gives the public notice of change.

    Decided under the lot's lock, as the closing is: whichever of the two comes first, the other finds it done and
    changes nothing (fault 20). Raises ``RulesUnmet`` R-210/2 or R-210/3, ``Refused`` for a lot that is not public.
    """
    async with uow:
        lot = await queries.lock_lot(uow, lot_id)
        permit(actor, Right.MANAGE, lot)
        made = await move_deadline(uow, lot, command, actor)
        await uow.commit()
        return made


async def move_deadline(uow: Work, lot: Lot, command: ExtendDeadline, actor: Actor) -> Notice:
    """The extension itself, within an act that holds the lot FOR UPDATE and commits."""
    before = lot.deadline_at
    if before is None or lot.stage not in LIVE:
        raise Refused("公告发布后、投标截止前方可延期", stage=lot.stage)
    moment = in_whole_seconds(command.deadline_at)
    extension = Extension(before, moment, await uow.now(), await queries.calendar(uow.session),
                          TRADE_KINDS[lot.trade_kind].rehearsal)
    require((extension_is_later, extension_is_later(extension)),
            (extension_is_on_a_working_day, extension_is_on_a_working_day(extension)))
    lot.deadline_at = moment
    await schedule(uow.session, str(lot.id), "lot.close_bidding", moment)
    uow.record("lot.deadline_extended", actor, stream=f"lot:{lot.id}", subject=f"lot:{lot.id}", payload={
        "code": lot.code, "from": to_wire(before), "deadline_at": to_wire(moment), "reason": command.reason,
        "rehearsal": lot.rehearsal})
    told = _told(lot, before, command.reason)
    return await announce(uow, lot, NoticeKind.CHANGE, f"{lot.title}延期公告", told, actor)


def in_whole_seconds(moment: datetime) -> datetime:
    """A deadline as seals name it (sealing.md §1)."""
    return moment.replace(microsecond=0)


def first_working_moment(moment: datetime, calendar: Calendar, *, is_rehearsal: bool) -> datetime:
    """The same time of day on the first working day from the moment's own on; a whole second, never earlier."""
    rounded = in_whole_seconds(moment + timedelta(seconds=1, microseconds=-1))
    if is_rehearsal:
        return rounded
    day = shanghai(rounded).date()
    return rounded + (calendar.next_working(day) - day)


def _told(lot: Lot, before: datetime, reason: str) -> str:
    was, now = (f"{shanghai(each):%Y-%m-%d %H:%M:%S}" for each in (before, lot.deadline_at or before))
    return (f"{lot.title}（{lot.code}）的投标截止时间（开标时间）由 {was} 延至 {now}（北京时间），"
            f"招标文件与此不一致的，以本公告为准。\n\n原因：{reason}\n\n"
            "已递交的投标文件继续有效，无须重新递交；在新的截止时间前可以替换或者撤回。延期前已加密上传、尚未提交的，可以直接提交。")
