"""The HTTP face of the trust list."""

from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.settings import Settings
from storage.database.work import Works
from storage.kernel.actor import Actor
from trading.trust import commands, queries, views
from trading.trust.permissions import permit_reading
from trading.trust.reading import authorities_of
from trading.trust.requests import Decide, ProposeChange, ProposeImport

_REFUSALS = {"record_refusal": "trust.act-refused"}


@get("/api/trust-list", operation_id="readTrustList")
async def read_trust_list(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession]) -> views.TrustListView:
    """The recognised CAs now, and every edition of the list; public (R-005, R-700)."""
    return await views.trust_list(reader, actor)


@get("/api/trust-list/editions/{number:int}", operation_id="readTrustEdition")
async def read_trust_edition(number: FromPath[int], reader: NamedDependency[AsyncSession]) -> views.EditionView:
    """One edition whole, with the form its digest in the ledger is over."""
    return await views.edition_view(reader, number)


@get("/api/trust-evidence/{digest:str}", operation_id="readTrustEvidence", media_type="application/octet-stream")
async def read_trust_evidence(digest: FromPath[str], reader: NamedDependency[AsyncSession]) -> Response[bytes]:
    """A CA's certificate or CRL by its SHA-256, DER: what a validation rests on."""
    found = await queries.evidence(reader, digest)
    headers = {"Content-Disposition": f'attachment; filename="{found.kind}-{digest[:16]}.der"',
               "X-Content-Type-Options": "nosniff"}
    return Response(found.der, media_type="application/octet-stream", headers=headers)


@get("/api/trust-list/proposals", operation_id="listTrustProposals")
async def list_trust_proposals(actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                               ) -> list[views.ProposalView]:
    """Proposals, those that wait first; for who keeps, decides or supervises."""
    permit_reading(actor)
    return await views.proposal_views(reader, actor)


@post("/api/trust-list/proposals", operation_id="proposeTrustChange", opt=_REFUSALS)
async def propose_trust_change(data: JSONBody[ProposeChange], actor: NamedDependency[Actor],
                               work: NamedDependency[Works]) -> dict[str, str]:
    """Proposes to enter or change CAs."""
    return {"id": str(await commands.propose_change(data, actor, work()))}


@post("/api/trust-list/imports", operation_id="proposeTrustImport", opt=_REFUSALS)
async def propose_trust_import(data: JSONBody[ProposeImport], actor: NamedDependency[Actor],
                               work: NamedDependency[Works], settings: NamedDependency[Settings]) -> dict[str, str]:
    """Proposes what lies in the operator's folder and is not on the list."""
    folder = authorities_of(settings.trust_directory)
    return {"id": str(await commands.propose_import(data, folder, actor, work()))}


@post("/api/trust-list/proposals/{proposal_id:uuid}/approve", operation_id="approveTrustChange", status_code=200,
      opt=_REFUSALS)
async def approve_trust_change(proposal_id: FromPath[UUID], data: JSONBody[Decide], actor: NamedDependency[Actor],
                               work: NamedDependency[Works]) -> dict[str, int]:
    """Approves another person's proposal: the number of the edition it makes."""
    return {"edition": await commands.approve_change(proposal_id, data, actor, work())}


@post("/api/trust-list/proposals/{proposal_id:uuid}/refuse", operation_id="refuseTrustChange", status_code=204,
      opt=_REFUSALS)
async def refuse_trust_change(proposal_id: FromPath[UUID], data: JSONBody[Decide], actor: NamedDependency[Actor],
                              work: NamedDependency[Works]) -> None:
    """Refuses another person's proposal, with a reason."""
    await commands.refuse_change(proposal_id, data, actor, work())


@post("/api/trust-list/proposals/{proposal_id:uuid}/take-back", operation_id="takeBackTrustChange", status_code=204,
      opt=_REFUSALS)
async def take_back_trust_change(proposal_id: FromPath[UUID], data: JSONBody[Decide], actor: NamedDependency[Actor],
                                 work: NamedDependency[Works]) -> None:
    """Takes an own proposal back."""
    await commands.take_back_change(proposal_id, data, actor, work())


ROUTES: list[ControllerRouterHandler] = [
    read_trust_list, read_trust_edition, read_trust_evidence, list_trust_proposals, propose_trust_change,
    propose_trust_import, approve_trust_change, refuse_trust_change, take_back_trust_change,
]
