"""The HTTP face of guarantee letters: the list of issuers, a bidder's own desk, the hall's verdicts, claims."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import ClientException
from litestar.params import FromPath, JSONBody, SkipValidation
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.guarantees import answers, queries
from bidding.guarantees.commands import applying, claiming, hearing, issuers
from bidding.guarantees.tables import GuaranteeIssuer
from storage.crypto.callbacks import HEADER
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.objects.store import ObjectStore
from trading.tenders.file_names import content_disposition, media_type

Answer = dict[str, Any]
AnyRequest = Request[Any, Any, Any]
Keys = SkipValidation[PlatformKeys]  # nothing to validate: it comes from the node itself
_PRIVATE = {"Cache-Control": "no-store"}
_REFUSALS = {"record_refusal": "guarantee.act_refused"}


@get("/api/guarantee-issuers", operation_id="listGuaranteeIssuers")
async def list_issuers(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> Answer:
    """Who issues letters; never how many, nor for what (R-412)."""
    return answers.issuer_list(await queries.issuers(reader, actor), actor)


@post("/api/guarantee-issuers", operation_id="proposeGuaranteeIssuer", opt=_REFUSALS)
async def propose_issuer(data: JSONBody[issuers.ProposeIssuer], actor: NamedDependency[Actor],
                         work: NamedDependency[Works]) -> Answer:
    """A new entry that waits for another person."""
    return answers.issuer_answer(await issuers.propose_issuer(data, actor, work()), actor)


@post("/api/guarantee-issuers/{issuer_id:uuid}/decide", operation_id="decideGuaranteeIssuer", status_code=200,
      opt=_REFUSALS)
async def decide_issuer(issuer_id: FromPath[UUID], data: JSONBody[issuers.Decide], actor: NamedDependency[Actor],
                        work: NamedDependency[Works]) -> Answer:
    """Decides an entry or its end (R-410/2)."""
    return answers.issuer_answer(await issuers.decide_issuer(issuer_id, data, actor, work()), actor)


@post("/api/guarantee-issuers/{issuer_id:uuid}/retire", operation_id="retireGuaranteeIssuer", status_code=200,
      opt=_REFUSALS)
async def retire_issuer(issuer_id: FromPath[UUID], data: JSONBody[issuers.Retire], actor: NamedDependency[Actor],
                        work: NamedDependency[Works]) -> Answer:
    """Asks that an issuer leave the list."""
    return answers.issuer_answer(await issuers.retire_issuer(issuer_id, data, actor, work()), actor)


@get("/api/lots/{lot_id:uuid}/guarantee", operation_id="readOwnGuarantee", response_headers=_PRIVATE)
async def read_own_guarantee(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                             reader: NamedDependency[AsyncSession], keys: NamedDependency[Keys]) -> Answer:
    """The asking bidder's own desk, nobody else's (R-122)."""
    return answers.desk_answer(await queries.desk_of(reader, lot_id, actor, keys.master), actor)


@post("/api/lots/{lot_id:uuid}/guarantee/orders", operation_id="applyForGuarantee", opt=_REFUSALS)
async def apply_for_guarantee(lot_id: FromPath[UUID], data: JSONBody[applying.ApplyForGuarantee],
                              actor: NamedDependency[Actor], work: NamedDependency[Works],
                              reader: NamedDependency[AsyncSession], keys: NamedDependency[Keys]) -> Answer:
    """Takes a sealed application to an issuer."""
    order = await applying.apply_for_guarantee(lot_id, data, actor, work(), keys.master)
    issuer = await reader.get_one(GuaranteeIssuer, order.issuer_id)
    return answers.order_answer(order, {issuer.id: issuer})


@get("/api/lots/{lot_id:uuid}/guarantees", operation_id="readGuarantees", response_headers=_PRIVATE)
async def read_guarantees(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                          reader: NamedDependency[AsyncSession]) -> Answer:
    """The letters of the opened bids with a verdict per rule (A-103, A-104)."""
    return answers.board_answer(await queries.board_of(reader, lot_id), actor)


@get("/api/lots/{lot_id:uuid}/guarantees/{bid_id:uuid}/data", operation_id="readGuaranteeData",
     response_headers=_PRIVATE)
async def read_guarantee_data(lot_id: FromPath[UUID], bid_id: FromPath[UUID], actor: NamedDependency[Actor],
                              reader: NamedDependency[AsyncSession]) -> Answer:
    """The data of a letter (R-413)."""
    return dict((await queries.signed_letter(reader, lot_id, bid_id, actor)).data)


@get("/api/lots/{lot_id:uuid}/guarantees/{bid_id:uuid}/pdf", operation_id="readGuaranteePdf",
     media_type="application/pdf")
async def read_guarantee_pdf(lot_id: FromPath[UUID], bid_id: FromPath[UUID], actor: NamedDependency[Actor],
                             reader: NamedDependency[AsyncSession]) -> Response[bytes]:
    """The letter under its issuer's signature."""
    letter = await queries.signed_letter(reader, lot_id, bid_id, actor)
    return Response(letter.pdf, media_type="application/pdf", headers=_file("guarantee.pdf"))


