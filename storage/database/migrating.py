"""Brings a database to the newest edition of the tables; nodes that start together wait for one another."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 0x6D696772617465  # "migrate"; the sequencer and the node marks have keys of their own


def alembic_config(connection: Connection, **attributes: object) -> Config:
    """The migrations of this package over an open connection; no file of settings is needed."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes.update(connection=connection, **attributes)
    return config


def migrate(database_url: str) -> None:
    """Runs the migrations that are missing, in one transaction under an advisory lock; blocking."""
    engine = create_engine(database_url, poolclass=NullPool, connect_args={"connect_timeout": 5})
    with engine.begin() as connection:
        connection.execute(text("set local lock_timeout = '60s'"))
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(alembic_config(connection), "head")
