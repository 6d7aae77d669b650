"""The HTTP face of deposits: a bidder's own page, finance's page, one lot from the opening on, the bank's calls."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.deposits import queries
from bidding.deposits.answers import own_answer
from bidding.deposits.commands import accounts, balancing, forfeiting, receiving, refunding
from bidding.deposits.finance_answers import finance_answer, rate_answer
from bidding.deposits.lot_answers import forfeiture_answer, lot_answer
from bidding.deposits.tables import DepositForfeiture
from bidding.opening.tables import OpenedBid
from storage.crypto.callbacks import HEADER, check_callback
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from storage.objects.store import ObjectStore
from trading.tenders.file_names import content_disposition

Answer = dict[str, Any]
AnyRequest = Request[Any, Any, Any]
_PRIVATE = {"Cache-Control": "no-store"}
_REFUSALS = {"record_refusal": "deposit.refused"}
_NO_BANK = "没有登记托管银行"


@get("/api/lots/{lot_id:uuid}/deposit", operation_id="readOwnDeposit", response_headers=_PRIVATE)
async def read_own(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                   reader: NamedDependency[AsyncSession]) -> Answer:
    """The asking bidder's own deposit (A-102)."""
    return own_answer(await queries.own_deposit(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/deposit/account", operation_id="requestDepositAccount", opt=_REFUSALS)
async def request_account(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                          reader: NamedDependency[AsyncSession]) -> Answer:
    """An account to pay to; asked again, the same (R-400)."""
    await accounts.request_account(lot_id, actor, work())
    return own_answer(await queries.own_deposit(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/deposit/refund", operation_id="askDepositRefund", opt=_REFUSALS)
async def ask_refund(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                     reader: NamedDependency[AsyncSession]) -> Answer:
    """The money back before the deadline, without a bid (R-131)."""
    await refunding.ask_refund(lot_id, actor, work())
    return own_answer(await queries.own_deposit(reader, lot_id, actor))


@get("/api/deposits", operation_id="readFinance", response_headers=_PRIVATE)
async def read_finance(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> Answer:
    """Finance's page."""
    return finance_answer(await queries.finance(reader, actor))


@put("/api/deposits/rate", operation_id="setDepositRate")
async def set_rate(data: JSONBody[balancing.SetRate], actor: NamedDependency[Actor],
                   work: NamedDependency[Works]) -> Answer:
    """The bank's demand rate from a day on."""
    return rate_answer(await balancing.set_rate(data, actor, work()))


@post("/api/deposit-refunds/{refund_id:uuid}/retry", operation_id="retryDepositRefund", status_code=200)
async def retry_refund(refund_id: FromPath[UUID], actor: NamedDependency[Actor],
                       work: NamedDependency[Works]) -> Answer:
    """Sends an order again that failed."""
    await refunding.retry_refund(refund_id, actor, work())
    return {"done": True}


@get("/api/lots/{lot_id:uuid}/deposits", operation_id="readLotDeposits", response_headers=_PRIVATE)
async def read_lot(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                   reader: NamedDependency[AsyncSession]) -> Answer:
    """One lot's deposits from the opening on (A-103, A-104)."""
    return lot_answer(await queries.lot_deposits(reader, lot_id, actor))


@post("/api/lots/{lot_id:uuid}/deposits/forfeitures", operation_id="proposeForfeiture", opt=_REFUSALS)
async def propose_forfeiture(lot_id: FromPath[UUID], data: JSONBody[forfeiting.ProposeForfeiture],
                             actor: NamedDependency[Actor], work: NamedDependency[Works],
                             reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore]) -> Answer:
    """The tenderee proposes not to give a deposit back (R-403)."""
    made = await forfeiting.propose_forfeiture(lot_id, data, actor, work(), store)
    return await _forfeiture(reader, made.id, actor)


@post("/api/deposit-forfeitures/{forfeiture_id:uuid}/decide", operation_id="decideForfeiture", status_code=200)
async def decide_forfeiture(forfeiture_id: FromPath[UUID], data: JSONBody[forfeiting.Decide],
                            actor: NamedDependency[Actor], work: NamedDependency[Works],
                            reader: NamedDependency[AsyncSession]) -> Answer:
    """The centre decides, as a second person; approved money moves (R-403)."""
    await forfeiting.decide_forfeiture(forfeiture_id, data, actor, work())
    return await _forfeiture(reader, forfeiture_id, actor)


@get("/api/deposit-forfeitures/{forfeiture_id:uuid}/evidence/{number:int}", operation_id="readForfeitureEvidence")
async def read_evidence(forfeiture_id: FromPath[UUID], number: FromPath[int], actor: NamedDependency[Actor],
                        reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore]) -> Response[bytes]:
    """A piece of evidence, for whom it concerns."""
    name, key = await queries.evidence_file(reader, forfeiture_id, number, actor)
    content = b"".join([chunk async for chunk in store.stream(key)])
    headers = {"Content-Disposition": content_disposition(name), "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type="application/octet-stream", headers=_PRIVATE | headers)


@post("/api/callbacks/bank", operation_id="hearBank", status_code=200)
async def hear_bank(request: AnyRequest, settings: NamedDependency[Settings], work: NamedDependency[Works]) -> Answer:
    """The bank's program tells: an account is open, money came, an order is done, a day's balance."""
    if not settings.bank_key:
        raise NotFound(_NO_BANK)
    body = await request.body()
    async with work() as uow:  # over before the act begins: who holds two connections starves the others (fault 06)
        now = await uow.now()
    check_callback(settings.bank_key, accounts.BANK, request.headers.get(HEADER, ""), body, now)
    return {"id": await receiving.take(body, work()), "accepted": True}


async def _forfeiture(reader: AsyncSession, forfeiture_id: UUID, actor: Actor) -> Answer:
    row = await reader.get_one(DepositForfeiture, forfeiture_id)
    bid = await reader.get_one(OpenedBid, row.bid_id)
    return forfeiture_answer(row, bid, actor if actor.has("centre") else None)


ROUTES: list[ControllerRouterHandler] = [
    read_own, request_account, ask_refund, read_finance, set_rate, retry_refund, read_lot, propose_forfeiture,
    decide_forfeiture, read_evidence, hear_bank,
]
