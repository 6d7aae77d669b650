"""A deposit is not given back: the tenderee proposes with evidence, the centre decides, the bank moves the money."""

from base64 import b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import Annotated
from uuid import UUID

import msgspec

from bidding.deposits.commands.accounts import BANK
from bidding.deposits.commands.refunding import give_back, order_refund, told_of
from bidding.deposits.forfeiture import decided_by_another, evidence_is_given, ground_is_on_the_list
from bidding.deposits.holding import (
    account_of,
    counted,
    evidence_key,
    held,
    lock_account,
    note,
    open_forfeiture,
    payments_of,
)
from bidding.deposits.model import ADDS_UP, MoneyState, Reason
from bidding.deposits.tables import DepositAccount, DepositForfeiture
from bidding.opening.tables import OpenedBid
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Invalid, NotAllowed, NotFound, Refused
from storage.kernel.identifiers import new_id
from storage.kernel.rule import require
from storage.objects.store import ObjectStore
from trading.exchange.queue import enqueue
from trading.parties.queries import current_version, party
from trading.parties.records import data_of
from trading.tenders.file_names import must_begin_like, safe_name
from trading.tenders.permissions import is_tenderee
from trading.tenders.queries import share_lot
from trading.tenders.tables import Lot

_LARGEST = 5 << 20


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file; the name is shown only, the object stands under the forfeiture's id (fault 39)."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    content: Annotated[str, msgspec.Meta(max_length=8 << 20)]


