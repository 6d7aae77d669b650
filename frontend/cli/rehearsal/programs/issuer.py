"""A separate program of a bank, insurer or guarantee company: hears the platform over HTTP, and calls back signed.

``python -m frontend.cli.rehearsal.programs.issuer --port N --platform URL --key FILE --signer FILE.p12 …``
``POST /orders`` takes messages of the platform's queue; ``GET /state`` shows what it did; ``GET /healthz``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from litestar import Litestar, Response, get, post
from litestar.params import JSONBody

from bidding.guarantees.model import IssuerKind
from frontend.cli.rehearsal.programs.issuing import Desk
from frontend.cli.rehearsal.programs.letters import MISTAKES, House
from frontend.cli.rehearsal.programs.orders import OrderRefused
from frontend.cli.rehearsal.programs.serving import own_key, run
from storage.crypto.certificates import parse_certificate
from storage.crypto.demo_pki import read_pkcs12
from storage.kernel.errors import DomainError

Json = dict[str, Any]


def application(desk: Desk) -> Litestar:
    """The program's HTTP face over one desk."""

    @post("/orders", status_code=200)
    async def take_order(data: JSONBody[Json]) -> Response[Json]:
        try:
            return Response(dict(await desk.take(data)))
        except (DomainError, OrderRefused) as error:
            return Response({"error": str(error)}, status_code=400)

    @get("/state")
    async def read_state() -> Json:
        return desk.state

    @get("/healthz")
    async def is_alive() -> Json:
        return {"name": desk.house.name}

    @asynccontextmanager
    async def calling(_: Litestar) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(desk.call_back(stop))
        try:
            yield
        finally:
            stop.set()
            await task

    return Litestar([take_order, read_state, is_alive], lifespan=[calling], openapi_config=None)


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--platform", required=True, help="the platform's origin, to call back")
@click.option("--key", type=click.Path(path_type=Path), required=True, help="Ed25519 PEM that signs callbacks")
@click.option("--signer", type=click.Path(path_type=Path, exists=True), required=True, help="PKCS#12, signs letters")
@click.option("--password", required=True)
@click.option("--name", required=True)
@click.option("--kind", type=click.Choice([each.value for each in IssuerKind]), default="bank")
@click.option("--rate", default="0.30", help="premium in per cent")
@click.option("--state", type=click.Path(path_type=Path), required=True)
@click.option("--root", type=click.Path(path_type=Path, exists=True), help="PEM of the platform's root")
@click.option("--mistake", type=click.Choice(["", *MISTAKES]), default="")
@click.option("--refuse-claims", is_flag=True)
def main(port: int, platform: str, key: Path, signer: Path, password: str, name: str, kind: str, rate: str, state: Path,
         root: Path | None, mistake: str, refuse_claims: bool) -> None:
    """Runs until it is stopped."""
    house = House(name, IssuerKind(kind), read_pkcs12(signer.read_bytes(), password), Decimal(rate), mistake)
    trusted = frozenset({parse_certificate(root.read_bytes()).fingerprint}) if root else None
    desk = Desk(house, platform.rstrip("/"), own_key(key), state, trusted, refuse_claims)
    desk.load()
    run(application(desk), port)


if __name__ == "__main__":
    main()
