"""Letters, their delivery, and the contract over HTTP."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, SkipValidation
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.tsa import TimestampAuthority
from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound, NotSignedIn, Refused
from storage.objects.store import ObjectStore
from trading.awards import queries
from trading.awards.commands import contracting, delivering, lettering
from trading.awards.letter_answers import letter_answer
from trading.awards.letter_paper import result_key, result_letter_pdf
from trading.awards.model import LetterKind
from trading.awards.routes_results import told
from trading.papers.queries import newest_key, paper
from trading.tenders.forms import Judgement
from trading.trust.queries import database_now, trust_at

Json = dict[str, Any]
Keys = SkipValidation[PlatformKeys]  # nothing to validate: it comes from the node itself
Authority = SkipValidation[TimestampAuthority]
_REFUSALS = {"record_refusal": "award.refused"}
_PRIVATE = {"Cache-Control": "no-store"}
_LARGEST = 64 << 20


async def _letter(letter_id: UUID, actor: Actor, reader: AsyncSession) -> Json:
    file, letter = await queries.letter_for(reader, letter_id, actor)
    return letter_answer(file, letter, actor, await queries.delivery_of(reader, [letter]))


@post("/api/lots/{lot_id:uuid}/letters", operation_id="writeLetters", status_code=200, opt=_REFUSALS)
async def write_letters(lot_id: FromPath[UUID], data: JSONBody[lettering.WriteLetters], actor: NamedDependency[Actor],
                        work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Json:
    """Drafts of all letters (A-172)."""
    await lettering.write_letters(lot_id, data, actor, work())
    return await told(lot_id, actor, reader)


@put("/api/award-letters/{letter_id:uuid}", operation_id="writeLetterReason")
async def write_reason(letter_id: FromPath[UUID], data: JSONBody[lettering.WriteReason],
                       actor: NamedDependency[Actor], work: NamedDependency[Works],
                       reader: NamedDependency[AsyncSession]) -> Json:
    """The reason in one letter (A-173)."""
    await lettering.write_reason(letter_id, data, actor, work())
    return await _letter(letter_id, actor, reader)


@post("/api/lots/{lot_id:uuid}/letters/submit", operation_id="submitLetters", status_code=200, opt=_REFUSALS)
async def submit_letters(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                         reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore],
                         settings: NamedDependency[Settings]) -> Json:
    """Fixed; the award letter is there for the tenderee to sign."""
    await lettering.submit_letters(lot_id, actor, work, store, settings)
    return await told(lot_id, actor, reader)


@post("/api/lots/{lot_id:uuid}/letters/verify", operation_id="verifyLetters", status_code=200, opt=_REFUSALS)
async def verify_letters(lot_id: FromPath[UUID], data: JSONBody[Judgement], actor: NamedDependency[Actor],
                         work: NamedDependency[Works], reader: NamedDependency[AsyncSession]) -> Json:
    """The centre's verification (A-174)."""
    await lettering.verify_letters(lot_id, data, actor, work())
    return await told(lot_id, actor, reader)


@post("/api/lots/{lot_id:uuid}/letters/send", operation_id="sendLetters", status_code=200, opt=_REFUSALS)
async def send_letters(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                       reader: NamedDependency[AsyncSession]) -> Json:
    """All letters go out (BL 45)."""
    await lettering.send_letters(lot_id, actor, work())
    return await told(lot_id, actor, reader)


