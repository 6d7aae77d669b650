"""A claim 索赔: on a ground of the closed list, with evidence, by two persons; the issuer's answer ends it (R-403)."""

from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import select

from bidding.deposits.forfeiture import GROUNDS, decided_by_another, evidence_is_given, ground_is_on_the_list
from bidding.guarantees.commands.applying import channel_of
from bidding.guarantees.commands.issuers import Decide
from bidding.guarantees.model import CLAIM_STEPS, LETTER_STEPS, Act, ClaimFacts, ClaimStatus, after
from bidding.guarantees.permissions import require_centre, require_tenderee
from bidding.guarantees.rules import claim_comes_in_time, claim_is_covered
from bidding.guarantees.tables import GuaranteeClaim, GuaranteeIssuer, GuaranteeLetter
from storage.crypto.canonical import canonical_sha256
from storage.database.work import Work
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, Invalid, NotFound, NotSignedIn, Refused
from storage.kernel.identifiers import new_id
from storage.kernel.money import yuan
from storage.kernel.rule import require
from storage.objects.store import ObjectStore
from trading.exchange.queue import enqueue
from trading.tenders.file_names import media_type, must_begin_like, safe_name
from trading.tenders.permissions import insiders
from trading.tenders.queries import lot as lot_of
from trading.tenders.tables import Lot

_LARGEST = 5 << 20


class EvidenceFile(Struct, frozen=True, forbid_unknown_fields=True):
    """A file: its name and its content in base64."""

    name: Annotated[str, Meta(max_length=200)]
    content: Annotated[str, Meta(max_length=8 << 20)]


class ProposeClaim(Struct, frozen=True, forbid_unknown_fields=True):
    """Ground by code (``GROUNDS``), the clause where the ground is the document's, the facts, evidence, yuan."""

    ground: Annotated[str, Meta(max_length=40)]
    statement: Annotated[str, Meta(min_length=2, max_length=2000)]
    amount: Annotated[str, Meta(max_length=30)]
    evidence: Annotated[list[EvidenceFile], Meta(max_length=5)]
    clause: Annotated[str, Meta(max_length=200)] = ""


async def propose_claim(lot_id: UUID, bid_id: UUID, command: ProposeClaim, actor: Actor, uow: Work,
                        store: ObjectStore) -> GuaranteeClaim:
    """The tenderee proposes; nothing goes out before another person approved. Raises ``RulesUnmet``."""
    if actor.party_id is None:
        raise NotSignedIn("请先登录")
    files = [_checked(each) for each in command.evidence]
    claim_id = new_id()
    async with uow:
        require_tenderee(actor, await lot_of(uow.session, lot_id))
    evidence = [await _kept(store, claim_id, number, *file) for number, file in enumerate(files)]
    async with uow:
        letter, lot = await hold_letter(uow, bid_id, lot_id)
        now = await uow.now()
        require_tenderee(actor, lot)
        after(LETTER_STEPS, letter.status, Act.CLAIM)  # refused now, rather than only when it is approved
        amount = yuan(command.amount)
        facts = _facts(letter, now=now, amount=amount)
        require((ground_is_on_the_list, ground_is_on_the_list(command.ground, command.clause)),
                (evidence_is_given, evidence_is_given(command.statement, len(evidence))),
                (claim_comes_in_time, claim_comes_in_time(facts)), (claim_is_covered, claim_is_covered(facts)))
        if await standing_claim(uow, bid_id) is not None:
            raise Conflict("这份保函已有索赔")
        made = GuaranteeClaim(
            id=claim_id, bid_id=bid_id, lot_id=lot.id, ground=command.ground, clause=command.clause,
            statement=command.statement, evidence=evidence, amount=amount, status=ClaimStatus.PROPOSED,
            proposed_by=actor.party_id, proposed_by_name=actor.name, proposed_at=now, reason="")
        uow.session.add(made)
        _record(uow, "guarantee.claim_proposed", actor, lot, letter, made)
        await uow.commit()
        return made


async def decide_claim(claim_id: UUID, command: Decide, actor: Actor, uow: Work) -> GuaranteeClaim:
    """Another person, of the centre, approves or refuses; an approved claim goes to the issuer in the same act."""
    require_centre(actor)
    async with uow:
        claim, letter, lot = await _hold_claim(uow, claim_id)
        now = await uow.now()
        require((decided_by_another, decided_by_another(claim.proposed_by, actor.party_id)))
        claim.status = after(CLAIM_STEPS, claim.status, Act.APPROVE if command.accepted else Act.REFUSE)
        claim.decided_by, claim.decided_by_name, claim.decided_at = actor.party_id, actor.name, now
        claim.reason = command.reason
        if command.accepted:
            facts = _facts(letter, now=now, amount=claim.amount)
            require((claim_comes_in_time, claim_comes_in_time(facts)))
            letter.status, letter.changed_at = after(LETTER_STEPS, letter.status, Act.CLAIM), now
            await _send(uow, letter, claim)
        _record(uow, "guarantee.claim_approved" if command.accepted else "guarantee.claim_refused", actor, lot,
                letter, claim)
        await uow.commit()
        return claim


