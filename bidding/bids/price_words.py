"""What by its name belongs into the price envelope (R-318); the browser judges alike (src/app/priceWords.ts).

The platform sees neither names nor contents of a bid before its hour, so only the bidder's client can refuse and warn.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trading.tenders.price_words import denies_price, names_price

_Parts = Sequence[Mapping[str, Any]]


def forbidden(names: Sequence[str], parts: _Parts) -> list[str]:
    """Files of the first envelope that bear the name of a part that the document asks for in the second.

    ``parts``: the lot's ``bid_parts``, ``{title, priced}``. A name that says "without a price" is believed.
    """
    return [name for name in names if _bears_priced_title(name, parts)]


def doubtful(names: Sequence[str], parts: _Parts) -> list[str]:
    """The others that speak of a price; that there is one in them only their bidder knows."""
    return [name for name in names if not _bears_priced_title(name, parts) and names_price(_rest(name, parts))]


def _bears_priced_title(name: str, parts: _Parts) -> bool:
    rest = _rest(name, parts)
    return not denies_price(name) and any(str(part["title"]) in rest for part in parts if part.get("priced"))


def _rest(name: str, parts: _Parts) -> str:
    """What the document itself asks for in the first envelope, 投标函附录 say, is in its place; the name besides."""
    if denies_price(name):
        return ""
    for part in parts:
        if not part.get("priced"):
            name = name.replace(str(part["title"]), "")
    return name
