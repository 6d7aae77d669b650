"""What a letter says, as canonical JSON: the text that is signed, stored, laid out and delivered (A-172)."""

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from storage.crypto.canonical import canonical_bytes
from storage.database.settings import Settings
from storage.kernel.clock import to_wire
from trading.awards.award_file import AwardFile
from trading.awards.model import LetterKind
from trading.awards.tables import AwardBidder, AwardLetter
from trading.tenders.surroundings import look_around

Json = dict[str, Any]


async def letter_texts(session: AsyncSession, file: AwardFile, settings: Settings, at: datetime) -> dict[Any, str]:
    """The text of every letter, by its id; the same rows and moment give the same texts."""
    around = await look_around(session, file.lot)
    shared: Json = {"v": 1, "platform": {"id": settings.platform_id, "name": settings.platform_name},
              "lot": {"id": str(file.lot.id), "code": file.lot.code, "title": file.lot.title,
                      "rehearsal": file.lot.rehearsal},
              "tenderee": around.tenderee.name, "agency": around.agency_name, "date": to_wire(at),
              "opened_at": to_wire(file.lot.deadline_at) if file.lot.deadline_at else None,
              "remarks": file.award.letters_remarks}
    bidders = {each.id: each for each in file.bidders}
    return {letter.id: canonical_bytes(shared | _own(file, letter, bidders[letter.bidder_id])).decode()
            for letter in file.letters}


def _own(file: AwardFile, letter: AwardLetter, bidder: AwardBidder) -> Json:
    winner = file.winner
    told: Json = {
        "kind": f"{letter.kind}-letter", "number": letter.number, "reason": letter.reason,
        "bidder": {"name": bidder.name, "uscc": bidder.uscc},
        "winner": {"name": winner.name, "uscc": winner.uscc, "price": _money(winner)} if winner else None}
    if letter.kind == LetterKind.AWARD:
        reply_by = file.award.letters_reply_by
        told |= {"values": [[label, value] for label, value in bidder.values.items()],
                 "reply_by": to_wire(reply_by) if reply_by else None, "contract_days": file.terms.contract.length}
    return told


def _money(bidder: AwardBidder) -> str | None:
    return None if bidder.price is None else f"{bidder.price:.2f}"
