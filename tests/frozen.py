"""A process that stands still while a test looks at those who wait for it."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import until


@contextmanager
def frozen(process_id: int) -> Iterator[None]:
    """The process with all its threads stopped, and going on afterwards.

    ``kill`` returns when the signal is on its way; on a busy machine a thread may answer one more request before that.
    """
    os.kill(process_id, signal.SIGSTOP)
    try:
        until(lambda: _stands_still(process_id))
        yield
    finally:
        os.kill(process_id, signal.SIGCONT)


def _stands_still(process_id: int) -> bool:
    threads = Path(f"/proc/{process_id}/task")
    try:
        return {file.read_text().rpartition(")")[2].split()[0] for file in threads.glob("*/stat")} == {"T"}
    except (FileNotFoundError, ProcessLookupError):  # a thread has ended meanwhile
        return False
