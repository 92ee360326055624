"""Compression of requests and answers: by HTTP header and by ClickHouse's own blocks."""

from __future__ import annotations

import gzip

import lz4.frame
import pytest
from backports import zstd

QUERY = "SELECT number AS n, toString(number) AS s FROM numbers(100000)"
DECOMPRESS = {"lz4": lz4.frame.decompress, "zstd": zstd.decompress, "gzip": gzip.decompress}


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", True, False])
def rows_make_the_round_trip(connect, database, compress):
    client = connect(database=database, compress=compress)
    client.command("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    rows = [[n, "x" * (n % 100)] for n in range(20_000)]
    client.insert("t", rows, column_names=["n", "s"])
    assert [list(row) for row in client.query("SELECT * FROM t ORDER BY n").result_rows] == rows


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip"])
def an_answer_is_compressed_as_asked(connect, encoding):
    client = connect(compress=False)
    answer = client._raw_request(
        QUERY.encode(),
        {"enable_http_compression": "1"},
        headers={"Accept-Encoding": encoding},
        stream=True,
    )
    assert answer.headers["Content-Encoding"] == encoding
    received = answer.read(decode_content=False)
    plain = DECOMPRESS[encoding](received)
    assert plain.count(b"\n") == 100_000
    assert len(received) < len(plain)


def an_answer_is_plain_when_nobody_asked(connect):
    client = connect(compress=False)
    for params, headers in [({}, {}), ({"enable_http_compression": "0"}, {"Accept-Encoding": "gzip, lz4"})]:
        answer = client._raw_request(b"SELECT 1", params, headers=headers)
        assert "Content-Encoding" not in answer.headers
        assert answer.data == b"1\n"


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip"])
def a_statement_may_come_compressed(connect, encoding):
    compress = {"lz4": lz4.frame.compress, "zstd": zstd.compress, "gzip": gzip.compress}[encoding]
    client = connect(compress=False)
    answer = client._raw_request(compress(b"SELECT 42"), {}, headers={"Content-Encoding": encoding})
    assert answer.data == b"42\n"


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip"])
def an_error_can_be_read_through_compression(connect, encoding):
    client = connect(compress=encoding)
    with pytest.raises(Exception, match="nowhere") as refused:
        client.query("SELECT * FROM nowhere")
    assert refused.value.code == 60


def blocks_of_clickhouse_make_the_round_trip(client):
    """A block is a checksum of 16 bytes, a head of 9, compressed bytes; what comes out goes back in."""
    client.command("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    blocks = client._raw_request(f"{QUERY} FORMAT Native".encode(), {"compress": "1"}).data
    assert blocks[16] == 0x82
    assert int.from_bytes(blocks[17:21], "little") < len(blocks)
    client._raw_request(
        blocks, {"decompress": "1", "query": "INSERT INTO t FORMAT Native", "database": client.database}
    )
    assert client.command("SELECT count(), sum(n) FROM t") == ["100000", str(sum(range(100_000)))]


def a_statement_may_come_in_blocks(client):
    client.command("CREATE TABLE t (n UInt8) ENGINE = MergeTree ORDER BY n")
    for statement, answer in [
        ("SELECT 42", b"42\n"),
        ("INSERT INTO t SELECT 7", b""),
        ("SELECT n FROM t", b"7\n"),
    ]:
        block = client._raw_request(f"SELECT '{statement}' FORMAT TSVRaw".encode(), {"compress": "1"}).data
        assert block[16] == 0x82
        asked = {"decompress": "1", "database": client.database}
        assert client._raw_request(block, asked).data == answer


def a_damaged_block_inserts_nothing(client):
    client.command("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    # Short: the engine looks for the one bit that would mend it, in a time that grows with the square.
    query = f"SELECT * FROM ({QUERY}) LIMIT 1000 FORMAT Native"
    blocks = bytearray(client._raw_request(query.encode(), {"compress": "1"}).data)
    blocks[len(blocks) // 2] ^= 1
    with pytest.raises(Exception) as refused:
        client._raw_request(
            bytes(blocks),
            {"decompress": "1", "query": "INSERT INTO t FORMAT Native", "database": client.database},
        )
    assert refused.value.code in (40, 271)
    assert client.command("SELECT count() FROM t") == 0


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip"])
def a_body_that_is_not_what_it_says_is_refused(client, encoding):
    client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
    with pytest.raises(Exception) as refused:
        client.raw_insert("t", ["n"], b"1\n2\n3\n" * 100, fmt="CSV", compression=encoding)
    assert refused.value.code is not None
    assert client.command("SELECT count() FROM t") == 0
