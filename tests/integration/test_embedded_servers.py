"""The embedded servers start, keep their data, and stop, also after they were killed."""

import os
import signal
import socket
import time
from threading import Timer

import psycopg

from storage.embedded.postgres import EmbeddedPostgres
from storage.embedded.seaweed import EmbeddedSeaweed


def ask(server: EmbeddedPostgres, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url().replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_committed_rows_survive_a_killed_database_and_a_restart(tmp_path):
    server = EmbeddedPostgres(tmp_path / "pg")
    server.start()
    try:
        ask(server, "create table kept (n int)")
        ask(server, "insert into kept values (7)")
        os.kill(server.process_id(), signal.SIGKILL)
        while server.is_running():
            time.sleep(0.01)
        EmbeddedPostgres(tmp_path / "pg").start()
        assert ask(server, "select n from kept") == [(7,)]
        server.stop()
        assert not server.is_running()
        server.start()
        assert ask(server, "select n from kept") == [(7,)]
        assert ask(server, "show max_connections") == [("300",)]
    finally:
        server.stop()
    assert not server.is_running()


def test_only_the_owner_may_enter_the_folder_of_the_database_socket(postgres):
    assert postgres.socket_directory.stat().st_mode & 0o077 == 0
    assert ask(postgres, "show listen_addresses") == [("",)]


def test_a_path_too_long_for_a_socket_still_serves(tmp_path):
    server = EmbeddedPostgres(tmp_path / ("long" * 30) / "pg", durable=False)
    server.start()
    try:
        assert ask(server, "select 1") == [(1,)]
    finally:
        server.stop()


def test_the_store_keeps_its_keys_to_itself_and_its_address_over_a_restart(tmp_path):
    first = EmbeddedSeaweed(tmp_path)
    first.start(["http://127.0.0.1:8000"])
    endpoint, left_behind = first.endpoint, first.process_id()
    second = EmbeddedSeaweed(tmp_path)
    second.start(["http://127.0.0.1:8000"])  # as after a kill -9 of the program: the old store is stopped first
    try:
        assert (second.endpoint, second.keys) == (endpoint, first.keys)
        assert second.process_id() != left_behind
        assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600
    finally:
        second.stop()
    assert second.process_id() == 0


def test_the_store_takes_another_address_only_where_somebody_else_has_its_own(tmp_path):
    store = EmbeddedSeaweed(tmp_path)
    store.start(["http://127.0.0.1:8000"])
    first = store.endpoint
    store.stop()
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", int(first.rpartition(":")[2])))
        stranger.listen()
        Timer(1, stranger.close).start()
        store.start(["http://127.0.0.1:8000"])  # the stranger lets go in time
        assert store.endpoint == first
        store.stop()
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", int(first.rpartition(":")[2])))
        stranger.listen()
        try:
            store.start(["http://127.0.0.1:8000"])
            assert store.endpoint != first
        finally:
            store.stop()
