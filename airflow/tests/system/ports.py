"""Free ports for the servers that the tests start."""

from __future__ import annotations

import random
import socket

# Below the system's ephemeral ports, so that no other process is assigned one before it is used.
RANGE = range(20_000, 32_000)


def free_port() -> int:
    """Returns a port on which no process listens."""
    while True:
        port = random.choice(RANGE)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
