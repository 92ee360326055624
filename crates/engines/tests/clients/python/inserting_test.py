"""Inserts: rows, columns, frames, Arrow tables, raw bytes in many formats, and what a failed one leaves."""

from __future__ import annotations

import datetime
import io

import pandas
import pyarrow
import pyarrow.parquet
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

COLUMNS = "id UInt32, name String, score Nullable(Float64), at DateTime('UTC')"
AT = datetime.datetime(2026, 3, 1, 12, 30)
ROWS = [(1, "Ада", 1.5, AT), (2, "O'Brien\t\\\n", None, AT), (3, "", -0.25, AT), (4, "مرحبا 🦾", 1e300, AT)]


@pytest.fixture
def table(client) -> str:
    client.command(f"CREATE TABLE t ({COLUMNS}) ENGINE = MergeTree ORDER BY id")
    return "t"


def _stored(client) -> list[tuple]:
    return client.query("SELECT * FROM t ORDER BY id").result_rows


def rows_are_inserted(client, table):
    assert client.insert(table, ROWS, column_names="*").written_rows == 4
    assert _stored(client) == ROWS


def columns_are_inserted(client, table):
    columns = [list(column) for column in zip(*ROWS, strict=True)]
    client.insert(table, columns, column_names=["id", "name", "score", "at"], column_oriented=True)
    assert _stored(client) == ROWS


def some_columns_may_be_left_out(client, table):
    client.insert(table, [[9]], column_names=["id"])
    assert _stored(client) == [(9, "", None, datetime.datetime(1970, 1, 1))]


def a_frame_is_inserted(client, table):
    frame = pandas.DataFrame(ROWS, columns=["id", "name", "score", "at"])
    assert client.insert_df(table, frame).written_rows == 4
    assert _stored(client) == ROWS


def an_arrow_table_is_inserted(client, table):
    arrow = pyarrow.table(
        {
            "id": pyarrow.array([row[0] for row in ROWS], pyarrow.uint32()),
            "name": [row[1] for row in ROWS],
            "score": pyarrow.array([row[2] for row in ROWS], pyarrow.float64()),
            "at": pyarrow.array([row[3] for row in ROWS], pyarrow.timestamp("s", "UTC")),
        }
    )
    assert client.insert_arrow(table, arrow).written_rows == 4
    assert _stored(client) == ROWS


def a_frame_is_inserted_as_arrow(client, table):
    frame = pandas.DataFrame({"id": [1, 2], "name": ["a", "b"]}).convert_dtypes(dtype_backend="pyarrow")
    client.insert_df_arrow(table, frame)
    assert [row[:2] for row in _stored(client)] == [(1, "a"), (2, "b")]


def an_insert_context_is_used_twice(client, table):
    context = client.create_insert_context(table, column_names=["id", "name"])
    context.data = [[1, "a"]]
    client.insert(context=context)
    context.data = [[2, "b"]]
    client.insert(context=context)
    assert [row[:2] for row in _stored(client)] == [(1, "a"), (2, "b")]


def _parquet(rows: int) -> bytes:
    buffer = io.BytesIO()
    arrow = pyarrow.table(
        {"id": pyarrow.array(range(rows), pyarrow.uint32()), "name": [f"n{n}" for n in range(rows)]}
    )
    pyarrow.parquet.write_table(arrow, buffer, row_group_size=10_000)
    return buffer.getvalue()


TWO = [(0, "n0"), (1, "n1")]


@pytest.mark.parametrize(
    ("format_name", "block"),
    [
        ("CSV", "0,n0\n1,n1\n"),
        ("CSVWithNames", "name,id\nn0,0\nn1,1\n"),
        ("TabSeparated", b"0\tn0\n1\tn1\n"),
        ("JSONEachRow", '{"id":0,"name":"n0"}\n{"id":1,"name":"n1"}\n'),
        ("JSONEachRow", b'{"name":"n0","id":0}{"name":"n1","id":1}'),
        ("JSONCompactEachRow", '[0,"n0"]\n[1,"n1"]'),
        ("Values", "(0,'n0'),(1,'n1')"),
        ("RowBinary", b"\0\0\0\0\x02n0\x01\0\0\0\x02n1"),
        ("Parquet", _parquet(2)),
    ],
)
def raw_bytes_are_inserted_in_many_formats(client, table, format_name, block):
    client.raw_insert(table, ["id", "name"], block, fmt=format_name)
    assert [row[:2] for row in _stored(client)] == TWO


