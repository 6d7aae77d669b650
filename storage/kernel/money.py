"""Money is Decimal yuan with two places; and how a figure is written in words (大写)."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from storage.kernel.errors import Invalid

CENT = Decimal("0.01")
LARGEST = Decimal("999999999999.99")
_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")


def yuan(text: str | Decimal | int, *, field: str = "amount") -> Decimal:
    """Decimal yuan from text; refuses floats, signs, more than two places, and 10^12 or more."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Invalid("金额不是数字", field=field) from None
    if not value.is_finite() or value < 0 or value > LARGEST or value != value.quantize(CENT):
        raise Invalid("金额须为不超过两位小数的非负数，单位元", field=field)
    return value.quantize(CENT)


def percent(part: Decimal, whole: Decimal) -> Decimal:
    """part/whole in per cent, two places, half up (R-322)."""
    return (part / whole * 100).quantize(CENT, rounding=ROUND_HALF_UP)


def _group_words(group: int) -> str:
    words, zero = "", False
    for place in range(3, -1, -1):
        digit = group // 10**place % 10
        if digit:
            words += ("零" if zero and words else "") + _DIGITS[digit] + _PLACES[place]
            zero = False
        else:
            zero = True
    return words


def in_words(amount: Decimal) -> str:
    """The figure in Chinese capitals: 8730000.50 -> 捌佰柒拾叁万元伍角."""
    cents = int((amount.quantize(CENT) * 100).to_integral_value())
    whole, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    words, gap = "", False
    for index in range(2, -1, -1):
        group = whole // 10000**index % 10000
        if group:
            words += ("零" if words and (gap or group < 1000) else "") + _group_words(group) + _GROUPS[index]
        gap = bool(words) and group % 10 == 0
    head = f"{words}元" if words else ""
    if not jiao and not fen:
        return (head or "零元") + "整"
    tail = f"{_DIGITS[jiao]}角" if jiao else ("零" if head else "")
    return head + tail + (f"{_DIGITS[fen]}分" if fen else "")
