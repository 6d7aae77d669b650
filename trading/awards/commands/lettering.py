"""Award and result letters: written, handed in, verified by the centre, sent (A-172 to A-175)."""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy import select

from storage.database.settings import Settings
from storage.database.work import Work, Works
from storage.kernel.actor import Actor
from storage.kernel.errors import Conflict, Invalid, NotFound, Refused
from storage.kernel.identifiers import new_id
from storage.objects.store import ObjectStore
from trading.awards.acts import AwardAct
from trading.awards.award_file import AwardFile, hold
from trading.awards.letter_paper import render_letter
from trading.awards.letter_text import letter_texts
from trading.awards.model import LetterKind, Paperwork, reason_of
from trading.awards.tables import AwardBidder, AwardLetter
from trading.exchange.queue import enqueue
from trading.papers.commands import lay_out
from trading.papers.model import PaperDraft
from trading.tenders.forms import Judgement, Moment, Prose
from trading.tenders.permissions import insiders

PAPER_KIND = "award-letter"


class WriteLetters(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all letters say besides the result: until when the winner confirms, and anything else."""

    reply_by: Moment | None = None
    remarks: Prose = ""


class WriteReason(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why this bidder won or did not (A-173)."""

    reason: Annotated[str, Meta(min_length=2, max_length=2000)]


async def write_letters(lot_id: UUID, command: WriteLetters, actor: Actor, uow: Work) -> None:
    """A draft of every letter: one to the winner, one to each other bidder. Again: new words, reasons kept."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.WRITE_LETTERS)
        award = file.award
        award.letters, award.letters_reply_by = Paperwork.DRAFT, command.reply_by
        award.letters_remarks = command.remarks.strip()
        _take_back(file)
        if not file.letters:
            uow.session.add_all(_drafts(file))
        _note(uow, "letters.written", actor, file)
        await uow.commit()


def _drafts(file: AwardFile) -> list[AwardLetter]:
    losers = [each for each in file.bidders if each.id != file.award.winner_id]
    return [_draft(each, LetterKind.AWARD, f"ZB-{file.lot.code}") for each in file.bidders if each not in losers] + [
        _draft(each, LetterKind.RESULT, f"JG-{file.lot.code}-{place:03d}") for place, each in enumerate(losers, 1)]


def _draft(bidder: AwardBidder, kind: LetterKind, number: str) -> AwardLetter:
    return AwardLetter(id=new_id(), lot_id=bidder.lot_id, bidder_id=bidder.id, party_id=bidder.party_id, kind=kind,
                       number=number,
                       reason=reason_of(bidder.standing, bidder.rank, bidder.score, bidder.rejected))


def _take_back(file: AwardFile) -> None:
    """What was laid out for signing is void: no letter names it any more."""
    for letter in file.letters:
        letter.paper_id = None


async def write_reason(letter_id: UUID, command: WriteReason, actor: Actor, uow: Work) -> None:
    """The reason in one letter, while the letters are a draft."""
    async with uow:
        file = await hold(uow, await lot_of_letter(uow, letter_id), actor)
        file.admit(AwardAct.WRITE_LETTERS)
        letter = letter_in(file, letter_id)
        letter.reason, file.award.letters = command.reason.strip(), Paperwork.DRAFT
        _take_back(file)
        uow.record("letter.reason_written", actor, stream=file.stream, subject=f"award-letter:{letter.id}",
                   audience=insiders(file.lot), payload={"number": letter.number, "by": actor.name})
        await uow.commit()


async def lot_of_letter(uow: Work, letter_id: UUID) -> UUID:
    """The lot, so that it is locked before the letter; raises ``NotFound``."""
    found = (await uow.session.scalars(select(AwardLetter.lot_id).where(AwardLetter.id == letter_id))).one_or_none()
    if found is None:
        raise NotFound("没有这份通知书")
    return found


def letter_in(file: AwardFile, letter_id: UUID) -> AwardLetter:
    """The letter of an award's file."""
    return next(each for each in file.letters if each.id == letter_id)


async def submit_letters(lot_id: UUID, actor: Actor, works: Works, store: ObjectStore, settings: Settings) -> None:
    """Fixes every text, and lays the award letter out for the tenderee's own signature (R-147).

    Drawn between two units of work, never under a lock; what changed meanwhile is noticed.
    """
    async with works() as uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.SUBMIT_LETTERS)
        at, award_letter = file.now, _award_letter(file.letters)
        seen = (await letter_texts(uow.session, file, settings, at))[award_letter.id]
    content = await asyncio.to_thread(render_letter, seen, settings)
    async with works() as uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.SUBMIT_LETTERS)
        award_letter = _award_letter(file.letters)
        texts = await letter_texts(uow.session, file, settings, at)
        if texts[award_letter.id] != seen:
            raise Conflict("通知书内容在生成期间已变化，请重新提交")
        for letter in file.letters:
            letter.text = texts[letter.id]
            letter.sha256 = sha256(letter.text.encode()).hexdigest()
        paper = await lay_out(uow, _paper(file, award_letter, content), actor, store)
        await uow.session.flush()
        award_letter.paper_id, file.award.letters, file.award.letters_reason = paper.id, Paperwork.SUBMITTED, ""
        file.award.letters_verifier, file.award.letters_verified_at = "", None
        _note(uow, "letters.submitted", actor, file, sha256=award_letter.sha256)
        await uow.commit()


