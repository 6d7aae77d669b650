"""What a database lacks of the tables that the code declares."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from frontend.server.schema import METADATA


def differences(url: str) -> list[object]:
    """Each difference as Alembic names it; none when the migrations make what the code declares."""
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), METADATA)