@post("/api/lots/{lot_id:uuid}/guarantees/{bid_id:uuid}/claim", operation_id="proposeGuaranteeClaim", opt=_REFUSALS)
async def propose_claim(lot_id: FromPath[UUID], bid_id: FromPath[UUID], data: JSONBody[claiming.ProposeClaim],
                        actor: NamedDependency[Actor], work: NamedDependency[Works],
                        store: NamedDependency[ObjectStore]) -> Answer:
    """The tenderee proposes a claim (R-403)."""
    return answers.claim_answer(await claiming.propose_claim(lot_id, bid_id, data, actor, work(), store), actor)


@post("/api/guarantee-claims/{claim_id:uuid}/decide", operation_id="decideGuaranteeClaim", status_code=200,
      opt=_REFUSALS)
async def decide_claim(claim_id: FromPath[UUID], data: JSONBody[issuers.Decide], actor: NamedDependency[Actor],
                       work: NamedDependency[Works]) -> Answer:
    """Another person decides it; approved, it goes to the issuer."""
    return answers.claim_answer(await claiming.decide_claim(claim_id, data, actor, work()), actor)


@get("/api/guarantee-claims/{claim_id:uuid}/evidence/{number:int}", operation_id="readGuaranteeClaimEvidence")
async def read_evidence(claim_id: FromPath[UUID], number: FromPath[int], actor: NamedDependency[Actor],
                        reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore]) -> Response[bytes]:
    """A file of a claim's evidence, numbered from 0."""
    name, key = await queries.claim_file(reader, claim_id, number, actor)
    content = b"".join([chunk async for chunk in store.stream(key)])
    return Response(content, media_type=media_type(name), headers=_file(name))


@post("/api/callbacks/issuers/{issuer_id:uuid}", operation_id="hearIssuer", status_code=200)
async def hear_issuer(issuer_id: FromPath[UUID], request: AnyRequest, work: NamedDependency[Works]) -> Answer:
    """An issuer's program tells how an order or a claim stands, under its registered key."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > hearing.LARGEST:
            raise ClientException(status_code=413)
    return await hearing.hear_issuer(issuer_id, request.headers.get(HEADER, ""), bytes(body), work())


def _file(name: str) -> dict[str, str]:
    return {**_PRIVATE, "Content-Disposition": content_disposition(name), "X-Content-Type-Options": "nosniff"}


ROUTES: list[ControllerRouterHandler] = [
    list_issuers, propose_issuer, decide_issuer, retire_issuer, read_own_guarantee, apply_for_guarantee,
    read_guarantees, read_guarantee_data, read_guarantee_pdf, propose_claim, decide_claim, read_evidence, hear_issuer]
