"""A bidder asks for the account to which its deposit is paid (R-400)."""

from uuid import UUID

from bidding.bids.holding import require_open
from bidding.bids.permissions import permit_bidding
from bidding.deposits.holding import account_of, note, sealed_stream
from bidding.deposits.model import new_account_number
from bidding.deposits.rules import account_betrays_nobody, basic_account_is_registered, cash_is_admitted
from bidding.deposits.tables import DepositAccount
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from storage.kernel.identifiers import new_id
from storage.kernel.rule import require
from trading.exchange.queue import enqueue
from trading.parties.queries import current_version, lock_party
from trading.parties.records import data_of
from trading.tenders.disclosure import is_public
from trading.tenders.queries import share_lot
from trading.tenders.tables import Lot

BANK = "bank"
LABEL = "保证金"


async def request_account(lot_id: UUID, actor: Actor, uow: Work) -> DepositAccount:
    """One account per bidder and lot, whose number tells nothing; asked again, the same one.

    The order to the bank names no lot and no bidder, and its delivery is recorded under seal (R-122).
    """
    async with uow:
        lot = await share_lot(uow, lot_id)
        if not is_public(lot):
            raise NotFound("没有这个标段")
        party_id = permit_bidding(actor, lot)
        bidder = await lock_party(uow.session, party_id)  # two requests at once get one account
        now = await uow.now()
        found = await account_of(uow.session, lot_id, party_id)
        if found is not None:
            return found
        require_open(lot, now)
        await _require_payable(uow, lot, party_id)
        made = DepositAccount(id=new_id(), lot_id=lot.id, party_id=party_id, requested_at=now,
                              number=_number(lot, bidder.uscc))
        uow.session.add(made)
        await enqueue(uow, "deposit.account.open", f"deposit:{made.id}", {"account": made.number, "label": LABEL},
                      channel=BANK, sealed_stream=await sealed_stream(uow, lot))
        await note(uow, "deposit.account_requested", actor, lot, made, number=made.number)
        await uow.commit()
        return made


async def _require_payable(uow: Work, lot: Lot, party_id: UUID) -> None:
    version = await current_version(uow.session, party_id)
    basic = data_of(version).bank_account if version else ""
    require((cash_is_admitted, cash_is_admitted(lot.deposit, lot.deposit_forms)),
            (basic_account_is_registered, basic_account_is_registered(basic)))


def _number(lot: Lot, uscc: str) -> str:
    while not account_betrays_nobody(number := new_account_number(), (lot.code, uscc)):
        continue
    return number
