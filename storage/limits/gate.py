"""Who is over a limit, in a node's memory, so that a flood costs no statement."""

import time
from dataclasses import dataclass, field


@dataclass
class Gate:
    """What this node knows of who is over a limit; it forgets with the slot, and all at once when it is full."""

    shut: dict[bytes, float] = field(default_factory=dict)
    most: int = 10_000

    def seconds_left(self, key: bytes) -> int:
        """How long the key is over its limit; 0 when it may be tried."""
        until = self.shut.get(key)
        left = 0 if until is None else until - time.monotonic()
        if until is not None and left <= 0:
            self.shut.pop(key, None)
        return max(0, int(left + 1)) if left > 0 else 0

    def close(self, key: bytes, seconds: int) -> None:
        """Over its limit for so long."""
        if len(self.shut) >= self.most:
            self.shut.clear()
        self.shut[key] = time.monotonic() + seconds
