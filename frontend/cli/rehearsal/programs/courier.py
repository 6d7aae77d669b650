"""The courier as a program of its own: takes the platform's signed orders, and reports each stop signed (R-225)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import click
import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Litestar, get, post
from litestar.params import FromPath, JSONBody

from frontend.cli.rehearsal.programs.courier_books import ParcelRefused, Parcels
from frontend.cli.rehearsal.programs.orders import OrderRefused, checked_order
from frontend.cli.rehearsal.programs.serving import own_key, public_text, refused, run
from storage.crypto.callbacks import HEADER, sign_callback
from storage.crypto.tls import trusted_authorities
from storage.kernel.clock import process_now

CHANNEL = "courier"
CALLBACKS = "/api/callbacks/courier"
_PAUSE_SECONDS, _AWAY_SECONDS = 0.1, 1.0
# The platform is busy, or has not committed the order yet: the call comes round again.
_COMES_AGAIN = (404, 409, 429)
Answer = dict[str, Any]


class Caller:
    """Lets time pass over the parcels, and tells the platform of each stop in order."""

    def __init__(self, parcels: Parcels, key: Ed25519PrivateKey, platform: str) -> None:
        self._parcels, self._key, self._url = parcels, key, platform.rstrip("/") + CALLBACKS

    async def run(self) -> None:
        """For ever."""
        async with httpx.AsyncClient(timeout=20, trust_env=False, verify=trusted_authorities()) as client:
            while True:
                self._parcels.pass_time(process_now())
                is_there = await self._tell(client) if self._parcels.waiting else True
                await asyncio.sleep(_PAUSE_SECONDS if is_there else _AWAY_SECONDS)

    async def _tell(self, client: httpx.AsyncClient) -> bool:
        """True unless the call has to come round again."""
        call, body = self._parcels.next_call()
        headers = {HEADER: sign_callback(self._key, CHANNEL, process_now(), body), "Content-Type": "application/json"}
        try:
            answer = await client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError:
            return False
        if answer.status_code >= 500 or answer.status_code in _COMES_AGAIN:
            return False
        self._parcels.told(call, "" if answer.is_success else answer.text[:500])
        return True


def make_app(parcels: Parcels, caller: Caller, roots: frozenset[str] | None) -> Litestar:
    """Inbox of orders, a counter that moves a parcel by hand, and the parcels to look into."""

    @asynccontextmanager
    async def life(_: Litestar) -> AsyncIterator[None]:
        task = asyncio.create_task(caller.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    @post("/orders", status_code=200)
    async def take_order(data: JSONBody[Answer]) -> Answer:
        """The queue's inbox: an order known already is acknowledged again."""
        order = checked_order(data, roots, process_now())
        return {"id": data["id"], "sha256": data["sha256"],
                "acknowledgement": parcels.take(str(data["id"]), str(data["kind"]), order)}

    @post("/parcels/{number:str}", status_code=200)
    async def move(number: FromPath[str], data: JSONBody[Answer]) -> Answer:
        """Moves a parcel by hand."""
        return parcels.move(number, str(data.get("status")))

    @get("/parcels/{number:str}")
    async def parcel(number: FromPath[str]) -> Answer:
        """One parcel."""
        return parcels.parcel(number)

    @get("/healthz")
    async def healthz() -> Answer:
        """Alive, and how many calls wait."""
        return {"ok": True, "waiting": parcels.waiting, "refused": parcels.refused}

    return Litestar([take_order, move, parcel, healthz], lifespan=[life], openapi_config=None,
                    exception_handlers={ParcelRefused: refused, OrderRefused: refused}, logging_config=None)


@click.command()
@click.option("--port", type=int, default=0)
@click.option("--platform", default="", help="the platform's origin")
@click.option("--key", type=click.Path(path_type=Path), required=True, help="Ed25519 key, PEM; made when missing")
@click.option("--state", type=click.Path(path_type=Path), default=None, help="the parcels, a JSON file")
@click.option("--root", "roots", multiple=True, help="fingerprint (hex) of a root that the platform's orders chain to")
@click.option("--pace", type=float, default=1.0, help="seconds from one stop to the next; 0: only by hand")
@click.option("--show-key", is_flag=True, help="prints the public key and ends")
def main(port: int, platform: str, key: Path, state: Path | None, roots: tuple[str, ...], pace: float,
         show_key: bool) -> None:
    """Runs the courier on a port of the loopback."""
    own = own_key(key)
    if show_key:
        click.echo(public_text(own))
        return
    if not (port and platform and state):
        raise click.UsageError("--port, --platform and --state are needed")
    parcels = Parcels(state, pace)
    app = make_app(parcels, Caller(parcels, own, platform), frozenset(roots) or None)
    run(app, port)


if __name__ == "__main__":
    main()
