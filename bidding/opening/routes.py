"""The HTTP face of the hall: what anyone sees, what the host does, what bidders and custodians release."""

from typing import Any
from uuid import UUID

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, SkipValidation
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening.answers import hall_answer
from bidding.opening.commands import attending, hosting, periods, prices, recording, releasing, restoring
from bidding.opening.commands.closing import close_bidding
from bidding.opening.commands.prices import open_prices
from bidding.opening.custody_page import custody_of
from bidding.opening.holding import opening_of
from bidding.opening.queries import is_due, prices_are_due, view_hall
from bidding.opening.record_routes import RECORD_ROUTES
from bidding.opening.release_work import notice_answer, release_work
from storage.crypto.platform_keys import PlatformKeys
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.clock import to_wire
from storage.objects.store import ObjectStore
from trading.parties.model import CUSTODIAN

Answer = dict[str, Any]
Keys = SkipValidation[PlatformKeys]  # nothing to validate: it comes from the node itself
_PRIVATE = {"Cache-Control": "no-store"}
_REFUSALS = {"record_refusal": "hall.refused"}
_DONE: Answer = {"done": True}


@get("/api/lots/{lot_id:uuid}/hall", operation_id="readHall", response_headers=_PRIVATE)
async def read_hall(lot_id: FromPath[UUID], actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                    work: NamedDependency[Works], keys: NamedDependency[Keys]) -> Answer:
    """The hall as the asking audience may see it; the first reader after T closes the bidding if no timer has."""
    is_first, is_second = await is_due(reader, lot_id), await prices_are_due(reader, lot_id)
    if is_first or is_second:
        await reader.rollback()  # gives its connection back: at T everyone comes here, and nobody may hold two
        await (close_bidding if is_first else open_prices)(lot_id, work(), keys)
    return hall_answer(await view_hall(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/hall/sign-in", operation_id="signInToHall", opt=_REFUSALS)
async def sign_in(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Answer:
    """Signs in (A-106)."""
    return {"at": to_wire((await attending.sign_in(lot_id, actor, work())).at)}


@put("/api/lots/{lot_id:uuid}/hall/plan", operation_id="setHallPlan", opt=_REFUSALS)
async def set_plan(lot_id: FromPath[UUID], data: JSONBody[hosting.SetPlan], actor: NamedDependency[Actor],
                   work: NamedDependency[Works]) -> Answer:
    """How the hall is run."""
    await hosting.set_plan(lot_id, data, actor, work())
    return _DONE


@post("/api/lots/{lot_id:uuid}/hall/begin-decryption", operation_id="beginDecryption", opt=_REFUSALS)
async def begin_decryption(lot_id: FromPath[UUID], data: JSONBody[periods.NextStep], actor: NamedDependency[Actor],
                           work: NamedDependency[Works], keys: NamedDependency[Keys]) -> Answer:
    """Opens the decryption window."""
    await close_bidding(lot_id, work(), keys)
    await periods.begin_decryption(lot_id, data, actor, work())
    return _DONE


@post("/api/lots/{lot_id:uuid}/hall/extend", operation_id="extendDecryption", opt=_REFUSALS)
async def extend(lot_id: FromPath[UUID], data: JSONBody[periods.ExtendWindow], actor: NamedDependency[Actor],
                 work: NamedDependency[Works]) -> Answer:
    """More time for all."""
    await periods.extend_window(lot_id, data, actor, work())
    return _DONE


@post("/api/lots/{lot_id:uuid}/hall/pause", operation_id="pauseHall", opt=_REFUSALS)
async def pause(lot_id: FromPath[UUID], data: JSONBody[periods.Pause], actor: NamedDependency[Actor],
                work: NamedDependency[Works]) -> Answer:
    """Stops the clocks of the hall."""
    await periods.pause(lot_id, data, actor, work())
    return _DONE


@post("/api/lots/{lot_id:uuid}/hall/resume", operation_id="resumeHall", opt=_REFUSALS)
async def resume(lot_id: FromPath[UUID], data: JSONBody[periods.Pause], actor: NamedDependency[Actor],
                 work: NamedDependency[Works]) -> Answer:
    """Lets them run again."""
    await periods.resume(lot_id, data, actor, work())
    return _DONE


@post("/api/lots/{lot_id:uuid}/hall/hand-over", operation_id="handHallOver", opt=_REFUSALS)
async def hand_over(lot_id: FromPath[UUID], data: JSONBody[hosting.HandOver], actor: NamedDependency[Actor],
                    work: NamedDependency[Works]) -> Answer:
    """To a deputy."""
    await hosting.hand_over(lot_id, data, actor, work())
    return _DONE


@post("/api/lots/{lot_id:uuid}/hall/announce", operation_id="announcePrices", opt=_REFUSALS)
async def announce(lot_id: FromPath[UUID], data: JSONBody[periods.NextStep], actor: NamedDependency[Actor],
                   work: NamedDependency[Works], keys: NamedDependency[Keys]) -> Answer:
    """All prices at once; a window whose time is over is closed first, should its timer be late."""
    await periods.close_window(lot_id, work())
    await hosting.announce(lot_id, data, actor, work(), keys)
    return _DONE


@post("/api/lots/{lot_id:uuid}/hall/open-objections", operation_id="openObjections", opt=_REFUSALS)
async def open_objections(lot_id: FromPath[UUID], data: JSONBody[periods.NextStep], actor: NamedDependency[Actor],
                          work: NamedDependency[Works]) -> Answer:
    """Hears objections."""
    await hosting.open_objections(lot_id, data, actor, work())
    return _DONE


@post("/api/lots/{lot_id:uuid}/hall/close-objections", operation_id="closeObjections", opt=_REFUSALS)
async def close_objections(lot_id: FromPath[UUID], data: JSONBody[periods.NextStep], actor: NamedDependency[Actor],
                           work: NamedDependency[Works]) -> Answer:
    """Asks bidders to confirm."""
    await hosting.close_objections(lot_id, data, actor, work())
    return _DONE


@post("/api/lots/{lot_id:uuid}/hall/conclude", operation_id="concludeOpening", opt=_REFUSALS)
async def conclude(lot_id: FromPath[UUID], data: JSONBody[periods.NextStep], actor: NamedDependency[Actor],
                   work: NamedDependency[Works], settings: NamedDependency[Settings]) -> Answer:
    """Draws up the record."""
    await recording.conclude(lot_id, data, actor, work(), settings)
    return _DONE


@post("/api/lots/{lot_id:uuid}/hall/objections", operation_id="raiseObjection", opt=_REFUSALS)
async def raise_objection(lot_id: FromPath[UUID], data: JSONBody[hosting.Speech], actor: NamedDependency[Actor],
                          work: NamedDependency[Works]) -> Answer:
    """A bidder objects (R-109)."""
    return {"id": str(await hosting.raise_objection(lot_id, data, actor, work()))}


@post("/api/lots/{lot_id:uuid}/hall/objections/{objection_id:uuid}/answer", operation_id="answerObjection",
      opt=_REFUSALS)
async def answer_objection(lot_id: FromPath[UUID], objection_id: FromPath[UUID], data: JSONBody[hosting.Speech],
                           actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Answer:
    """The host answers (R-109)."""
    await hosting.answer_objection(lot_id, objection_id, data, actor, work())
    return _DONE


@post("/api/lots/{lot_id:uuid}/hall/confirmation", operation_id="confirmAnnounced", opt=_REFUSALS)
async def confirm(lot_id: FromPath[UUID], data: JSONBody[attending.Confirm], actor: NamedDependency[Actor],
                  work: NamedDependency[Works]) -> Answer:
    """A bidder confirms its line (R-510)."""
    await attending.confirm(lot_id, data, actor, work())
    return _DONE


@post("/api/lots/{lot_id:uuid}/price-opening", operation_id="schedulePriceOpening", opt=_REFUSALS)
async def schedule_prices(lot_id: FromPath[UUID], data: JSONBody[prices.SchedulePrices],
                          actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Answer:
    """Sets the hour of the second opening (R-318)."""
    return {"opens_at": to_wire(await prices.schedule_prices(lot_id, data, actor, work()))}


@get("/api/lots/{lot_id:uuid}/opening-notice", operation_id="readOpeningNotice", response_headers=_PRIVATE)
async def read_notice(lot_id: FromPath[UUID], reader: NamedDependency[AsyncSession]) -> Answer:
    """The signed, time-stamped opening notice."""
    return notice_answer(await opening_of(reader, lot_id))


@get("/api/lots/{lot_id:uuid}/release-work", operation_id="readReleaseWork", response_headers=_PRIVATE)
async def read_release_work(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                            reader: NamedDependency[AsyncSession]) -> Answer:
    """What the asking bidder or custodian has to release."""
    return await release_work(reader, lot_id, actor)


@get("/api/me/custody", operation_id="listOwnCustody", response_headers=_PRIVATE)
async def list_custody(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> Answer:
    """What the asking party holds as a custodian, and what of it waits; ``lacks_key``: it releases nothing before it
    has registered a security key, or signed in with one."""
    return {"items": await custody_of(reader, actor), "lacks_key": CUSTODIAN in actor.unkeyed}


@post("/api/lots/{lot_id:uuid}/releases/bidder", operation_id="releaseBid", opt=_REFUSALS)
async def release_bid(lot_id: FromPath[UUID], data: JSONBody[releasing.ReleaseBid], actor: NamedDependency[Actor],
                      work: NamedDependency[Works], keys: NamedDependency[Keys]) -> Answer:
    """A bidder decrypts (A-111)."""
    bid = await releasing.release_bid(lot_id, data, actor, work(), keys)
    return {"bid": str(bid.bid_id), "state": bid.state, "accepted": True}


@post("/api/lots/{lot_id:uuid}/releases/custodian", operation_id="releaseShares", opt=_REFUSALS)
async def release_shares(lot_id: FromPath[UUID], data: JSONBody[releasing.ReleaseShares],
                         actor: NamedDependency[Actor], work: NamedDependency[Works],
                         keys: NamedDependency[Keys]) -> Answer:
    """A custodian releases its shares of all bids."""
    taken = await releasing.release_shares(lot_id, data, actor, work(), keys)
    return {"index": taken.index, "sound": taken.sound, "unsound": taken.unsound, "queued": taken.queued,
            "unread": [{"bid": str(bid), "place": place, "why": why} for bid, place, why in taken.unread]}


@post("/api/lots/{lot_id:uuid}/restoration/parts", operation_id="restoreParts", status_code=200, opt=_REFUSALS)
async def restore_parts(lot_id: FromPath[UUID], data: JSONBody[restoring.RestoreParts], actor: NamedDependency[Actor],
                        work: NamedDependency[Works], store: NamedDependency[ObjectStore]) -> restoring.Restoration:
    """Addresses for parts of one's own object that the platform found damaged (R-144)."""
    return await restoring.restore_parts(lot_id, data, actor, work, store)


@post("/api/lots/{lot_id:uuid}/restoration/complete", operation_id="completeRestoration", status_code=200,
      opt=_REFUSALS)
async def complete_restoration(lot_id: FromPath[UUID], data: JSONBody[restoring.CompleteRestoration],
                               actor: NamedDependency[Actor], work: NamedDependency[Works],
                               store: NamedDependency[ObjectStore]) -> Answer:
    """Takes the object in the damaged one's place, if it is what was signed."""
    bid = await restoring.complete_restoration(lot_id, data, actor, work, store)
    return {"bid": str(bid.bid_id), "state": bid.state, "body_check": bid.body_check}


ROUTES: list[ControllerRouterHandler] = [
    read_hall, sign_in, set_plan, begin_decryption, extend, pause, resume, hand_over, announce, open_objections,
    close_objections, conclude, raise_objection, answer_objection, confirm, read_notice, read_release_work,
    list_custody, release_bid, release_shares, restore_parts, complete_restoration, schedule_prices, *RECORD_ROUTES,
]