def _award_letter(letters: Sequence[AwardLetter]) -> AwardLetter:
    found = next((each for each in letters if each.kind == LetterKind.AWARD), None)
    if found is None:
        raise Refused("请先编制通知书")
    return found


def _paper(file: AwardFile, letter: AwardLetter, content: bytes) -> PaperDraft:
    return PaperDraft(kind=PAPER_KIND, stream=file.stream, subject=f"award-letter:{letter.id}",
                      title=f"{file.lot.title}中标通知书", content=content, seats={"tenderee": file.lot.tenderee_id},
                      audience=insiders(file.lot))


async def verify_letters(lot_id: UUID, judgement: Judgement, actor: Actor, uow: Work) -> None:
    """The centre verifies what the tenderee signed; person and time are recorded (A-174). Sent back: written anew."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.VERIFY_LETTERS)
        if not judgement.accepted and not judgement.reason.strip():
            raise Invalid("退回须写明理由", field="reason")
        award = file.award
        award.letters = Paperwork.VERIFIED if judgement.accepted else Paperwork.REFUSED
        award.letters_reason, award.letters_verifier = judgement.reason.strip(), actor.name
        award.letters_verified_at = file.now
        if not judgement.accepted:
            _take_back(file)
        _note(uow, "letters.verified", actor, file, accepted=judgement.accepted, reason=award.letters_reason)
        await uow.commit()


async def send_letters(lot_id: UUID, actor: Actor, uow: Work) -> None:
    """All letters go out at once (BL 45); from here the thirty days of the contract run (R-114)."""
    async with uow:
        file = await hold(uow, lot_id, actor)
        file.admit(AwardAct.SEND_LETTERS)
        file.award.letters, file.award.letters_sent_at = Paperwork.SENT, file.now
        names = {each.id: each.name for each in file.bidders}
        for letter in file.letters:
            letter.sent_at = file.now
            told = {"lot": file.lot.code, "number": letter.number, "kind": letter.kind, "sha256": letter.sha256,
                    "bidder": names[letter.bidder_id]}
            uow.record("letter.sent", actor, stream=file.stream, subject=f"award-letter:{letter.id}",
                       audience=(*insiders(file.lot), f"party:{letter.party_id}"), payload=told)
            await enqueue(uow, f"letter.{letter.kind}", f"award-letter:{letter.id}",
                          told | {"rehearsal": file.lot.rehearsal})
        uow.record("letters.sent", actor, stream=file.stream, subject=file.stream, payload={
            "lot": file.lot.code, "count": len(file.letters), "number": _award_letter(file.letters).number,
            "sha256": _award_letter(file.letters).sha256})
        await uow.commit()


def _note(uow: Work, action: str, actor: Actor, file: AwardFile, **more: str | bool) -> None:
    uow.record(action, actor, stream=file.stream, subject=file.stream, audience=insiders(file.lot),
               payload={"lot": file.lot.code, "letters": len(file.letters), "by": actor.name, **more})
