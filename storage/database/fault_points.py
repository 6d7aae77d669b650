"""Named points at which a test may end this process at once, as a power cut would.

Inert unless ``YUNKAI_FAULT_POINT`` names the point: then reaching it is SIGKILL, with no clean-up
of any kind (faults 01–03). ``YUNKAI_FAULT_AFTER`` lets the first n passages through.
"""

import os
import signal

_POINT = os.environ.get("YUNKAI_FAULT_POINT", "")
_passages_left = int(os.environ.get("YUNKAI_FAULT_AFTER", "0"))


def reach(name: str) -> None:
    """Kills this process when the environment asked for it at this point; else nothing."""
    global _passages_left
    if not _POINT or name != _POINT:
        return
    if _passages_left > 0:
        _passages_left -= 1
        return
    os.kill(os.getpid(), signal.SIGKILL)
