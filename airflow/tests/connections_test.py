"""The conversion of Airflow connections. The oracle for URLs is Python's own parser."""

from __future__ import annotations

import itertools
import json
from urllib import parse

import pytest
from airflow.sdk import Connection

from bionicpro_airflow import connections
from bionicpro_airflow.connections import UnusableConnection

HOSTILE = [
    "p@ss:word/?#[]",
    "with space and %41",
    "ünïcödé-密码-🔑",
    "'; DROP TABLE crm.customers; --",
    '"quotes" & `ticks` $HOME $(id) \\',
    "{{ conn.bionicpro_crm_db.password }}",
    "percent%40encoded%",
    "+plus+",
]


def _postgres(**fields: object) -> Connection:
    known = {
        "conn_id": "bionicpro_crm_db",
        "conn_type": "postgres",
        "host": "crm.example",
        "schema": "crm_db",
    }
    return Connection(**(known | fields))  # type: ignore[arg-type]


def _clickhouse(**fields: object) -> Connection:
    known = {
        "conn_id": "bionicpro_clickhouse",
        "conn_type": "clickhouse",
        "host": "house.example",
        "schema": "reports",
    }
    return Connection(**(known | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(("login", "password"), itertools.product(HOSTILE, HOSTILE))
def hostile_characters_survive_the_url(login: str, password: str) -> None:
    url = parse.urlsplit(connections.postgres_url(_postgres(login=login, password=password, port=6432)))
    assert (parse.unquote(url.username or ""), parse.unquote(url.password or "")) == (login, password)
    assert (url.scheme, url.hostname, url.port, url.path) == ("postgresql", "crm.example", 6432, "/crm_db")
    url = parse.urlsplit(
        connections.warehouse(_clickhouse(login=login, password=password))["BIONICPRO_WAREHOUSE_URL"]
    )
    assert (parse.unquote(url.username or ""), parse.unquote(url.password or "")) == (login, password)
    assert (url.scheme, url.hostname, url.port) == ("http", "house.example", 8123)


@pytest.mark.parametrize("password", HOSTILE)
def a_connection_from_the_environment_is_the_same(password: str) -> None:
    from_json = Connection.from_json(
        json.dumps({"conn_type": "postgres", "host": "h", "login": "u", "password": password, "schema": "d"}),
        conn_id="crm",
    )
    assert parse.unquote(parse.urlsplit(connections.postgres_url(from_json)).password or "") == password


def extra_becomes_parameters_of_the_url_and_unknown_ones_stay_out() -> None:
    extra = json.dumps({"sslmode": "verify-full", "sslrootcert": "/etc/ssl/a b.pem", "cursor": "dictcursor"})
    url = parse.urlsplit(connections.postgres_url(_postgres(extra=extra)))
    assert parse.parse_qs(url.query) == {"sslmode": ["verify-full"], "sslrootcert": ["/etc/ssl/a b.pem"]}


def an_address_of_version_6_gets_its_brackets() -> None:
    assert "@[::1]:5432/" in connections.postgres_url(_postgres(host="::1", login="u"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"extra": '{"secure": true}'}, "https://house.example:8443"),
        ({"extra": '{"secure": "true"}', "port": 443}, "https://house.example:443"),
        (
            {"host": "https://house.example", "conn_type": "http", "schema": None},
            "https://house.example:8443",
        ),
        ({"conn_type": "http", "schema": "https"}, "https://house.example:8443"),
        ({"conn_type": "http", "schema": "http"}, "http://house.example:8123"),
        ({"conn_type": "https", "schema": None}, "https://house.example:8443"),
        ({"conn_type": "generic"}, "http://house.example:8123"),
    ],
)
def each_type_says_in_its_own_way_whether_it_is_encrypted(fields: dict[str, object], expected: str) -> None:
    assert connections.warehouse(_clickhouse(**fields))["BIONICPRO_WAREHOUSE_URL"] == expected


def the_schema_of_an_http_connection_is_no_database() -> None:
    assert connections.warehouse(_clickhouse())["BIONICPRO_WAREHOUSE_DATABASE"] == "reports"
    named = _clickhouse(conn_type="http", schema="http", extra='{"database": "mart"}')
    assert connections.warehouse(named)["BIONICPRO_WAREHOUSE_DATABASE"] == "mart"
    assert "BIONICPRO_WAREHOUSE_DATABASE" not in connections.warehouse(
        _clickhouse(conn_type="http", schema="http")
    )


@pytest.mark.parametrize("extra", ['{"ca_cert": "/ca.pem"}', '{"client_kwargs": {"ca_cert": "/ca.pem"}}'])
def the_authority_of_the_warehouse_is_passed_on(extra: str) -> None:
    assert connections.warehouse(_clickhouse(extra=extra))["BIONICPRO_WAREHOUSE_CA_FILE"] == "/ca.pem"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"conn_type": "mysql"}, "is of type 'mysql'; make it one of: postgres, generic"),
        ({"host": None}, "has no host"),
        ({"schema": None}, "names no database"),
        ({"extra": '{"iam": true}'}, "'iam' is not supported"),
        ({"extra": '{"sslcert": "/c.pem", "sslkey": "/k.pem"}'}, "'sslcert' is not supported"),
    ],
)
def a_source_that_cannot_be_used_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(UnusableConnection, match=said) as refused:
        connections.postgres_url(_postgres(password="geheim", **fields))
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"conn_type": "postgres"}, "make it one of: clickhouse, generic, http, https"),
        ({"port": 9000}, "speaks HTTP, usually on port 8123"),
        ({"port": 9440}, "speaks HTTP, usually on port 8443"),
        ({"host": "tcp://house.example"}, "speaks http and https, not tcp"),
        ({"extra": '{"secure": true, "verify": false}'}, "always verified"),
    ],
)
def a_warehouse_that_cannot_be_used_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(UnusableConnection, match=said):
        connections.warehouse(_clickhouse(**fields))
