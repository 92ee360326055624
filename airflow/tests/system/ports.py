"""Ports of the servers that the tests start."""

from __future__ import annotations

import random
import socket

# Below those that the system gives to whoever asks for any: nobody has one by the time it is used.
RANGE = range(20_000, 32_000)


def free_port() -> int:
    """A port at which nobody listens."""
    while True:
        port = random.choice(RANGE)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
