"""A revealed letter against R-414: what its file proves, and what follows for the bid it came with."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from bidding.guarantees.application import SignedLetter, read_signed_letter
from bidding.guarantees.model import ATTACHMENT, Letter, LetterFacts, read_letter
from bidding.guarantees.rules import judged
from storage.crypto.canonical import canonical_bytes
from storage.crypto.certificates import Certificate
from storage.crypto.errors import Malformed
from storage.crypto.pdf_active import active_content, embedded_files
from storage.crypto.pdf_attachments import attachments
from storage.crypto.pdf_validation import validate_pdf
from storage.crypto.trust import TrustList
from storage.kernel.errors import Invalid, Unavailable

VALID = "VALID"
INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the file of a letter says and proves; everything is empty where it cannot be read.

    ``signers`` are the certificates of its signatures, provided every one of them holds.
    """

    letter: Letter | None = None
    pdf_sha256: str = ""
    digest_agrees: bool = False
    signers: tuple[Certificate, ...] = field(default=(), repr=False)


async def read_revealed(member: Mapping[str, object], trust: TrustList, at: datetime) -> Reading:
    """Reads the member of an opening statement. A letter that cannot be read is no fault: it is one that fails.

    The bytes are a bidder's, and the reader of PDFs is large: whatever goes wrong in it, the others' letters go on.
    Raises ``Unavailable`` for SM2 on a machine that does not know it: that says nothing of the letter.
    """
    try:
        signed = read_signed_letter(member)
    except Malformed:
        return Reading(pdf_sha256=sha256(b"").hexdigest())
    digest = sha256(signed.pdf).hexdigest()
    try:
        agrees = await asyncio.to_thread(_carries_its_data, signed)
        is_plain = await asyncio.to_thread(_shows_only_itself, signed.pdf)
        signatures = await validate_pdf(signed.pdf, trust, at)
    except Unavailable:
        raise
    except Exception:
        return Reading(_letter(signed), digest)
    whole = bool(signatures) and all(each.holds for each in signatures) and is_plain
    return Reading(_letter(signed), digest, agrees, tuple(each.certificate for each in signatures) if whole else ())


def _carries_its_data(letter: SignedLetter) -> bool:
    return attachments(letter.pdf).get(ATTACHMENT) == canonical_bytes(dict(letter.data))


def _shows_only_itself(pdf: bytes) -> bool:
    """A letter runs, fetches and hides nothing: its data is the one attachment (fault 42)."""
    plain = active_content(pdf) <= {"attachment"} and embedded_files(pdf) == 1
    return plain and set(attachments(pdf)) == {ATTACHMENT}


def _letter(signed: SignedLetter) -> Letter | None:
    try:
        return read_letter(signed.data)
    except Invalid:
        return None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to every rule, and the one word that follows."""

    rules: tuple[dict[str, Any], ...]

    @property
    def word(self) -> str:
        """VALID when no rule failed."""
        return VALID if all(each["satisfied"] for each in self.rules) else INVALID


def verdict_of(facts: LetterFacts) -> Verdict:
    """All rules of R-414 with number, title and answer."""
    return Verdict(tuple({"number": asked.number, "title": asked.title, "satisfied": satisfied}
                         for asked, satisfied in judged(facts)))
