"""What by its name belongs into the price envelope (R-318); the browser judges alike (src/app/priceWords.ts).

The platform sees neither names nor contents of a bid before its hour, so only the bidder's client can warn.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_WORDS = ("投标函", "报价", "价格", "单价", "总价", "工程量清单", "price")
_DENIED = re.compile("(不含|不载|无)(报价|价格)")


def names_price(name: str) -> bool:
    """True when a title, or a file's name, speaks of a price, and does not say that there is none."""
    return not _DENIED.search(name) and any(word in name.lower() for word in _WORDS)


def misplaced(names: Sequence[str], parts: Sequence[Mapping[str, Any]]) -> list[str]:
    """Files of the first envelope that by their names belong into the second: a priced part's, or one of a price.

    ``parts``: the lot's ``bid_parts``, ``{title, priced}``.
    """
    return [name for name in names if _is_priced(name, parts)]


def _is_priced(name: str, parts: Sequence[Mapping[str, Any]]) -> bool:
    if _DENIED.search(name):
        return False
    # What the document itself asks for in the first envelope, 投标函（不含报价） say, is in its place.
    for part in parts:
        if not part.get("priced"):
            name = name.replace(str(part["title"]), "")
    return names_price(name) or any(str(part["title"]) in name for part in parts if part.get("priced"))