@get("/api/me/award-letters", operation_id="listOwnLetters", response_headers=_PRIVATE)
async def list_own_letters(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> Json:
    """The letters that were sent to the asker."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    items = []
    for letter, lot in await queries.letters_to(reader, actor.party_id):
        items.append({**await _letter(letter.id, actor, reader),
                      "lot": {"id": str(lot.id), "code": lot.code, "title": lot.title}})
    return {"items": items}


@get("/api/award-letters/{letter_id:uuid}", operation_id="readLetter", response_headers=_PRIVATE)
async def read_letter(letter_id: FromPath[UUID], actor: NamedDependency[Actor],
                      reader: NamedDependency[AsyncSession]) -> Json:
    """One letter, for its addressee once it was sent, and for the insiders."""
    return await _letter(letter_id, actor, reader)


@get("/api/award-letters/{letter_id:uuid}/pdf", operation_id="readLetterPdf", response_headers=_PRIVATE)
async def read_letter_pdf(letter_id: FromPath[UUID], actor: NamedDependency[Actor],
                          reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore],
                          keys: NamedDependency[Keys], settings: NamedDependency[Settings],
                          authority: NamedDependency[Authority],
                          renewed: FromQuery[bool] = False) -> Response[bytes]:
    """The award letter as the tenderee signed it; a result letter as the platform signed it; ``renewed``: with the
    further time stamps it got."""
    _, letter = await queries.letter_for(reader, letter_id, actor)
    if letter.kind == LetterKind.AWARD and letter.paper_id is not None:
        key = (await paper(reader, letter.paper_id)).pdf_key
        content = await store.get_range(await newest_key(reader, key, renewed=renewed), 0, _LARGEST)
    elif letter.kind == LetterKind.RESULT and letter.sent_at is not None:
        listed = await trust_at(reader, await database_now(reader))
        content = await result_letter_pdf(letter, store, keys, settings, authority, listed)
        if renewed:
            content = await store.get_range(await newest_key(reader, result_key(letter)), 0, _LARGEST)
    else:
        raise Refused("通知书提交后方可生成文件")
    return Response(content, media_type="application/pdf", headers={
        "Content-Disposition": f'inline; filename="{letter.number}.pdf"', "X-Content-Type-Options": "nosniff"})


@post("/api/award-letters/{letter_id:uuid}/read", operation_id="confirmLetterRead", status_code=200)
async def confirm_read(letter_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                       reader: NamedDependency[AsyncSession], keys: NamedDependency[Keys]) -> Json:
    """The read receipt (R-225)."""
    await delivering.read_letter(letter_id, actor, work(), keys)
    return await _letter(letter_id, actor, reader)


@post("/api/award-letters/{letter_id:uuid}/address", operation_id="giveAddress", status_code=200)
async def give_address(letter_id: FromPath[UUID], data: JSONBody[delivering.GiveAddress],
                       actor: NamedDependency[Actor], work: NamedDependency[Works],
                       reader: NamedDependency[AsyncSession]) -> Json:
    """The addressee consents to a courier and says where to."""
    await delivering.give_address(letter_id, data, actor, work())
    return await _letter(letter_id, actor, reader)


@post("/api/award-letters/{letter_id:uuid}/courier", operation_id="orderCourier", status_code=200, opt=_REFUSALS)
async def order_courier(letter_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                        reader: NamedDependency[AsyncSession]) -> Json:
    """A parcel for a letter."""
    await delivering.order_courier(letter_id, actor, work())
    return await _letter(letter_id, actor, reader)


@get("/api/award-letters/{letter_id:uuid}/service-record", operation_id="readServiceRecord",
     response_headers=_PRIVATE)
async def read_service_record(letter_id: FromPath[UUID], actor: NamedDependency[Actor],
                              reader: NamedDependency[AsyncSession]) -> Json:
    """E-notice and courier in one signed statement; it can be checked alone and offline."""
    _, letter = await queries.letter_for(reader, letter_id, actor)
    if letter.service_record is None:
        raise NotFound("尚无送达记录")
    return {"text": letter.service_record, "signature": letter.service_signature}


@put("/api/lots/{lot_id:uuid}/contract", operation_id="writeContract", opt=_REFUSALS)
async def write_contract(lot_id: FromPath[UUID], data: JSONBody[contracting.WriteContract],
                         actor: NamedDependency[Actor], work: NamedDependency[Works],
                         reader: NamedDependency[AsyncSession]) -> Json:
    """The contract's clauses (A-181)."""
    await contracting.write_contract(lot_id, data, actor, work())
    return await told(lot_id, actor, reader)


@post("/api/lots/{lot_id:uuid}/contract/submit", operation_id="submitContract", status_code=200, opt=_REFUSALS)
async def submit_contract(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works],
                          reader: NamedDependency[AsyncSession], settings: NamedDependency[Settings]) -> Json:
    """Handed in for verification."""
    await contracting.submit_contract(lot_id, actor, work(), settings)
    return await told(lot_id, actor, reader)


@post("/api/lots/{lot_id:uuid}/contract/verify", operation_id="verifyContract", status_code=200, opt=_REFUSALS)
async def verify_contract(lot_id: FromPath[UUID], data: JSONBody[Judgement], actor: NamedDependency[Actor],
                          work: NamedDependency[Works], reader: NamedDependency[AsyncSession],
                          store: NamedDependency[ObjectStore], settings: NamedDependency[Settings]) -> Json:
    """The centre's verification; the paper is there for both to sign (A-182)."""
    await contracting.verify_contract(lot_id, data, actor, work, store, settings)
    return await told(lot_id, actor, reader)


@get("/api/lots/{lot_id:uuid}/contract", operation_id="readContract", response_headers=_PRIVATE)
async def read_contract(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                        reader: NamedDependency[AsyncSession]) -> Json:
    """The contract: whole for its parties and the staff, price and date for everyone once signed."""
    found: Json | None = (await told(lot_id, actor, reader))["contract"]
    if found is None:
        raise NotFound("尚无合同")
    return found


ROUTES: list[ControllerRouterHandler] = [
    write_letters, write_reason, submit_letters, verify_letters, send_letters, list_own_letters, read_letter,
    read_letter_pdf, confirm_read, give_address, order_courier, read_service_record, write_contract, submit_contract,
    verify_contract, read_contract,
]
