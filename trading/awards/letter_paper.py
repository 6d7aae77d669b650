"""A letter on paper: laid out from its text, which it carries inside; a result letter is signed by the platform."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from storage.crypto.pdf_lasting import seal_paper
from storage.crypto.platform_keys import PlatformKeys
from storage.crypto.trust import TrustList
from storage.crypto.tsa import TimestampAuthority
from storage.database.settings import Settings
from storage.documents.render import render
from storage.kernel.clock import from_wire, process_now, shanghai
from storage.kernel.errors import Conflict, NotFound
from storage.kernel.money import in_words
from storage.objects.store import ObjectStore
from trading.awards.tables import AwardLetter

TEMPLATES = Path(__file__).parent / "templates"
TITLES = {"award-letter": "中标通知书", "result-letter": "中标结果通知书"}
ATTACHED = "letter.json"
PREFIX = "letters/"
_LARGEST = 64 << 20


def render_letter(text: str, settings: Settings) -> bytes:
    """The unsigned PDF/A-3 of a letter's text; blocking."""
    letter = json.loads(text)
    template = TEMPLATES / ("award_letter.typ" if letter["kind"] == "award-letter" else "result_letter.typ")
    view = letter_view(letter) | {"platform": settings.platform_name, "demo": settings.demo}
    return render(template, view, created_at=from_wire(letter["date"]), attachments={ATTACHED: text})


def letter_view(letter: Mapping[str, Any]) -> dict[str, Any]:
    """What the paper shows: Chinese words, Shanghai dates."""
    lot, winner = letter["lot"], letter["winner"]
    mark = "【演练】" if lot["rehearsal"] else ""
    return {"title": f"{mark}{TITLES[letter['kind']]}", "number": letter["number"], "rehearsal": lot["rehearsal"],
            "to": letter["bidder"]["name"], "lot": lot["title"], "code": lot["code"], "reason": letter["reason"],
            "opened_on": day(letter["opened_at"]), "winner": winner["name"], "price": money(winner["price"]),
            "values": letter.get("values", []), "reply_by": day(letter.get("reply_by")),
            "contract_days": letter.get("contract_days", 30), "remarks": letter["remarks"],
            "tenderee": letter["tenderee"], "agency": letter["agency"], "date": day(letter["date"])}


def day(text: str | None) -> str:
    """A date as papers show it; empty for none."""
    return shanghai(from_wire(text)).strftime("%Y年%m月%d日") if text else ""


def money(text: str | None) -> str:
    """Figure and capitals."""
    return "未报价" if text is None else f"人民币 {Decimal(text):,.2f} 元（大写：{in_words(Decimal(text))}）"


def result_key(letter: AwardLetter) -> str:
    """Where the PDF of a result letter lies, once made."""
    return f"{PREFIX}{letter.id}-{letter.sha256}.pdf"


async def result_letter_pdf(letter: AwardLetter, store: ObjectStore, keys: PlatformKeys, settings: Settings,
                            authority: TimestampAuthority, others: TrustList | None = None) -> bytes:
    """The one PDF of a result letter: made at the first asking, then the same bytes; ``others``: the trust list."""
    key = result_key(letter)
    try:
        return await store.get_range(key, 0, _LARGEST)
    except NotFound:
        pass
    signed = await seal_paper(render_letter(letter.text, settings), keys, authority, field_name="platform",
                              reason=TITLES["result-letter"], now=process_now(), others=others)
    try:
        await store.put(key, signed, "application/pdf")
    except Conflict:
        # Another node was first; there is one paper.
        return await store.get_range(key, 0, _LARGEST)
    return signed