async def note_answer(uow: Work, issuer: GuaranteeIssuer, claim_id: UUID, act: Act, reason: str, by: Actor) -> None:
    """What the issuer answered, within the act that heard it; raises ``NotFound`` for another issuer's letter."""
    claim, letter, lot = await _hold_claim(uow, claim_id)
    if letter.issuer_id != issuer.id:
        raise NotFound("没有这项索赔")
    now = await uow.now()
    claim.status, claim.answered_at = after(CLAIM_STEPS, claim.status, act), now
    claim.reason = reason or claim.reason
    letter.status, letter.changed_at = after(LETTER_STEPS, letter.status, act), now
    _record(uow, "guarantee.claim_paid" if act is Act.PAY else "guarantee.claim_denied", by, lot, letter, claim)


async def standing_claim(uow: Work, bid_id: UUID) -> GuaranteeClaim | None:
    """The claim on a letter that was not refused, if there is one."""
    query = select(GuaranteeClaim).where(GuaranteeClaim.bid_id == bid_id,
                                         GuaranteeClaim.status != ClaimStatus.REFUSED)
    return (await uow.session.scalars(query)).one_or_none()


async def hold_letter(uow: Work, bid_id: UUID, lot_id: UUID | None = None) -> tuple[GuaranteeLetter, Lot]:
    """The letter, locked, with its lot; raises ``NotFound``."""
    query = (select(GuaranteeLetter).where(GuaranteeLetter.bid_id == bid_id).with_for_update()
             .execution_options(populate_existing=True))
    letter = (await uow.session.scalars(query)).one_or_none()
    if letter is None or lot_id not in (None, letter.lot_id):
        raise NotFound("没有这份保函")
    return letter, await lot_of(uow.session, letter.lot_id)


async def _hold_claim(uow: Work, claim_id: UUID) -> tuple[GuaranteeClaim, GuaranteeLetter, Lot]:
    """The claim with its letter and lot; the letter is locked first, as every act on either does."""
    bid_id = await uow.session.scalar(select(GuaranteeClaim.bid_id).where(GuaranteeClaim.id == claim_id))
    if bid_id is None:
        raise NotFound("没有这项索赔")
    letter, lot = await hold_letter(uow, bid_id)
    claim = await uow.session.get_one(GuaranteeClaim, claim_id, with_for_update=True, populate_existing=True)
    return claim, letter, lot


def _facts(letter: GuaranteeLetter, *, now: Any, amount: Any) -> ClaimFacts:
    if letter.amount is None or letter.ends_on is None:
        raise Refused("这份保函无效，不能索赔")
    return ClaimFacts(amount=amount, letter_amount=letter.amount, now=now, ends_on=letter.ends_on)


def _checked(file: EvidenceFile) -> tuple[str, bytes]:
    name = safe_name(file.name)
    try:
        content = b64decode(file.content, validate=True)
    except ValueError:
        raise Invalid("证据文件不是合法的 base64", field="evidence") from None
    if not content or len(content) > _LARGEST:
        raise Invalid("证据文件须为 5 MB 以内的非空文件", field="evidence")
    must_begin_like(name, content)
    return name, content


async def _kept(store: ObjectStore, claim_id: UUID, number: int, name: str, content: bytes) -> dict[str, Any]:
    """Into the store before the row that names it."""
    key = f"guarantees/{claim_id}/{number}"
    await store.put(key, content, media_type(name))
    return {"name": name, "sha256": sha256(content).hexdigest(), "size": len(content), "key": key}


async def _send(uow: Work, letter: GuaranteeLetter, claim: GuaranteeClaim) -> None:
    if letter.issuer_id is None:
        raise Refused("这份保函没有名录内的出具机构")
    digests: Sequence[str] = [str(each["sha256"]) for each in claim.evidence]
    await enqueue(uow, "guarantee.claim", f"claim:{claim.id}", {
        "issuer": str(letter.issuer_id), "claim": str(claim.id), "order": letter.order_number, "number": letter.number,
        "amount": f"{claim.amount:.2f}", "ground": claim.ground, "title": GROUNDS[claim.ground].title,
        "statement": claim.statement, "evidence_sha256": canonical_sha256(list(digests))},
        channel=channel_of(letter.issuer_id))


def _record(uow: Work, action: str, actor: Actor, lot: Lot, letter: GuaranteeLetter, claim: GuaranteeClaim) -> None:
    uow.record(action, actor, stream=f"lot:{lot.id}", subject=f"claim:{claim.id}",
               audience=(*insiders(lot), f"party:{letter.party_id}"), payload={
                   "lot": lot.code, "bid": str(letter.bid_id), "number": letter.number, "ground": claim.ground,
                   "clause": claim.clause, "statement": claim.statement, "amount": f"{claim.amount:.2f}",
                   "evidence": [each["sha256"] for each in claim.evidence], "status": claim.status,
                   "reason": claim.reason})
