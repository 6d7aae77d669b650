"""``yunkai revise``: for developers, writes the migration that the tables ask for."""

import tempfile
from pathlib import Path

import click
from alembic import command
from sqlalchemy import create_engine

from frontend.server.schema import METADATA
from storage.database.migrating import MIGRATIONS, alembic_config, migrate
from storage.embedded.postgres import EmbeddedPostgres

_LEDGER_IMPORT = "from storage.ledger.append_only import ledger_ddl\n\nrevision ="
_LEDGER_STEP = "    # ### end Alembic commands ###\n    for statement in ledger_ddl():\n        op.execute(statement)\n"


@click.command(hidden=True)
@click.argument("number")
@click.argument("message")
@click.option("--anew", is_flag=True, help="before the first release: forgets all migrations and writes one")
def revise(number: str, message: str, *, anew: bool) -> None:
    """Compares the tables with the migrations, in a throw-away database, and writes migration NUMBER."""
    if anew:
        for file in (MIGRATIONS / "versions").glob("*.py"):
            file.unlink()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedPostgres(Path(folder) / "pg", durable=False)
        server.start()
        try:
            migrate(server.url())
            with create_engine(server.url()).begin() as connection:
                command.revision(alembic_config(connection, metadata=METADATA), message, autogenerate=True,
                                 rev_id=number)
        finally:
            server.stop()
    if anew:
        _guard_the_ledger(next((MIGRATIONS / "versions").glob("*.py")))


def _guard_the_ledger(file: Path) -> None:
    text = file.read_text().replace("revision =", _LEDGER_IMPORT, 1)
    file.write_text(text.replace("    # ### end Alembic commands ###\n", _LEDGER_STEP, 1))
