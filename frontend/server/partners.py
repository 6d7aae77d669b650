"""Programs outside that the platform writes to: where each is reached."""

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from bidding.guarantees.queries import address_of_issuer
from frontend.server.parts import Parts
from storage.crypto.outgoing import origins, outgoing
from trading.exchange.queue import Post


def way_out(parts: Parts) -> httpx.AsyncClient:
    """The client for addresses that others name. Partners in the settings are the operator's own word (fault 43)."""
    told = parts.settings
    return outgoing(private=told.private_addresses,
                    known=origins((told.exchange_url, told.bank_url, told.courier_url)))


def post_of(parts: Parts, client: httpx.AsyncClient) -> Post:
    """The queue's way out. A channel without an address has nobody there: its messages wait."""
    known = {"exchange": parts.settings.exchange_url, "bank": parts.settings.bank_url,
             "courier": parts.settings.courier_url}

    async def address_of(session: AsyncSession, channel: str) -> str | None:
        return known[channel] if channel in known else await address_of_issuer(session, channel)

    return Post(client, address_of, parts.settings.platform_id, parts.keys.document)
