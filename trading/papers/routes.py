"""The HTTP face of papers that people sign."""

from hashlib import sha256
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, SkipValidation
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.canonical import to_base64
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.objects.store import ObjectStore
from trading.papers import commands
from trading.papers.queries import newest_key, paper_answer, readable_paper

Answer = dict[str, Any]
Desk = SkipValidation[commands.Bureau]  # nothing to validate: it comes from the node itself
_PRIVATE = {"Cache-Control": "no-store"}


@get("/api/papers/{paper_id:uuid}", operation_id="readPaper", response_headers=_PRIVATE)
async def read_paper(paper_id: FromPath[UUID], actor: NamedDependency[Actor],
                     reader: NamedDependency[AsyncSession]) -> Answer:
    """Who signs and who has signed."""
    return await paper_answer(reader, await readable_paper(reader, paper_id, actor), actor)


@get("/api/papers/{paper_id:uuid}/pdf", operation_id="readPaperPdf", response_headers=_PRIVATE)
async def read_paper_pdf(paper_id: FromPath[UUID], actor: NamedDependency[Actor],
                         reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore],
                         renewed: FromQuery[bool] = False) -> Response[bytes]:
    """The file as it stands, with the signatures made so far; ``renewed``: with the further time stamps it got."""
    held = await readable_paper(reader, paper_id, actor)
    content = await store.get_range(await newest_key(reader, held.pdf_key, renewed=renewed), 0, 64 << 20)
    return Response(content, media_type="application/pdf", headers={
        "Content-Disposition": f'inline; filename="{held.kind}-{held.id}.pdf"', "X-Content-Type-Options": "nosniff"})


@post("/api/papers/{paper_id:uuid}/prepare", operation_id="preparePaper")
async def prepare(paper_id: FromPath[UUID], data: JSONBody[commands.PreparePaper], actor: NamedDependency[Actor],
                  work: NamedDependency[Works], bureau: NamedDependency[Desk]) -> Answer:
    """What the asker has to sign; the private key stays with the client."""
    prepared = await commands.prepare_paper(paper_id, data, actor, work, bureau)
    return {"to_sign": to_base64(prepared.to_sign), "digest": sha256(prepared.to_sign).hexdigest(),
            "algorithm": "sha256"}


@post("/api/papers/{paper_id:uuid}/sign", operation_id="signPaper")
async def sign(paper_id: FromPath[UUID], data: JSONBody[commands.SignPaper], actor: NamedDependency[Actor],
               work: NamedDependency[Works], bureau: NamedDependency[Desk]) -> Answer:
    """Puts the signature in; the last one completes the paper."""
    await commands.sign_paper(paper_id, data, actor, work, bureau)
    async with work() as uow:
        return await paper_answer(uow.session, await readable_paper(uow.session, paper_id, actor), actor)


ROUTES: list[ControllerRouterHandler] = [read_paper, read_paper_pdf, prepare, sign]
