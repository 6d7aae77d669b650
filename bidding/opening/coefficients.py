"""The coefficients that were drawn at an opening, for who scores."""

from decimal import Decimal

from bidding.opening.tables import Opening


def drawn(opening: Opening) -> dict[str, Decimal]:
    """Each coefficient that was drawn, by its name in the formula; nothing where the formula has none."""
    return {name: Decimal(text) for name, text in ((opening.coefficients or {}).get("drawn") or {}).items()}
