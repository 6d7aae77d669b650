"""Which authorities the connections of this process trust; read from the machine once."""

import ssl
from functools import cache

import httpx


@cache
def trusted_authorities() -> ssl.SSLContext:
    """For ``verify=`` of any client: reading the hundred and more certificates takes 30 ms of a core each time."""
    return httpx.create_ssl_context()
