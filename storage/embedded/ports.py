"""Free ports of the loopback."""

import random
import socket

# Below the range from which the kernel takes ports for outgoing connections: nobody slips in between.
_RANGE = range(18_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def draw_ports(count: int) -> list[int]:
    """Distinct free ports, at random so that two programs rarely meet."""
    ports: set[int] = set()
    while len(ports) < count:
        port = random.choice(_RANGE)
        if is_free(port):
            ports.add(port)
    return sorted(ports)
