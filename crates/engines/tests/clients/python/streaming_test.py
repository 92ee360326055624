"""Streams: large results and large inserts in little memory, errors in the middle, clients that hang up."""

from __future__ import annotations

import base64
import contextlib
import http.client
import os
import subprocess
import sys
import uuid

import pytest
import urllib3
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError
from warehouse import USER, Running

ENDLESS = "SELECT number, sipHash64(number) FROM numbers(1000000000000)"
# The stream begins, and row 3,000,000 fails.
FAILS_LATE = (
    "SELECT number, throwIf(number = 3000000, 'too far') FROM numbers(10000000) "
    "SETTINGS max_block_size = 65536"
)


def rows_of_a_large_result_come_in_blocks(client):
    total, blocks = 0, 0
    with client.query_row_block_stream("SELECT number, toString(number) FROM numbers(500000)") as stream:
        for block in stream:
            blocks += 1
            total += sum(row[0] for row in block)
    assert total == sum(range(500_000))
    assert blocks > 1


def columns_of_a_large_result_come_in_blocks(client):
    with client.query_column_block_stream("SELECT number FROM numbers(500000)") as stream:
        assert sum(sum(block[0]) for block in stream) == sum(range(500_000))


def rows_come_one_by_one(client):
    with client.query_rows_stream("SELECT number FROM numbers(100000)") as stream:
        assert sum(row[0] for row in stream) == sum(range(100_000))


def frames_and_arrow_tables_come_in_blocks(client):
    query = "SELECT number AS n FROM numbers(300000)"
    with client.query_df_stream(query) as stream:
        assert sum(int(frame["n"].sum()) for frame in stream) == sum(range(300_000))
    with client.query_arrow_stream(query) as stream:
        assert sum(batch.num_rows for batch in stream) == 300_000


def raw_bytes_come_as_they_are_made(client):
    stream = client.raw_stream("SELECT number FROM numbers(3000000)", fmt="RowBinary")
    assert sum(len(piece) for piece in stream.stream(1 << 20)) == 24_000_000


def the_first_rows_come_before_the_last_are_made(connect):
    client, watcher = connect(autogenerate_session_id=False), connect(autogenerate_session_id=False)
    mark = uuid.uuid4().hex
    stream = client.raw_stream(f"/* {mark} */ {ENDLESS}", fmt="RowBinary")
    assert stream.read(8) == bytes(8)
    stream.close()
    Running.wait_for(watcher, mark, 0)


MEASURE = """
import os, resource, sys
import clickhouse_connect
client = clickhouse_connect.get_client(
    host="127.0.0.1", port=int(sys.argv[1]), username="bionicpro", password=os.environ["WAREHOUSE_PASSWORD"])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
received = 0
with client.query_column_block_stream("SELECT number, number + 1 AS m FROM numbers(25000000)") as blocks:
    for block in blocks:
        received += 16 * len(block[0])
print(received, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def a_large_result_fits_in_little_memory_on_both_sides(warehouse):
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, str(warehouse.port)],
        env={**os.environ, "WAREHOUSE_PASSWORD": warehouse.password},
        check=True,
        capture_output=True,
        text=True,
    )
    received, grown = map(int, measured.stdout.split())
    assert received == 400_000_000
    assert grown < 100_000_000
    assert warehouse.peak_memory() < 600_000_000


def an_error_in_the_middle_of_rows_is_an_error(client):
    with (
        pytest.raises(ClickHouseError, match="too far"),
        client.query_row_block_stream(FAILS_LATE) as stream,
    ):
        assert sum(len(block) for block in stream) < 3_000_000


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", False])
def an_error_in_the_middle_is_seen_through_compression(connect, compress):
    client = connect(compress=compress)
    with (
        pytest.raises(ClickHouseError, match="too far"),
        client.query_column_block_stream(FAILS_LATE) as stream,
    ):
        assert sum(len(block[0]) for block in stream) < 3_000_000


def an_error_before_the_first_row_has_a_status_and_a_code(client):
    with pytest.raises(DatabaseError, match="at once") as refused:
        client.query("SELECT throwIf(1, 'at once')")
    assert (refused.value.code, refused.value.name) == (395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO")


def an_error_in_the_middle_has_a_code_when_the_whole_is_awaited(client):
    with pytest.raises(DatabaseError, match="too far") as refused:
        client.raw_query(FAILS_LATE, fmt="RowBinary", settings={"wait_end_of_query": 1})
    assert refused.value.code == 395


def a_client_that_hangs_up_cancels_its_query(connect):
    client, watcher = connect(autogenerate_session_id=False), connect(autogenerate_session_id=False)
    mark = uuid.uuid4().hex
    stream = client.raw_stream(f"/* {mark} */ {ENDLESS}", fmt="RowBinary")
    assert len(stream.read(1000)) == 1000
    Running.wait_for(watcher, mark, 1)
    stream.close()
    Running.wait_for(watcher, mark, 0)


def a_client_that_hangs_up_before_the_first_row_cancels_its_query(connect, warehouse):
    watcher = connect(autogenerate_session_id=False)
    mark = uuid.uuid4().hex
    credentials = base64.b64encode(f"{USER}:{warehouse.password}".encode()).decode()
    connection = http.client.HTTPConnection(warehouse.host, warehouse.port)
    connection.request(
        "POST",
        "/",
        body=f"/* {mark} */ SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))",
        headers={"Authorization": f"Basic {credentials}"},
    )
    Running.wait_for(watcher, mark, 1)
    connection.close()
    Running.wait_for(watcher, mark, 0)


def a_query_is_killed_by_its_id(connect):
    client, watcher = connect(autogenerate_session_id=False), connect(autogenerate_session_id=False)
    mark = uuid.uuid4().hex
    stream = client.raw_stream(f"/* {mark} */ {ENDLESS}", fmt="RowBinary", settings={"query_id": mark})
    assert stream.read(8)
    # Not SYNC: that would wait for a statement whose writer waits for this client to read.
    watcher.command(f"KILL QUERY WHERE query_id = '{mark}'")
    with contextlib.suppress(urllib3.exceptions.HTTPError):
        while stream.read(1 << 20):
            pass
    Running.wait_for(watcher, mark, 0)
    stream.close()


def a_time_limit_ends_a_query(client):
    with pytest.raises(DatabaseError) as refused:
        client.query(
            "SELECT count() FROM numbers(1000000000000) WHERE NOT ignore(sipHash64(number))",
            settings={"max_execution_time": 1},
        )
    assert (refused.value.code, refused.value.name) == (159, "TIMEOUT_EXCEEDED")
