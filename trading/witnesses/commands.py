"""Registering and retiring a witness, and taking its cosignatures.

Who is enrolled and verified registers its own witness, and nobody at the centre has a say: a witness is worth what its
owner is worth to whoever reads a checkpoint. A cosignature is no act of business, and makes no ledger entry: an entry
would make a checkpoint, which would ask for a cosignature.
"""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import or_, select

from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, Invalid, NotFound, Refused
from storage.kernel.identifiers import new_id
from storage.ledger.checkpoints import verify_cosignature
from storage.ledger.notes import COSIGNATURE_V1, CheckpointRefused, parse_key, parse_line, split_cosignature
from storage.ledger.queries import add_cosignature, published_note
from trading.parties.queries import lock_party, refuse_unverified
from trading.witnesses.model import CLOCK_TOLERANCE, Act
from trading.witnesses.permissions import permit
from trading.witnesses.queries import witness_named
from trading.witnesses.requests import HandIn, RegisterWitness
from trading.witnesses.tables import Witness

STREAM = "witnesses"


async def register_witness(command: RegisterWitness, actor: Actor, uow: Work) -> UUID:
    """Enters the actor's witness. Raises ``Conflict`` where it has one, or where name or key are taken.

    Raises ``Refused`` for who is not verified: a draft may be deleted, and nobody knows yet who vouches.
    """
    owner = permit(actor, Act.REGISTER, actor.party_id)
    try:
        key = parse_key(command.key, COSIGNATURE_V1)
    except CheckpointRefused as error:
        raise Invalid("这不是见证人公钥：须为 yunkai witness init 给出的一行", field="key") from error
    async with uow:
        refuse_unverified(await lock_party(uow.session, owner))
        now = await uow.now()
        taken = await uow.session.scalars(select(Witness).where(or_(
            Witness.name == key.name, Witness.key == str(key),
            (Witness.party_id == owner) & Witness.retired_at.is_(None))).with_for_update())
        for each in taken:
            if each.party_id == owner and each.retired_at is None:
                raise Conflict("贵单位已登记见证人，请先停用", witness=each.name)
            raise Conflict("见证人名称或公钥已被使用，请换一个名称", witness=each.name)
        made = Witness(id=new_id(), name=key.name, key=str(key), party_id=owner, party_name=actor.name,
                       registered_at=now, retired_at=None)
        uow.session.add(made)
        _note(uow, "witness.registered", actor, made)
        await uow.commit()
        return made.id


async def retire_witness(witness_id: UUID, actor: Actor, uow: Work) -> None:
    """Ends it: no further cosignature is taken; those that came stay."""
    permit(actor, Act.RETIRE, actor.party_id)
    async with uow:
        found = await uow.session.get(Witness, witness_id, with_for_update=True)
        if found is None:
            raise NotFound("没有这个见证人")
        permit(actor, Act.RETIRE, found.party_id)
        if found.retired_at is not None:
            raise Refused("这个见证人已停用", witness=found.name)
        found.retired_at = await uow.now()
        _note(uow, "witness.retired", actor, found)
        await uow.commit()


def _note(uow: Work, action: str, actor: Actor, witness: Witness) -> None:
    uow.record(action, actor, stream=STREAM, subject=f"witness:{witness.id}",
               payload={"witness": witness.key, "party": str(witness.party_id), "by": witness.party_name})


async def hand_in(command: HandIn, uow: Work) -> None:
    """Keeps a cosignature that verifies; the same witness a second time changes nothing.

    Raises ``Invalid`` for what is no line, ``NotFound`` for a witness or checkpoint unknown here,
    ``CheckpointRefused`` where the signature is not the witness's, ``Refused`` where its clock is far off.
    """
    try:
        line = parse_line(command.line.removesuffix("\n"))
        seconds, _ = split_cosignature(line.signature)
    except CheckpointRefused as error:
        raise Invalid("见证签名行有误", field="line") from error
    async with uow:
        witness = await witness_named(uow.session, line.name)
        note = await published_note(uow.session, command.size)
        if witness is None or note is None:
            raise NotFound("没有登记这个见证人，或没有这个检查点")
        verify_cosignature(note + line.line(), witness.key)
        now = await uow.now()
        if abs(now - _instant(seconds)) > CLOCK_TOLERANCE:
            raise Refused("见证人的时钟相差过大，请先校时", witness=line.name)
        await add_cosignature(uow.session, command.size, line.name, line.line(), now)
        await uow.commit()


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(min(seconds, 2**32), UTC)
