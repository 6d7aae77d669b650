"""The contract: drafted from the winning bid, verified by the centre, signed by both (A-180 to A-183, R-114)."""

import asyncio
from decimal import Decimal
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from storage.database.settings import Settings
from storage.database.work import Work, Works
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, Invalid, Refused
from storage.kernel.identifiers import new_id
from storage.kernel.money import yuan
from storage.objects.store import ObjectStore
from trading.awards.acts import AwardAct
from trading.awards.award_file import AwardFile, hold
from trading.awards.contract_paper import CLAUSES, TITLE, contract_text, render_contract
from trading.awards.model import Paperwork
from trading.awards.tables import Contract
from trading.papers.commands import lay_out
from trading.papers.model import PaperDraft
from trading.tenders.forms import Judgement, Prose
from trading.tenders.permissions import insiders

PAPER_KIND = "contract"


class WriteContract(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The clauses that may be written; price, parties and promises come from the bid and stand (BL 46)."""

    fields: Annotated[dict[str, Prose], Meta(max_length=100)] = {}
    performance_bond: Decimal | None = None


async def write_contract(lot_id: UUID, command: WriteContract, actor: Actor, uow: Work) -> None:
    """A draft, or new words for one that was sent back (A-181)."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.WRITE_CONTRACT)
        unknown = sorted(set(command.fields) - set(CLAUSES))
        if unknown:
            raise Invalid(f"合同没有这些条款：{'、'.join(unknown)}", field="fields")
        contract = file.contract or _draft(file)
        contract.fields, contract.status, contract.paper_id = dict(command.fields), Paperwork.DRAFT, None
        bond = command.performance_bond
        contract.performance_bond = None if bond is None else yuan(bond, field="performance_bond")
        uow.session.add(contract)
        _note(uow, "contract.written", actor, file, contract)
        await uow.commit()


def _draft(file: AwardFile) -> Contract:
    winner = file.winner
    if winner is None or winner.price is None:
        raise Refused("中标人的报价不明，不能编制合同")
    return Contract(id=new_id(), lot_id=file.lot.id, number=f"HT-{file.lot.code}", price=winner.price)


async def submit_contract(lot_id: UUID, actor: Actor, uow: Work, settings: Settings) -> None:
    """Fixes the text and hands it in for verification."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.SUBMIT_CONTRACT)
        contract = _written(file)
        contract.text = await contract_text(uow.session, file, contract, settings)
        contract.sha256 = sha256(contract.text.encode()).hexdigest()
        contract.status, contract.reason = Paperwork.SUBMITTED, ""
        _note(uow, "contract.submitted", actor, file, contract)
        await uow.commit()


def _written(file: AwardFile) -> Contract:
    if file.contract is None:
        raise Refused("请先编制合同")
    return file.contract


async def verify_contract(lot_id: UUID, judgement: Judgement, actor: Actor, works: Works, store: ObjectStore,
                          settings: Settings) -> None:
    """The centre's verification, with person and time (A-182); then the paper is there for both to sign (A-183)."""
    async with works() as uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.VERIFY_CONTRACT)
        seen = _written(file).text
    if not judgement.accepted and not judgement.reason.strip():
        raise Invalid("退回须写明理由", field="reason")
    content = await asyncio.to_thread(render_contract, seen, settings) if judgement.accepted else b""
    async with works() as uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.VERIFY_CONTRACT)
        contract = _written(file)
        if contract.text != seen:
            raise Conflict("合同在验证期间已变化，请重新验证")
        contract.status = Paperwork.VERIFIED if judgement.accepted else Paperwork.REFUSED
        contract.reason, contract.verifier, contract.verified_at = judgement.reason.strip(), actor.name, file.now
        if judgement.accepted:
            paper = await lay_out(uow, _paper(file, contract, content), actor, store)
            await uow.session.flush()
            contract.paper_id = paper.id
        _note(uow, "contract.verified", actor, file, contract, accepted=judgement.accepted, reason=contract.reason)
        await uow.commit()


def _paper(file: AwardFile, contract: Contract, content: bytes) -> PaperDraft:
    winner = file.winner
    if winner is None:
        raise Refused("尚未确定中标人")
    return PaperDraft(kind=PAPER_KIND, stream=file.stream, subject=f"contract:{contract.id}",
                      title=f"{file.lot.title}{TITLE}", content=content,
                      seats={"tenderee": file.lot.tenderee_id, "winner": winner.party_id},
                      audience=(*insiders(file.lot), f"party:{winner.party_id}"))


def _note(uow: Work, action: str, actor: Actor, file: AwardFile, contract: Contract, **more: str | bool) -> None:
    uow.record(action, actor, stream=file.stream, subject=f"contract:{contract.id}", audience=insiders(file.lot),
               payload={"lot": file.lot.code, "number": contract.number, "price": f"{contract.price:.2f}",
                        "sha256": contract.sha256, "by": actor.name, **more})
