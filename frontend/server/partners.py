"""Programs outside that the platform writes to: where each is reached."""

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.guarantees.queries import address_of_issuer
from frontend.server.parts import Parts
from trading.exchange.queue import Post


def post_of(parts: Parts, client: httpx.AsyncClient) -> Post:
    """The queue's way out. A channel without an address has nobody there: its messages wait."""
    known = {"exchange": parts.settings.exchange_url, "bank": parts.settings.bank_url,
             "courier": parts.settings.courier_url}

    async def address_of(session: AsyncSession, channel: str) -> str | None:
        return known[channel] if channel in known else await address_of_issuer(session, channel)

    return Post(client, address_of, parts.settings.platform_id, parts.keys.document)
