"""Free ports for the servers of the tests: no two workers of a run draw the same, and none is drawn twice soon."""

import os
import random
from itertools import cycle

from storage.embedded.ports import is_free

# Below those that the platform itself draws, and those from which the kernel takes outgoing ones.
_RANGE = range(10_000, 18_000)
_WORKERS = 8
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_OWN = cycle(random.sample(_RANGE[_WORKER::_WORKERS], len(_RANGE) // _WORKERS))


def draw_ports(count: int) -> list[int]:
    """Distinct free ports. One is often bound only some time later: until then nobody else here gets it."""
    found = []
    while len(found) < count:
        if is_free(port := next(_OWN)):
            found.append(port)
    return found
