"""``yunkai``: the command line. Each command lives in a module of its own, loaded when it is asked for.

Loading all of them costs seconds: signing, database and rendering libraries that most commands never touch.
"""

from importlib import import_module

import click

COMMANDS = ("up", "doctor", "bid", "verify", "witness", "token", "rehearse", "serve", "found", "revise", "restamp")


class Commands(click.Group):
    """Finds the command ``name`` as the function of that name in ``frontend.cli.<name>``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Loads the one command that was named."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"frontend.cli.{cmd_name}"), cmd_name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """云开公共资源交易平台。Yunkai, public tendering without meetings."""
