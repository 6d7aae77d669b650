"""The HTTP face of witnesses: who they are, what they are asked to cosign, and where they hand it in."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.types import ControllerRouterHandler
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.database.work import Works
from storage.kernel.actor import Actor
from storage.kernel.errors import NotFound
from storage.ledger.queries import checkpoint_to_cosign
from trading.witnesses import commands
from trading.witnesses.queries import witness_views
from trading.witnesses.requests import HandIn, RegisterWitness

_REFUSALS = {"record_refusal": "witness.act_refused"}


@get("/api/ledger/witnesses", operation_id="listWitnesses")
async def list_witnesses(reader: NamedDependency[AsyncSession]) -> list[dict[str, Any]]:
    """Who registered a witness, its key, and the newest checkpoint that it cosigned."""
    now = (await reader.execute(select(func.clock_timestamp()))).scalar_one()
    return await witness_views(reader, now)


@post("/api/ledger/witnesses", operation_id="registerWitness", opt=_REFUSALS)
async def register_witness(data: JSONBody[RegisterWitness], actor: NamedDependency[Actor],
                           work: NamedDependency[Works]) -> dict[str, str]:
    """Registers the witness of who is signed in: one each, of whatever role."""
    return {"id": str(await commands.register_witness(data, actor, work()))}


@post("/api/ledger/witnesses/{witness_id:uuid}/retire", operation_id="retireWitness", status_code=204, opt=_REFUSALS)
async def retire_witness(witness_id: FromPath[UUID], actor: NamedDependency[Actor],
                         work: NamedDependency[Works]) -> None:
    """Ends one's own witness."""
    await commands.retire_witness(witness_id, actor, work())


@get("/api/ledger/checkpoint/to-cosign", operation_id="checkpointToCosign")
async def to_cosign(reader: NamedDependency[AsyncSession]) -> Response[str]:
    """The checkpoint that all witnesses are asked to cosign now, as a C2SP note (text)."""
    found = await checkpoint_to_cosign(reader)
    if found is None:
        raise NotFound("尚无检查点")
    return Response(found.note, media_type="text/plain; charset=utf-8")


@post("/api/ledger/cosignatures", operation_id="handInCosignature", status_code=204)
async def hand_in(data: JSONBody[HandIn], work: NamedDependency[Works]) -> None:
    """Takes a registered witness's cosignature; needs no session, for the signature is the right."""
    await commands.hand_in(data, work())


ROUTES: list[ControllerRouterHandler] = [list_witnesses, register_witness, retire_witness, to_cosign, hand_in]
