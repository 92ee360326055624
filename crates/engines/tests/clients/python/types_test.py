"""Types: what the client sends in its binary format is what it gets back."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from zoneinfo import ZoneInfo

import pytest

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("Bool", [True, False]),
        ("UInt8", [0, 255]),
        ("Int64", [-(2**63), 2**63 - 1]),
        ("UInt128", [0, 2**128 - 1]),
        ("Int256", [-(2**255), 2**255 - 1]),
        ("Float32", [0.5, -1.25, float("inf"), float("-inf")]),
        ("Float64", [0.1, 1e300, -0.0]),
        ("Decimal(9, 2)", [Decimal("-1234567.89"), Decimal("0.01")]),
        ("Decimal(38, 10)", [Decimal("12345678901234567890.0123456789")]),
        ("String", ["", "Ада\0\n🦾"]),
        ("FixedString(4)", [b"abcd", b"\0\xff\0\1"]),
        ("UUID", [uuid.UUID(int=0), uuid.UUID("019aa000-0000-7000-8000-00000000ffff")]),
        ("IPv4", [IPv4Address("0.0.0.0"), IPv4Address("255.1.2.3")]),
        ("IPv6", [IPv6Address("::1"), IPv6Address("2001:db8::ff")]),
        ("Date", [datetime.date(1970, 1, 1), datetime.date(2149, 6, 6)]),
        ("Date32", [datetime.date(1900, 1, 1), datetime.date(2299, 12, 31)]),
        ("DateTime('UTC')", [datetime.datetime(1970, 1, 1), datetime.datetime(2106, 2, 7, 6, 28, 15)]),
        (
            "DateTime64(6, 'Europe/Amsterdam')",
            [
                datetime.datetime(2026, 10, 25, 0, 30, 0, 123456, tzinfo=AMSTERDAM),
                datetime.datetime(1950, 6, 1, tzinfo=AMSTERDAM),
            ],
        ),
        ("Enum8('a' = -1, 'it''s' = 2)", ["a", "it's"]),
        ("Enum16('x' = 1000)", ["x"]),
        ("Nullable(String)", ["", None]),
        ("Nullable(UInt64)", [0, None]),
        ("LowCardinality(String)", ["a", "b", "a"]),
        ("LowCardinality(Nullable(String))", ["a", None, ""]),
        ("Array(Nullable(Int32))", [[], [1, None, -1]]),
        ("Array(LowCardinality(String))", [["a", "a", "b"], []]),
        ("Array(Array(String))", [[["x"], []], []]),
        ("Map(String, Array(UInt8))", [{"a": [1, 2], "": []}, {}]),
        ("Tuple(Int8, Nullable(String))", [(1, None), (-1, "x")]),
        ("Tuple(a Int8, b String)", [{"a": 1, "b": "x"}]),
        ("Variant(String, UInt64)", ["x", 5, None]),
        ("JSON", [{"a": {"b": "x"}, "c": "y"}]),
        ("Point", [(1.5, -2.5)]),
    ],
    ids=str,
)
def values_survive_the_round_trip(client, kind, values):
    client.command(f"CREATE TABLE t (i UInt32, v {kind}) ENGINE = MergeTree ORDER BY i")
    client.insert("t", [[index, value] for index, value in enumerate(values)], column_names=["i", "v"])
    result = client.query("SELECT v FROM t ORDER BY i")
    assert [row[0] for row in result.result_rows] == values


def not_a_number_survives_the_round_trip(client):
    client.command("CREATE TABLE t (f Float64) ENGINE = Memory")
    client.insert("t", [[float("nan")]], column_names=["f"])
    value = client.query("SELECT f FROM t").result_rows[0][0]
    assert value != value


def nested_columns_survive_the_round_trip(client):
    client.command("CREATE TABLE t (id UInt8, n Nested(k String, v UInt8)) ENGINE = MergeTree ORDER BY id")
    client.insert("t", [[1, ["a", "b"], [1, 2]]], column_names=["id", "n.k", "n.v"])
    assert client.query("SELECT * FROM t").result_rows == [(1, ["a", "b"], [1, 2])]


def states_of_aggregates_are_stored_and_merged(client):
    client.command(
        "CREATE TABLE t (k UInt8, s AggregateFunction(uniqExact, UInt64)) "
        "ENGINE = AggregatingMergeTree ORDER BY k"
    )
    for start in (0, 500):
        client.command(f"INSERT INTO t SELECT 1, uniqExactState(number) FROM numbers({start}, 1000)")
    assert client.command("SELECT uniqExactMerge(s) FROM t") == 1500
