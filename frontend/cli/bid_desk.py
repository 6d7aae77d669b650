"""What the subcommands of ``yunkai bid`` share: their options, and a bidder at work in one lot."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from frontend.cli.bid_screen import Desk
from frontend.cli.bid_tender import find_lot
from frontend.cli.bid_work import BidWork
from frontend.cli.guarantee_work import GuaranteeWork

lot_argument = click.argument("lot")
state_option = click.option("--state", type=click.Path(path_type=Path, dir_okay=False), default=None,
                            help="续传状态文件 state of an upload under way (default: yunkai-bid-<lot>.json)")
folder_option = click.option("-o", "--output", type=click.Path(path_type=Path, file_okay=False), default=Path(),
                             help="存放目录 folder")
trust_option = click.option("--trust", type=click.Path(path_type=Path, exists=True, file_okay=False), default=None,
                            help="信任列表目录，用于核验保函的签名 folder of recognised roots and CRLs")
waived_option = click.option("--without-security", "waived", is_flag=True,
                             help="不附保函，也不再询问 without a letter, and without being asked")


@contextmanager
def bid_work(desk: Desk, lot: str, state: Path | None = None) -> Iterator[BidWork]:
    """A bidder signed in, at its bid in a lot named by id or code."""
    with desk.signed_in() as (api, identity):
        found = find_lot(api, lot)
        yield BidWork(api, identity, found, state or Path(f"yunkai-bid-{lot}.json"))


@contextmanager
def guarantee_work(desk: Desk, lot: str) -> Iterator[GuaranteeWork]:
    """A bidder signed in, at its desk for letters in a lot named by id or code."""
    with desk.signed_in() as (api, identity):
        yield GuaranteeWork(api, identity, find_lot(api, lot))
