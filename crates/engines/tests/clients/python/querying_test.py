"""Queries: rows, columns, frames, Arrow, metadata, several of them at once."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import clickhouse_connect
import numpy
import pandas
import pyarrow
import pytest
from clickhouse_connect.driver.external import ExternalData
from clickhouse_connect.driver.summary import QuerySummary
from warehouse import USER


def rows_have_names_and_types(client):
    result = client.query("SELECT number AS n, toString(number) AS s FROM numbers(3)")
    assert result.column_names == ("n", "s")
    assert [kind.name for kind in result.column_types] == ["UInt64", "String"]
    assert result.result_rows == [(0, "0"), (1, "1"), (2, "2")]
    assert result.result_columns == [[0, 1, 2], ["0", "1", "2"]]
    assert list(result.named_results())[2] == {"n": 2, "s": "2"}


def no_row_is_an_empty_result(client):
    result = client.query("SELECT number AS n FROM numbers(0)")
    assert result.row_count == 0


def limit_0_asks_for_the_columns_alone(client):
    result = client.query("SELECT number AS n, now() AS t FROM numbers(5) LIMIT 0")
    assert result.column_names == ("n", "t")
    assert result.row_count == 0


def a_command_returns_its_value(client):
    assert client.command("SELECT 7 * 6") == 42
    assert client.command("SELECT 'a', 'b'") == ["a", "b"]
    assert client.command("SELECT 'x' WHERE 0") == ""
    assert isinstance(client.command("CREATE TABLE t (n UInt8) ENGINE = Memory"), QuerySummary)
    assert client.command("EXISTS TABLE t") == 1
    assert client.command("SHOW TABLES") == "t"


def statements_that_are_no_select_have_results(client):
    client.command("CREATE TABLE t (n UInt8 COMMENT 'it''s n') ENGINE = MergeTree ORDER BY n")
    assert client.query("DESCRIBE TABLE t").result_rows[0][:2] == ("n", "UInt8")
    assert client.query("SHOW TABLES").result_rows == [("t",)]
    assert "MergeTree" in client.command("SHOW CREATE TABLE t")
    assert client.query("EXPLAIN SELECT * FROM t").row_count > 0
    assert client.query("WITH 5 AS five SELECT five + 1").result_rows == [(6,)]
    assert client.query("(SELECT 1) UNION ALL (SELECT 1)").result_rows == [(1,), (1,)]


def a_statement_may_hold_comments_semicolons_and_the_word_format(client):
    assert client.query("SELECT 'a;b -- FORMAT CSV' AS format; -- the end\n").result_rows == [
        ("a;b -- FORMAT CSV",)
    ]
    assert client.query("/* FORMAT Null */ SELECT 1 AS `INTO OUTFILE`").column_names == ("INTO OUTFILE",)
    assert client.raw_query("SELECT format FROM (SELECT 5 AS format)", fmt="TSV") == b"5\n"


def frames_come_back_with_their_types(client):
    frame = client.query_df(
        "SELECT number AS n, if(number = 1, NULL, number / 2) AS half, "
        "toDateTime(number * 86400, 'UTC') AS t, toString(number) AS s FROM numbers(3)"
    )
    assert list(frame.columns) == ["n", "half", "t", "s"]
    assert frame["n"].dtype == numpy.uint64
    assert pandas.isna(frame["half"][1])
    assert frame["t"][2] == pandas.Timestamp("1970-01-03")
    assert frame["s"].tolist() == ["0", "1", "2"]


def numpy_comes_back(client):
    array = client.query_np("SELECT number AS n FROM numbers(4)")
    assert array.ravel().tolist() == [0, 1, 2, 3]


def arrow_comes_back(client):
    table = client.query_arrow(
        "SELECT number AS n, toString(number) AS s, [number, 1] AS a FROM numbers(3)", use_strings=True
    )
    assert isinstance(table, pyarrow.Table)
    assert table.schema.field("s").type == pyarrow.string()
    assert table.to_pydict() == {"n": [0, 1, 2], "s": ["0", "1", "2"], "a": [[0, 1], [1, 1], [2, 1]]}
    empty = client.query_arrow("SELECT number AS n FROM numbers(0)")
    assert empty.num_rows == 0


@pytest.mark.parametrize(
    ("format_name", "expected"),
    [
        ("TabSeparated", b"1\tx\n"),
        ("CSV", b'1,"x"\n'),
        ("JSONEachRow", b'{"n":1,"s":"x"}\n'),
        ("JSONCompactEachRow", b'[1, "x"]\n'),
        ("RowBinary", b"\x01\x01x"),
        ("Values", b"(1,'x')"),
        ("Null", b""),
    ],
)
def a_raw_query_comes_in_the_format_asked_for(client, format_name, expected):
    assert client.raw_query("SELECT toUInt8(1) AS n, 'x' AS s", fmt=format_name) == expected


def the_urls_default_format_yields_to_the_statements(client):
    params = {"default_format": "CSV"}
    assert client._raw_request(b"SELECT 1, 'a'", params).data == b'1,"a"\n'
    assert client._raw_request(b"SELECT 1, 'a' FORMAT TSV", params).data == b"1\ta\n"


def a_statement_may_be_split_between_url_and_body(client):
    assert client._raw_request(b"1 + 1", {"query": "SELECT"}).data == b"2\n"
    assert client._raw_request(b"", {"query": "SELECT 3"}, method="GET").data == b"3\n"


def settings_apply_to_one_query(client):
    query = "SELECT getSetting('max_threads')"
    default = client.command(query)
    assert client.command(query, settings={"max_threads": 3}) == 3
    assert client.command(query) == default
    assert client.query("SELECT number FROM numbers(10)", settings={"limit": 4}).row_count == 4


def a_clients_settings_apply_to_all_its_queries(connect):
    client = connect(settings={"max_block_size": 1234})
    assert client.command("SELECT getSetting('max_block_size')") == 1234
    assert client.command("SELECT getSetting('max_block_size')") == 1234


def external_data_joins_like_a_table(client):
    people = ExternalData(
        file_name="people.csv",
        data=b'1,"Ada"\n2,"Grace"\n',
        fmt="CSV",
        structure=["id UInt32", "name String"],
    )
    people.add_file(
        file_name="hours.tsv", data=b"1\t7\n2\t9\n", fmt="TabSeparated", types=["UInt32", "UInt8"]
    )
    result = client.query(
        "SELECT name, hours._2 FROM people JOIN hours ON people.id = hours._1 WHERE id > {least:UInt32}",
        external_data=people,
        parameters={"least": 1},
    )
    assert result.result_rows == [("Grace", 9)]


def many_threads_share_a_client(connect):
    client = connect(autogenerate_session_id=False)

    def square(n: int) -> int:
        return client.query("SELECT {n:UInt64} * {n:UInt64}", parameters={"n": n}).result_rows[0][0]

    with ThreadPoolExecutor(24) as pool:
        assert list(pool.map(square, range(200))) == [n * n for n in range(200)]


def the_asynchronous_client_does_the_same(warehouse, database):
    async def talk():
        client = await clickhouse_connect.get_async_client(
            host=warehouse.host,
            port=warehouse.port,
            username=USER,
            password=warehouse.password,
            database=database,
            autogenerate_session_id=False,
        )
        async with client:
            assert await client.ping()
            await client.command("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
            await client.insert("t", [[n, str(n)] for n in range(5000)], column_names=["n", "s"])
            sums = await asyncio.gather(
                *(
                    client.query("SELECT sum(n) FROM t WHERE n % 10 = {d:UInt8}", parameters={"d": d})
                    for d in range(10)
                )
            )
            streamed = 0
            async with await client.query_row_block_stream("SELECT n FROM t") as blocks:
                async for block in blocks:
                    streamed += len(block)
            frame = await client.query_df("SELECT max(n) AS top FROM t")
            return sum(result.result_rows[0][0] for result in sums), streamed, frame["top"][0]

    assert asyncio.run(talk()) == (sum(range(5000)), 5000, 4999)
