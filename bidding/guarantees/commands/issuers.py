"""The list of issuers: an entry, and its end, are one person's proposal and another's decision (R-410)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import select

from bidding.guarantees.model import ISSUER_STEPS, ON_THE_LIST, Act, IssuerStatus, after
from bidding.guarantees.permissions import require_centre
from bidding.guarantees.rules import list_is_kept_by_two
from bidding.guarantees.tables import GuaranteeIssuer
from storage.crypto.canonical import from_base64
from storage.crypto.certificates import parse_certificate
from storage.crypto.outgoing import require_address
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, Invalid, NotFound
from storage.kernel.identifiers import new_id
from storage.kernel.rule import require

STREAM = "guarantees"
Reason = Annotated[str, Meta(max_length=500)]


class ProposeIssuer(Struct, frozen=True, forbid_unknown_fields=True):
    """A new entry: where its program hears us, the key it signs callbacks with, the certificate we seal to."""

    name: Annotated[str, Meta(min_length=2, max_length=100)]
    uscc: Annotated[str, Meta(pattern=r"^[0-9A-Z]{18}$")]
    kind: Literal["bank", "insurer", "guarantor"]
    address: Annotated[str, Meta(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=300)]
    public_key: Annotated[str, Meta(max_length=200)]
    box_certificate: Annotated[str, Meta(max_length=20_000)]


class Decide(Struct, frozen=True, forbid_unknown_fields=True):
    """Yes or no, and why."""

    accepted: bool
    reason: Reason = ""


class Retire(Struct, frozen=True, forbid_unknown_fields=True):
    """Why an issuer should leave the list."""

    reason: Annotated[str, Meta(min_length=2, max_length=500)]


async def propose_issuer(command: ProposeIssuer, actor: Actor, uow: Work) -> GuaranteeIssuer:
    """Enters an issuer as proposed; raises ``Conflict`` when its code stands on the list or waits for it."""
    require_centre(actor)
    require_address(command.address)
    if len(from_base64(command.public_key, "public_key")) != 32:
        raise Invalid("回调公钥须为 32 字节 Ed25519 公钥", field="public_key")
    certificate = parse_certificate(command.box_certificate)
    if not certificate.can_unwrap or certificate.uscc != command.uscc:
        raise Invalid("加密证书须属于该机构且可用于加密", field="box_certificate")
    async with uow:
        now = await uow.now()
        standing = select(GuaranteeIssuer.id).where(
            GuaranteeIssuer.uscc == command.uscc,
            GuaranteeIssuer.status.in_([*sorted(ON_THE_LIST), IssuerStatus.PROPOSED]))
        if (await uow.session.scalars(standing)).first() is not None:
            raise Conflict("该机构已在名录内或等待核准", field="uscc")
        made = GuaranteeIssuer(
            id=new_id(), name=command.name, uscc=command.uscc, kind=command.kind, address=command.address,
            public_key=command.public_key, box_certificate=certificate.pem, status=IssuerStatus.PROPOSED,
            asked_by=actor.id, asked_by_name=actor.name, asked_at=now, reason="")
        uow.session.add(made)
        _record(uow, "issuer.proposed", actor, made, {"box_certificate": certificate.fingerprint})
        await uow.commit()
        return made


async def decide_issuer(issuer_id: UUID, command: Decide, actor: Actor, uow: Work) -> GuaranteeIssuer:
    """Another person decides what waits: an entry, or its end. Raises ``RulesUnmet`` R-410/2 for the same person."""
    require_centre(actor)
    async with uow:
        issuer = await hold_issuer(uow, issuer_id)
        now = await uow.now()
        require((list_is_kept_by_two, list_is_kept_by_two(issuer.asked_by, actor.id)))
        issuer.status = after(ISSUER_STEPS, issuer.status, Act.APPROVE if command.accepted else Act.REFUSE)
        issuer.decided_by, issuer.decided_by_name, issuer.decided_at = actor.id, actor.name, now
        issuer.reason = command.reason
        _record(uow, "issuer.decided", actor, issuer, {"accepted": command.accepted, "reason": command.reason})
        await uow.commit()
        return issuer


async def retire_issuer(issuer_id: UUID, command: Retire, actor: Actor, uow: Work) -> GuaranteeIssuer:
    """Asks that an issuer leave the list; it stays until another person agrees."""
    require_centre(actor)
    async with uow:
        issuer = await hold_issuer(uow, issuer_id)
        now = await uow.now()
        issuer.status = after(ISSUER_STEPS, issuer.status, Act.RETIRE)
        issuer.asked_by, issuer.asked_by_name, issuer.asked_at = actor.id, actor.name, now
        issuer.reason = command.reason
        _record(uow, "issuer.retirement_asked", actor, issuer, {"reason": command.reason})
        await uow.commit()
        return issuer


async def hold_issuer(uow: Work, issuer_id: UUID) -> GuaranteeIssuer:
    """The issuer, locked; raises ``NotFound``."""
    query = (select(GuaranteeIssuer).where(GuaranteeIssuer.id == issuer_id).with_for_update()
             .execution_options(populate_existing=True))
    found = (await uow.session.scalars(query)).one_or_none()
    if found is None:
        raise NotFound("名录内没有这个机构")
    return found


def _record(uow: Work, action: str, actor: Actor, issuer: GuaranteeIssuer, facts: dict[str, Any]) -> None:
    uow.record(action, actor, stream=STREAM, subject=f"issuer:{issuer.id}", payload={
        "issuer": str(issuer.id), "name": issuer.name, "uscc": issuer.uscc, "kind": issuer.kind,
        "status": issuer.status, **facts})
