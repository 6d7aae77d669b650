"""What by its name speaks of a price, and so of the envelope it belongs into (R-318); pages judge alike
(src/app/priceWords.ts)."""

import re
from collections.abc import Collection

PRICED_KINDS = frozenset({"money", "percent"})
_WORDS = ("投标函", "报价", "价格", "单价", "总价", "工程量清单", "price")
# A letter 投标函 and a bill 工程量清单 exist with and without a price, 报价有效期 is none: these leave a doubt.
_CERTAIN = ("已标价", "总价", "单价", "报价表", "报价书", "报价单", "报价文件", "报价清单", "报价一览", "分项报价")
_SHORTEST = 3  # letters of a line's name that means this line, and no other
_DENIED = re.compile("(不含|不载|无)(报价|价格)")


def denies_price(name: str) -> bool:
    """True for a name that says of itself that there is no price in it."""
    return bool(_DENIED.search(name))


def names_price(name: str) -> bool:
    """True when a title, or a file's name, speaks of a price, and does not say that there is none."""
    return not denies_price(name) and any(word in name.lower() for word in _WORDS)


def surely_names_price(title: str, labels: Collection[str]) -> bool:
    """True for what can hold nothing but a price: by its words, or as it bears the name of a priced line.

    ``labels``: names of the priced lines of the opening statement.
    """
    return not denies_price(title) and (
        any(word in title for word in _CERTAIN)
        or any(label in title for label in labels if len(label) >= _SHORTEST))