class ProposeForfeiture(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose deposit, on which ground of the closed list, and why."""

    bid: UUID
    ground: Annotated[str, msgspec.Meta(max_length=40)]
    statement: Annotated[str, msgspec.Meta(max_length=4000)]
    evidence: Annotated[list[Evidence], msgspec.Meta(max_length=5)]
    clause: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The second person's word."""

    accepted: bool
    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()


def _files(evidence: list[Evidence]) -> list[_File]:
    try:
        found = [_File(safe_name(each.name), b64decode(each.content, validate=True)) for each in evidence]
    except (NotBase64, ValueError):
        raise Invalid("证据须为 base64", field="evidence") from None
    if sum(len(each.content) for each in found) > _LARGEST or not all(each.content for each in found):
        raise Invalid("证据不得为空，合计不超过 5 MB", field="evidence")
    for each in found:
        must_begin_like(each.name, each.content)
    return found


async def propose_forfeiture(lot_id: UUID, command: ProposeForfeiture, actor: Actor, uow: Work,
                             store: ObjectStore) -> DepositForfeiture:
    """The tenderee proposes to keep a standing deposit, or what of it was paid (R-403). Nothing moves yet."""
    files = _files(command.evidence)
    async with uow:
        lot = await share_lot(uow, lot_id)
        if not is_tenderee(actor, lot) or actor.party_id is None:
            raise NotAllowed("只有招标人可以提出不予退还")
        account, amount = await _at_stake(uow, lot, command.bid)
        require((ground_is_on_the_list, ground_is_on_the_list(command.ground, command.clause)),
                (evidence_is_given, evidence_is_given(command.statement, len(files))))
        made = DepositForfeiture(
            id=new_id(), lot_id=lot.id, account_id=account.id, bid_id=command.bid, ground=command.ground,
            clause=command.clause, statement=command.statement, amount=amount, status="proposed",
            evidence=[{"name": each.name, "sha256": each.sha256, "size": len(each.content)} for each in files],
            proposed_by=actor.party_id, proposer_name=actor.name, proposed_at=await uow.now())
        for number, each in enumerate(files):
            await store.put(evidence_key(made.id, number), each.content)
        uow.session.add(made)
        await note(uow, "deposit.forfeiture_proposed", actor, lot, account, **_facts(made))
        await uow.commit()
        return made


def _facts(row: DepositForfeiture) -> dict[str, object]:
    return {"forfeiture": str(row.id), "bid": str(row.bid_id), "ground": row.ground, "clause": row.clause,
            "amount": f"{row.amount:.2f}", "evidence": [each["sha256"] for each in row.evidence]}


async def _at_stake(uow: Work, lot: Lot, bid_id: UUID) -> tuple[DepositAccount, Decimal]:
    """The account of an opened bid, locked, and how much of its deposit is still held."""
    bid = await uow.session.get(OpenedBid, bid_id)
    if bid is None or bid.lot_id != lot.id:
        raise NotFound("没有这份投标文件")
    found = await account_of(uow.session, lot.id, bid.party_id)
    if found is None:
        raise Refused("该投标人没有缴纳现金保证金")
    account = await lock_account(uow, found.id)
    amount = min(counted(held(await payments_of(uow.session, account.id))), lot.deposit or Decimal(0))
    if amount <= 0:
        raise Refused("该投标人的保证金已退还或正在退还")
    if await open_forfeiture(uow.session, account.id):
        raise Refused("已有等待决定的不予退还申请")
    return account, amount


async def decide_forfeiture(forfeiture_id: UUID, command: Decide, actor: Actor, uow: Work) -> DepositForfeiture:
    """The centre, another person than the proposer, approves or refuses; approved money goes to the tenderee."""
    if not actor.has("centre"):
        raise NotAllowed("只有交易中心可以复核不予退还")
    if not command.accepted and not command.reason.strip():
        raise Invalid("不同意须写明理由", field="reason")
    async with uow:
        seen = await uow.session.get(DepositForfeiture, forfeiture_id)
        if seen is None:
            raise NotFound("没有这项申请")
        lot = await share_lot(uow, seen.lot_id)
        account = await lock_account(uow, seen.account_id)
        row = await uow.session.get_one(DepositForfeiture, forfeiture_id, with_for_update=True, populate_existing=True)
        if row.status != "proposed":
            raise Refused("该申请已有决定", decided_by=row.decider_name)
        require((decided_by_another, decided_by_another(row.proposed_by, actor.party_id)))
        row.status = "approved" if command.accepted else "refused"
        row.decided_by, row.decider_name, row.reason = actor.party_id, actor.name, command.reason
        row.decided_at = await uow.now()
        await note(uow, f"deposit.forfeiture_{row.status}", actor, lot, account, **_facts(row), reason=command.reason)
        await uow.session.flush()
        if command.accepted:
            await _pay_over(uow, lot, account, row, actor)
        elif account.release_reason is not None:
            await give_back(uow, lot, account, Reason(account.release_reason),
                            since=account.released_at or row.decided_at, actor=actor)
        await uow.commit()
        return row


async def _pay_over(uow: Work, lot: Lot, account: DepositAccount, row: DepositForfeiture, actor: Actor) -> None:
    """The deposit goes to the tenderee's own account, what was paid beyond it goes back."""
    kept = [each for each in held(await payments_of(uow.session, account.id)) if each.verdict in ADDS_UP]
    surplus = counted(kept) - row.amount
    for payment in kept:
        payment.state = MoneyState.FORFEITED
    if surplus > 0:
        since = row.decided_at or await uow.now()
        refund = await order_refund(uow, lot, kept[-1], Reason.SURPLUS, since=since, principal=surplus)
        await note(uow, "deposit.refund_ordered", actor, lot, account, **told_of(refund))
    await enqueue(uow, "deposit.transfer", f"forfeiture:{row.id}", {
        "order": str(row.id), "account": account.number, "amount": f"{row.amount:.2f}", "ground": row.ground,
        **await _beneficiary(uow, lot)}, channel=BANK)


async def _beneficiary(uow: Work, lot: Lot) -> dict[str, str]:
    version = await current_version(uow.session, lot.tenderee_id)
    account = data_of(version).bank_account if version else ""
    if not account:
        raise Refused("招标人没有登记银行账户")
    return {"to_name": (await party(uow.session, lot.tenderee_id)).name, "to_account": account}
