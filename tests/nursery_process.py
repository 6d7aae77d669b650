"""The process beside ``tests/nursery.py``: imports a node's modules once, then forks a node for each line it reads."""

import importlib
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import frontend.server.asgi
import frontend.server.sockets
from frontend.cli.serve import serve
from storage.database import fault_points

_imported = (frontend.server.asgi, frontend.server.sockets)  # named by strings only in what a node runs


def _become(order: Mapping[str, Any]) -> None:
    """The child's whole life."""
    nothing, log = os.open(os.devnull, os.O_RDONLY), os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number, file in enumerate((nothing, log, log)):
        os.dup2(file, number)
    os.environ.clear()
    os.environ.update(order["environment"])
    importlib.reload(fault_points)  # reads its point on import
    serve.main(["--port", str(order["port"])], prog_name="yunkai serve")


def main() -> None:
    """Forks twice for each order; the child is the tests' once who stands between has gone, and only then is named."""
    for line in sys.stdin:
        reading, writing = os.pipe()
        between = os.fork()
        if not between:
            child = os.fork()
            if not child:
                _become(json.loads(line))
            os.write(writing, str(child).encode())
            os._exit(0)
        os.waitpid(between, 0)
        print(os.read(reading, 20).decode(), flush=True)
        os.close(reading)
        os.close(writing)


if __name__ == "__main__":
    main()
