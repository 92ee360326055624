"""The process: one per data directory, data that outlive it, a port and a password that are its own."""

from __future__ import annotations

import subprocess

import clickhouse_connect
import pytest
from warehouse import PROGRAM, USER, Warehouse


def _connect(served: Warehouse):
    return clickhouse_connect.get_client(
        host=served.host, port=served.port, username=USER, password=served.password
    )


@pytest.fixture
def start(tmp_path):
    """Starts warehouses on one data directory with a blank in its name."""
    started = []

    def make(**environment: str) -> Warehouse:
        made = Warehouse(tmp_path / "my data", tmp_path / f"log {len(started)}", environment)
        started.append(made)
        return made

    yield make
    for served in started:
        served.stop()


def a_second_process_is_told_who_holds_the_directory(warehouse):
    second = subprocess.run(
        [PROGRAM, "warehouse", "serve", "--data", warehouse.data, "--listen", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode != 0
    said = second.stdout + second.stderr
    assert str(warehouse.process.pid) in said
    assert warehouse.password not in said
    assert _connect(warehouse).command("SELECT 1") == 1


def a_taken_port_is_named_with_its_flag(warehouse, tmp_path):
    second = subprocess.run(
        [
            PROGRAM,
            "warehouse",
            "serve",
            "--data",
            tmp_path / "other",
            "--listen",
            f"127.0.0.1:{warehouse.port}",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert second.returncode != 0
    said = second.stdout + second.stderr
    assert str(warehouse.port) in said
    assert "--listen" in said


def rows_and_password_outlive_a_stop_and_a_kill(start):
    first = start()
    client = _connect(first)
    client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
    client.insert("t", [[n] for n in range(1000)], column_names=["n"])
    assert first.stop() == 0

    second = start()
    assert second.password == first.password
    client = _connect(second)
    assert client.command("SELECT count() FROM t") == 1000
    client.insert("t", [[n] for n in range(1000, 2000)], column_names=["n"])
    second.kill()

    assert _connect(start()).command("SELECT count(), sum(n) FROM t") == ["2000", str(sum(range(2000)))]


def a_query_that_finds_no_turn_is_told_so(start):
    served = start(
        BIONICPRO_ENGINES_WAREHOUSE_MAX_RUNNING_QUERIES="1", BIONICPRO_ENGINES_WAREHOUSE_QUEUE_TIMEOUT_S="1"
    )
    client = clickhouse_connect.get_client(
        host=served.host,
        port=served.port,
        username=USER,
        password=served.password,
        autogenerate_session_id=False,
    )
    stream = client.raw_stream("SELECT number FROM numbers(1000000000000)", fmt="RowBinary")
    assert stream.read(8) == bytes(8)
    with pytest.raises(clickhouse_connect.driver.exceptions.DatabaseError) as refused:
        client.command("SELECT 1")
    assert (refused.value.code, refused.value.name) == (202, "TOO_MANY_SIMULTANEOUS_QUERIES")
    stream.close()
    assert client.ping()


def the_password_is_in_no_log(warehouse):
    assert warehouse.password not in warehouse.output


def host_access_is_allowed_when_the_configuration_says_so(start, tmp_path):
    (tmp_path / "rows.csv").write_text("1\n2\n")
    client = _connect(start(BIONICPRO_ENGINES_WAREHOUSE_ALLOW_HOST_ACCESS="true"))
    assert client.command(f"SELECT sum(c1) FROM file('{tmp_path / 'rows.csv'}', CSV)") == 3
