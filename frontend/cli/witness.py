"""``yunkai witness``: the ledger's witness, and the one file with which it runs on another machine."""

import sys
from hashlib import sha256
from pathlib import Path

import click

from frontend.cli.packing import pack as pack_program
from frontend.witness.main import main

_AS_GIVEN = {"ignore_unknown_options": True, "help_option_names": [], "allow_interspersed_args": False}


@click.group()
def witness() -> None:
    """账本见证人：异地跟随账本，只增不改才会签。A ledger's witness on another machine (docs/witness.md)."""


@witness.command()
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path), default="witness.pyz")
def pack(target: Path) -> None:
    """打成单个文件，另一台机器只需 Python 3.11。One file; the other machine needs nothing but Python 3.11."""
    modules = pack_program("frontend.witness.__main__", target)
    click.echo(f"{target}: {len(modules)} modules, SHA-256 {sha256(target.read_bytes()).hexdigest()}")


def _passed_on(act: str, words: str) -> None:
    @witness.command(act, context_settings=_AS_GIVEN, help=words)
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def run(words: tuple[str, ...]) -> None:
        sys.exit(main([act, *words]))


for _act, _words in (("init", "建立密钥与目录。Makes a key and a folder."),
                     ("follow", "跟随账本并会签。Follows and cosigns."),
                     ("check", "只核对一次，不会签。Looks once, cosigns nothing."),
                     ("judge", "核验警报文件。Checks an alarm file.")):
    _passed_on(_act, _words)
