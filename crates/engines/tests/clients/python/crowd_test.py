"""More clients than the warehouse takes, which stop in the middle or say nothing: others are answered."""

from __future__ import annotations

import base64
import contextlib
import resource
import socket

import clickhouse_connect
import pytest
from warehouse import USER, Warehouse

CROWD = 1_100
# As a shell or a service manager starts a process: it may open more when it asks.
FEW_FILES = ["sh", "-c", 'ulimit -S -n 1024; exec "$0" "$@"']


@pytest.fixture
def served(tmp_path):
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 4 * CROWD:
        pytest.skip(f"a process may open {most} files here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4 * CROWD, most))
    started = Warehouse(tmp_path / "data", tmp_path / "log", prefix=FEW_FILES)
    yield started
    started.stop()


def others_are_answered_in_a_crowd(served):
    client = clickhouse_connect.get_client(
        host=served.host, port=served.port, username=USER, password=served.password
    )
    credentials = base64.b64encode(f"{USER}:{served.password}".encode()).decode()
    half = (
        "POST /?query=INSERT+INTO+FUNCTION+null('n+UInt64')+FORMAT+TSV HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Basic {credentials}\r\nContent-Length: 1000000\r\n\r\n1\n2\n"
    )
    for begun in ("", half):
        with contextlib.ExitStack() as crowd:
            for _ in range(CROWD):
                stopped = crowd.enter_context(socket.create_connection((served.host, served.port)))
                # One that came earlier has given way.
                with contextlib.suppress(ConnectionError):
                    stopped.sendall(begun.encode())
            for number in range(20):
                assert client.command(f"SELECT {number}") == number
    assert "could not be accepted" not in served.output
