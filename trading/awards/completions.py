"""What follows when the last signature stands on an award letter or on a contract, in the same transaction."""

from datetime import datetime
from uuid import UUID

from storage.database.work import Work
from storage.kernel.actor import PLATFORM
from storage.kernel.clock import to_wire
from storage.kernel.errors import Refused, RulesUnmet
from trading.awards.award_file import AwardFile, facts_of, load
from trading.awards.commands import contracting, lettering
from trading.awards.delivery_rules import contract_is_made_in_time, contract_is_verified
from trading.awards.model import Paperwork
from trading.exchange.queue import enqueue
from trading.papers.commands import Completion
from trading.papers.tables import Paper
from trading.tenders.life import Passage, advance
from trading.tenders.model import Act
from trading.tenders.permissions import insiders
from trading.tenders.queries import lock_lot


async def letter_is_signed(uow: Work, paper: Paper, now: datetime) -> None:
    """The tenderee signed the award letter; the centre may verify it (A-174)."""
    file = await _file_of(uow, paper, now)
    letter = next((each for each in file.letters if each.paper_id == paper.id), None)
    if letter is None or file.award.letters != Paperwork.SUBMITTED:
        raise Refused("该中标通知书已重新编制，请签署新的文件")
    file.award.letters = Paperwork.SIGNED
    uow.record("letters.signed", PLATFORM, stream=file.stream, subject=f"award-letter:{letter.id}",
               audience=insiders(file.lot), payload={"number": letter.number, "paper_sha256": paper.pdf_sha256})


async def contract_is_complete(uow: Work, paper: Paper, now: datetime) -> None:
    """Both signed: AWARDED becomes CONTRACTED, and whoever holds deposits hears of it (R-402, A-183, A-184)."""
    file = await _file_of(uow, paper, now)
    contract, winner = file.contract, file.winner
    if contract is None or winner is None or contract.paper_id != paper.id:
        raise Refused("该合同已重新编制，请签署新的文件")
    facts = facts_of(file)
    if not contract_is_verified(facts):
        raise RulesUnmet((contract_is_verified,), lot=file.lot.code)
    file.lot.stage = advance(file.lot.stage, Act.CONTRACT, Passage(now=now, suspended=file.lot.suspended))
    contract.status, contract.signed_at = Paperwork.SIGNED, now
    contract.is_late = not contract_is_made_in_time(facts)
    told = {"lot": file.lot.code, "contract": str(contract.id), "number": contract.number, "winner": winner.name,
            "uscc": winner.uscc, "price": f"{contract.price:.2f}", "signed_at": to_wire(now),
            "sha256": paper.pdf_sha256, "text_sha256": contract.sha256, "is_late": contract.is_late}
    uow.record("contract.signed", PLATFORM, stream=file.stream, subject=f"contract:{contract.id}", payload=told)
    await enqueue(uow, "contract.signed", f"contract:{contract.id}", told | {"rehearsal": file.lot.rehearsal})


async def _file_of(uow: Work, paper: Paper, now: datetime) -> AwardFile:
    lot = await lock_lot(uow, UUID(paper.stream.removeprefix("lot:")))
    return await load(uow.session, lot, PLATFORM, now)


COMPLETIONS: dict[str, Completion] = {lettering.PAPER_KIND: letter_is_signed,
                                      contracting.PAPER_KIND: contract_is_complete}