@pytest.mark.parametrize("compression", ["lz4", "zstd", "gzip"])
def raw_bytes_may_come_compressed(client, table, compression):
    import gzip

    import lz4.frame
    from backports import zstd

    compress = {"lz4": lz4.frame.compress, "zstd": zstd.compress, "gzip": gzip.compress}[compression]
    client.raw_insert(table, ["id", "name"], compress(b"0,n0\n1,n1\n"), fmt="CSV", compression=compression)
    assert [row[:2] for row in _stored(client)] == TWO


def a_generator_is_streamed(client, table):
    def pieces():
        for start in range(0, 200_000, 1000):
            yield "".join(f"{n},n{n}\n" for n in range(start, start + 1000)).encode()

    client.raw_insert(table, ["id", "name"], pieces(), fmt="CSV")
    assert client.command("SELECT count(), sum(id), uniqExact(name) FROM t") == [
        "200000",
        str(sum(range(200_000))),
        "200000",
    ]


def a_file_is_streamed(client, table, tmp_path):
    path = tmp_path / "rows.parquet"
    path.write_bytes(_parquet(50_000))
    with path.open("rb") as file:
        client.raw_insert(table, ["id", "name"], file, fmt="Parquet")
    assert client.command("SELECT count() FROM t") == 50_000


def values_may_stand_in_the_statement(client, table):
    client.command("INSERT INTO t (id, name) VALUES (1, 'a;b'), (2, concat('x', 'y'))")
    client.command("INSERT INTO t (id, name) FORMAT JSONEachRow", data='{"id":3,"name":"c"}')
    assert [row[:2] for row in _stored(client)] == [(1, "a;b"), (2, "xy"), (3, "c")]


def a_value_of_another_type_inserts_nothing(client, table):
    good = "".join(f"{n},n\n" for n in range(10))
    with pytest.raises(DatabaseError) as refused:
        client.raw_insert(table, ["id", "name"], good + "no number,n\n", fmt="CSV")
    assert refused.value.code in (6, 27)
    assert _stored(client) == []


def a_row_that_breaks_a_constraint_is_named(client):
    client.command("CREATE TABLE t (n UInt8, CONSTRAINT small CHECK n < 5) ENGINE = MergeTree ORDER BY n")
    with pytest.raises(DatabaseError) as refused:
        client.insert("t", [[1], [7]], column_names=["n"])
    assert refused.value.code == 469
    assert refused.value.name == "VIOLATED_CONSTRAINT"


def a_generator_that_fails_inserts_nothing(connect, database, client, table):
    # A session would stay locked until the warehouse has seen the end of the connection.
    sender = connect(database=database, autogenerate_session_id=False)

    def pieces():
        yield b"1,a\n"
        raise RuntimeError("the source broke")

    with pytest.raises(Exception, match="the source broke"):
        sender.raw_insert(table, ["id", "name"], pieces(), fmt="CSV")
    assert _stored(client) == []


def a_table_without_that_column_is_named(client, table):
    with pytest.raises(DatabaseError) as refused:
        client.raw_insert(table, ["id", "nowhere"], "1,2\n", fmt="CSV")
    assert (refused.value.code, refused.value.name) == (16, "NO_SUCH_COLUMN_IN_TABLE")


def a_truncated_parquet_file_inserts_nothing(client, table):
    with pytest.raises(DatabaseError):
        client.raw_insert(table, ["id", "name"], _parquet(1000)[:-100], fmt="Parquet")
    assert _stored(client) == []


def an_asynchronous_insert_is_there_when_it_returns(client, table):
    client.insert(
        table,
        [[1, "a"]],
        column_names=["id", "name"],
        settings={"async_insert": 1, "wait_for_async_insert": 1},
    )
    assert [row[:2] for row in _stored(client)] == [(1, "a")]
