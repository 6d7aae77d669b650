"""The deposit bank as a program of its own: takes the platform's signed orders, and calls back signed.

It knows sub-accounts by number alone; of lots and bidders it learns nothing before they pay (R-400). Its books are a
JSON file, its calls leave in order, each until it is taken.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import click
import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from litestar import Litestar, get, post
from litestar.params import FromPath, JSONBody, Parameter

from frontend.cli.rehearsal.programs.bank_books import BookRefused, Books
from frontend.cli.rehearsal.programs.orders import OrderRefused, checked_order
from frontend.cli.rehearsal.programs.serving import own_key, public_text, refused, run
from storage.crypto.callbacks import HEADER, sign_callback
from storage.crypto.tls import trusted_authorities
from storage.kernel.clock import process_now

CHANNEL = "bank"
CALLBACKS = "/api/callbacks/bank"
_PAUSE_SECONDS = 0.2
_AWAY_SECONDS = 1.0
Answer = dict[str, Any]


class Teller:
    """Sends what the books want told, one after the other."""

    def __init__(self, books: Books, key: Ed25519PrivateKey, platform: str) -> None:
        self._books, self._key, self._url = books, key, platform.rstrip("/") + CALLBACKS

    async def run(self) -> None:
        """For ever; a call that is refused for good is set aside with the refusal."""
        async with httpx.AsyncClient(timeout=20, trust_env=False, verify=trusted_authorities()) as client:
            while True:
                pause = _PAUSE_SECONDS if await self._send_next(client) else _AWAY_SECONDS
                await asyncio.sleep(0 if self._books.waiting and pause == _PAUSE_SECONDS else pause)

    async def _send_next(self, client: httpx.AsyncClient) -> bool:
        """True unless the platform could not be reached."""
        if not self._books.waiting:
            return True
        call, body = self._books.next_call()
        headers = {HEADER: sign_callback(self._key, CHANNEL, process_now(), body), "Content-Type": "application/json"}
        try:
            answer = await client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError:
            return False
        if answer.is_success:
            self._books.told(call, "")
        elif answer.status_code < 500 and answer.status_code not in (404, 409, 429):
            self._books.told(call, answer.text[:500])
        else:
            return False
        return True


def make_app(books: Books, teller: Teller, roots: frozenset[str] | None) -> Litestar:
    """Inbox of orders, counter for payments, statements, and the books to look into."""

    @asynccontextmanager
    async def life(_: Litestar) -> AsyncIterator[None]:
        task = asyncio.create_task(teller.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    @post("/orders", status_code=200)
    async def take_order(data: JSONBody[Answer]) -> Answer:
        """The queue's inbox: an order known already is acknowledged again."""
        order = checked_order(data, roots, process_now())
        return {"id": data["id"], "sha256": data["sha256"],
                "acknowledgement": books.take(str(data["id"]), str(data["kind"]), order)}

    @post("/payments", status_code=201)
    async def pay(data: JSONBody[Answer]) -> Answer:
        """The counter: somebody transfers money to one of our sub-accounts."""
        return {"serial": books.receive(data)}

    @post("/statements", status_code=201)
    async def state(data: JSONBody[Answer]) -> Answer:
        """States what is held now."""
        return books.state_balance(str(data.get("day") or ""))

    @get("/accounts/{number:str}")
    async def account(number: FromPath[str]) -> Answer:
        """One sub-account."""
        return books.account(number)

    @get("/moves")
    async def moves(account: str = Parameter(query="account", default="")) -> list[Answer]:
        """Everything booked, on one sub-account or on all."""
        return books.moves(account)

    @get("/healthz")
    async def healthz() -> Answer:
        """Alive, and how many calls wait."""
        return {"ok": True, "waiting": len(books.waiting), "refused": books.refused}

    return Litestar([take_order, pay, state, account, moves, healthz], lifespan=[life], openapi_config=None,
                    exception_handlers={BookRefused: refused, OrderRefused: refused}, logging_config=None)


@click.command()
@click.option("--port", type=int, default=0)
@click.option("--platform", default="", help="the platform's origin")
@click.option("--key", type=click.Path(path_type=Path), required=True, help="Ed25519 key, PEM; made when missing")
@click.option("--state", type=click.Path(path_type=Path), default=None, help="the books, a JSON file")
@click.option("--root", "roots", multiple=True, help="fingerprint (hex) of a root that the platform's orders chain to")
@click.option("--holder", default="公共资源交易中心投标保证金专户")
@click.option("--bank", default="演示银行连云港分行")
@click.option("--show-key", is_flag=True, help="prints the public key and ends")
def main(port: int, platform: str, key: Path, state: Path | None, roots: tuple[str, ...], holder: str, bank: str,
         show_key: bool) -> None:
    """Runs the bank on a port of the loopback."""
    own = own_key(key)
    if show_key:
        click.echo(public_text(own))
        return
    if not (port and platform and state):
        raise click.UsageError("--port, --platform and --state are needed")
    books = Books(state, holder, bank)
    app = make_app(books, Teller(books, own, platform), frozenset(roots) or None)
    run(app, port)


if __name__ == "__main__":
    main()
