"""The migrations and the tables of the code say the same, and nodes that start together do not disturb each other."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest

from storage.database.migrating import migrate
from storage.embedded.postgres import EmbeddedPostgres
from tests.databases import differences


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres) -> Iterator[str]:
    address = postgres.url().replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("create database empty_one")
        yield postgres.url("empty_one")
        connection.execute("drop database empty_one with (force)")


async def test_nodes_that_start_together_make_the_tables_of_the_code_once(empty_database):
    await asyncio.gather(*(asyncio.to_thread(migrate, empty_database) for _ in range(4)))
    assert differences(empty_database) == [], "run: .venv/bin/yunkai revise NUMBER MESSAGE"


async def test_a_migrated_ledger_only_grows(empty_database):
    migrate(empty_database)
    with psycopg.connect(empty_database.replace("+psycopg", ""), autocommit=True) as connection:
        for statement in ("delete from ledger_entry", "update ledger_entry set stream = 'x'", "truncate ledger_node"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
