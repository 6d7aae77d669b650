"""Alembic's entry: runs over the connection that ``storage.database.migrating`` holds."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    compare_type=True,
    compare_server_default=True,
)
context.run_migrations()
