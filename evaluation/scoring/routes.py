"""The HTTP face of the desk: what it shows, what members decide, and the bids they read."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, SkipValidation
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.opening import ranges
from bidding.opening.body_answer import body_answer, file_answer
from bidding.opening.permissions import require_identity
from bidding.opening.reading import Bodies
from evaluation.scoring.answers import desk_answer
from evaluation.scoring.commands import pricing, reviewing, scoring
from evaluation.scoring.queries import WORK, readable_bid, role_of, view_desk
from storage.crypto.platform_keys import PlatformKeys
from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from storage.objects.store import ObjectStore
from trading.tenders.package import members
from trading.tenders.queries import issued_document, now_of
from trading.tenders.queries import lot as lot_of

Answer = dict[str, Any]
Keys = SkipValidation[PlatformKeys]  # nothing to validate: it comes from the node itself
_PRIVATE = {"Cache-Control": "no-store"}
_REFUSALS = {"record_refusal": "evaluation.refused"}
_DESK = "/api/lots/{lot_id:uuid}/evaluation"
_BODIES = Bodies()


@get(_DESK, operation_id="readEvaluation", response_headers=_PRIVATE)
async def read_evaluation(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                          reader: NamedDependency[AsyncSession]) -> Answer:
    """The desk as the asking audience may see it (A-146)."""
    require_identity(actor)
    return desk_answer(await view_desk(reader, lot_id, actor))


@get(_DESK + "/ranking", operation_id="readRanking", response_headers=_PRIVATE)
async def read_ranking(lot_id: FromPath[UUID], actor: NamedDependency[Actor],
                       reader: NamedDependency[AsyncSession]) -> Answer:
    """The ranking with every number's explanation (A-145)."""
    require_identity(actor)
    view = await view_desk(reader, lot_id, actor)
    if view.role not in WORK or view.evaluation.outcome is None:
        raise NotFound("排序尚未形成")
    return {"outcome": view.evaluation.outcome, "outcome_sha256": view.evaluation.outcome_sha256}


@put(_DESK + "/review", operation_id="saveReview", opt=_REFUSALS)
async def save_review(lot_id: FromPath[UUID], data: JSONBody[reviewing.SaveReview], actor: NamedDependency[Actor],
                      work: NamedDependency[Works]) -> Answer:
    """Keeps the member's own draft."""
    return {"saved": await reviewing.save_review(lot_id, data, actor, work())}


@post(_DESK + "/review/submit", operation_id="submitReview", opt=_REFUSALS)
async def submit_review(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Answer:
    """Closes the member's own review."""
    return {"step": await reviewing.submit_review(lot_id, actor, work())}


@post(_DESK + "/competition", operation_id="voteCompetition", opt=_REFUSALS)
async def vote_competition(lot_id: FromPath[UUID], data: JSONBody[reviewing.Competition],
                           actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Answer:
    """Whether competition is clearly lacking."""
    return {"step": await reviewing.vote_competition(lot_id, data, actor, work())}


@post(_DESK + "/scores/commit", operation_id="commitScores", opt=_REFUSALS)
async def commit_scores(lot_id: FromPath[UUID], data: JSONBody[scoring.CommitScores], actor: NamedDependency[Actor],
                        work: NamedDependency[Works]) -> Answer:
    """Commits to a sheet nobody else can read (R-330)."""
    return await scoring.commit_scores(lot_id, data, actor, work())


@post(_DESK + "/scores/reveal", operation_id="revealScores", opt=_REFUSALS)
async def reveal_scores(lot_id: FromPath[UUID], data: JSONBody[scoring.RevealScores], actor: NamedDependency[Actor],
                        work: NamedDependency[Works]) -> Answer:
    """Opens the committed sheet, once all have committed."""
    return await scoring.reveal_scores(lot_id, data, actor, work())


@post(_DESK + "/scores/restart", operation_id="restartRound", opt=_REFUSALS)
async def restart_round(lot_id: FromPath[UUID], data: JSONBody[scoring.RestartRound], actor: NamedDependency[Actor],
                        work: NamedDependency[Works]) -> Answer:
    """Has the round scored anew (R-168)."""
    return {"round": await scoring.restart_round(lot_id, data, actor, work())}


@post(_DESK + "/prices", operation_id="takePrices", opt=_REFUSALS)
async def take_prices(lot_id: FromPath[UUID], actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Answer:
    """Takes the prices of the second opening and ranks (R-318)."""
    return {"step": await pricing.take_prices(lot_id, actor, work())}


@post(_DESK + "/alerts/{alert:str}/reason", operation_id="explainAlert", opt=_REFUSALS)
async def explain_alert(lot_id: FromPath[UUID], alert: FromPath[str], data: JSONBody[scoring.ExplainAlert],
                        actor: NamedDependency[Actor], work: NamedDependency[Works]) -> Answer:
    """A written reason (R-332)."""
    return {"step": await scoring.explain_alert(lot_id, alert, data, actor, work())}


@get(_DESK + "/bids/{bid_id:uuid}/body", operation_id="readBidAtDesk")
async def read_body(lot_id: FromPath[UUID], bid_id: FromPath[UUID], actor: NamedDependency[Actor],
                    reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore],
                    keys: NamedDependency[Keys],
                    wanted: Annotated[str, HeaderParameter(name="Range")] = "") -> Response[Any]:
    """The opened body by range, from the sealed object itself; for who sits at this lot's desk now."""
    require_identity(actor)
    await readable_bid(reader, lot_id, bid_id, actor)
    body = await _BODIES.get(reader, keys, bid_id)
    await reader.close()  # a slow reader must not hold a connection of the pool
    return body_answer(body, store, wanted)


@get(_DESK + "/bids/{bid_id:uuid}/file", operation_id="readBidFileAtDesk")
async def read_file(lot_id: FromPath[UUID], bid_id: FromPath[UUID], actor: NamedDependency[Actor],
                    reader: NamedDependency[AsyncSession], store: NamedDependency[ObjectStore],
                    keys: NamedDependency[Keys], name: FromQuery[str], offset: FromQuery[int], length: FromQuery[int],
                    wanted: Annotated[str, HeaderParameter(name="Range")] = "") -> Response[Any]:
    """One file within the opened body, so that a browser's viewer turns its pages by range (A-140)."""
    require_identity(actor)
    await readable_bid(reader, lot_id, bid_id, actor)
    body = await _BODIES.get(reader, keys, bid_id)
    await reader.close()
    return file_answer(body, store, wanted, ranges.Span(offset, length, is_partial=True), name)


@get(_DESK + "/document", operation_id="readDocumentAtDesk", media_type="application/pdf")
async def read_document(lot_id: FromPath[UUID], actor: NamedDependency[Actor], reader: NamedDependency[AsyncSession],
                        store: NamedDependency[ObjectStore]) -> Stream:
    """The signed tender document in force, clarifications included (A-136)."""
    require_identity(actor)
    lot = await lot_of(reader, lot_id)
    role, _ = await role_of(reader, lot, actor, await now_of(reader))
    document = await issued_document(reader, lot_id)
    if role not in WORK or document is None:
        raise NotFound("没有招标文件")
    main = members(document, ())[0]
    return Stream(store.stream(main.key), media_type="application/pdf", headers={
        "Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff", "X-Content-SHA256": main.sha256})


ROUTES: list[ControllerRouterHandler] = [
    read_evaluation, read_ranking, save_review, submit_review, vote_competition, commit_scores, reveal_scores,
    restart_round, take_prices, explain_alert, read_body, read_file, read_document,
]
