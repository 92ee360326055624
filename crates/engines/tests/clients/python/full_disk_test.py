"""A full disk: no acknowledged row is lost, no definition destroyed; the warehouse goes on with room."""

from __future__ import annotations

import contextlib
import errno
import subprocess
import time
from pathlib import Path

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from warehouse import USER, Warehouse

SIZE = 128 << 20
# A file system of its own, in a view of the machine that ends with the process.
SMALL_DISK = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]
MOUNT = f'mount -t tmpfs -o size={SIZE} small "$0"; mkdir -m 700 "$0/data"; exec "$@"'
NOT_ENOUGH_SPACE = 243
NETWORK_ERROR = 210


@pytest.fixture
def small(tmp_path):
    """A warehouse on a small disk."""
    disk = tmp_path / "disk"
    disk.mkdir()
    tried = subprocess.run([*SMALL_DISK, 'mount -t tmpfs small "$0"', disk], capture_output=True, text=True)
    if tried.returncode != 0:
        pytest.skip(f"this machine mounts no file system here: {tried.stderr}")
    served = Warehouse(disk / "data", tmp_path / "log", prefix=[*SMALL_DISK, MOUNT, disk])
    yield served
    served.stop()


def _fill(served: Warehouse) -> Path:
    """Takes all room that is left."""
    filler = served.inside(served.data.parent / "filler")
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    with pytest.raises(OSError) as refused:
        filler.with_name("second").write_bytes(b"x")
    assert refused.value.errno == errno.ENOSPC
    return filler


def _eventually(client, statement: str):
    deadline = time.monotonic() + 60
    while True:
        try:
            return client.command(statement)
        except (DatabaseError, OperationalError):
            assert time.monotonic() < deadline
            time.sleep(0.2)


def rows_that_find_no_room_are_refused_and_the_others_stay(small):
    client = clickhouse_connect.get_client(
        host=small.host, port=small.port, username=USER, password=small.password
    )
    client.command("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    insert = "INSERT INTO t SELECT number, randomPrintableASCII(100) FROM numbers(20000)"
    acknowledged = 0
    with pytest.raises(DatabaseError) as refused:
        for _ in range(100):
            client.command(insert)
            acknowledged += 20_000
    assert refused.value.code == NOT_ENOUGH_SPACE
    engine = small.engine()
    assert client.command("SELECT count() FROM t") == acknowledged > 0
    # Something is left for definitions.
    client.command("ALTER TABLE t ADD COLUMN b UInt8")
    client.command("TRUNCATE TABLE t")
    _eventually(client, insert.replace("100)", "100), 1"))
    assert client.command("SELECT count() FROM t") == 20_000
    assert small.engine() == engine


def a_write_that_fails_is_not_acknowledged(small):
    client = clickhouse_connect.get_client(
        host=small.host, port=small.port, username=USER, password=small.password
    )
    client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
    client.command("INSERT INTO t SELECT number FROM numbers(1000)")
    filler = _fill(small)
    with pytest.raises(DatabaseError) as refused:
        client.command("ALTER TABLE t ADD COLUMN b UInt8")
    assert refused.value.code == NETWORK_ERROR
    filler.unlink()
    assert _eventually(client, "SELECT count() FROM t") == 1000
    client.command("INSERT INTO t SELECT number FROM numbers(1000)")
    assert client.command("SELECT count() FROM t") == 2000
    assert "No space left on device" in small.output
