"""Conversion of Airflow connections to the environment variables that ``bionicpro`` reads.

Values go to the child's environment and nowhere else: not to the command line, a template, an XCom or a log.
Settings of a connection that the program does not support are refused, never silently ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol
from urllib.parse import quote, urlencode

POSTGRES_TYPES = ("postgres", "generic")
WAREHOUSE_TYPES = ("clickhouse", "generic", "http", "https")

_POSTGRES_PORT = 5432
_HTTP_PORT = 8123
_HTTPS_PORT = 8443
_NATIVE_PORTS = {9000: _HTTP_PORT, 9440: _HTTPS_PORT}

_POSTGRES_PARAMETERS = (
    "sslmode",
    "sslrootcert",
    "application_name",
    "connect_timeout",
    "options",
    "target_session_attrs",
)
_POSTGRES_REFUSED = {
    "iam": "write a password, or let the secrets back end make one",
    "azure_conn_id": "write a password, or let the secrets back end make one",
    "sslcert": "the program logs in with a password",
    "sslkey": "the program logs in with a password",
}


class UnusableConnection(Exception):
    """A connection that cannot be used; the message says what to change, and contains no secret."""


class Connection(Protocol):
    """The attributes of an Airflow connection that are read here."""

    conn_id: str
    conn_type: str | None
    host: str | None
    login: str | None
    password: str | None
    schema: str | None
    port: int | None

    @property
    def extra_dejson(self) -> dict[str, object]: ...


def postgres_url(connection: Connection) -> str:
    """Returns ``postgresql://login:password@host:port/schema?sslmode=…``, every part escaped."""
    _expect_type(connection, POSTGRES_TYPES)
    extra = connection.extra_dejson
    for key, instead in _POSTGRES_REFUSED.items():
        if extra.get(key):
            raise UnusableConnection(
                f"connection {connection.conn_id!r}: extra {key!r} is not supported; {instead}"
            )
    if not connection.schema:
        raise UnusableConnection(
            f"connection {connection.conn_id!r} names no database: fill in the field Database (schema)"
        )
    parameters = {key: str(extra[key]) for key in _POSTGRES_PARAMETERS if extra.get(key) not in (None, "")}
    query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
    authority = _authority(connection, _host(connection), connection.port or _POSTGRES_PORT)
    return f"postgresql://{authority}/{quote(connection.schema, safe='')}{query}"


def warehouse(connection: Connection) -> dict[str, str]:
    """Returns the warehouse's variables: its URL, its database, and the file of its certificate authority."""
    _expect_type(connection, WAREHOUSE_TYPES)
    extra = connection.extra_dejson
    host, secure = _host(connection), _is_true(extra.get("secure"))
    scheme, separator, rest = host.partition("://")
    if separator:
        if scheme not in ("http", "https"):
            raise UnusableConnection(
                f"connection {connection.conn_id!r}: the program speaks http and https, not {scheme}"
            )
        host, secure = rest.strip("/"), secure or scheme == "https"
    database = connection.schema
    if connection.conn_type in ("http", "https"):
        # An HTTP connection's schema is the protocol; the database is in extra.
        secure = secure or connection.conn_type == "https" or (connection.schema or "").lower() == "https"
        database = _text(extra.get("database"))
    if "verify" in extra and not _is_true(extra["verify"]) and secure:
        raise UnusableConnection(
            f"connection {connection.conn_id!r}: the certificate is always verified; "
            "name the file of its authority in extra 'ca_cert' in place of 'verify': false"
        )
    port = connection.port or (_HTTPS_PORT if secure else _HTTP_PORT)
    if port in _NATIVE_PORTS:
        raise UnusableConnection(
            f"connection {connection.conn_id!r}: port {port} is ClickHouse's native protocol; "
            f"the program speaks HTTP, usually on port {_NATIVE_PORTS[port]}"
        )
    variables = {
        "BIONICPRO_WAREHOUSE_URL": f"{'https' if secure else 'http'}://{_authority(connection, host, port)}",
    }
    if database:
        variables["BIONICPRO_WAREHOUSE_DATABASE"] = database
    client = extra.get("client_kwargs")
    ca_cert = extra.get("ca_cert") or (client.get("ca_cert") if isinstance(client, Mapping) else None)
    if ca_cert:
        variables["BIONICPRO_WAREHOUSE_CA_FILE"] = str(ca_cert)
    return variables


def secrets(connection: Connection) -> Iterable[str]:
    """Yields the password as it is and as escaped in a URL: both must be masked in logs."""
    if connection.password:
        yield connection.password
        yield quote(connection.password, safe="")


def _expect_type(connection: Connection, allowed: tuple[str, ...]) -> None:
    if connection.conn_type not in allowed:
        raise UnusableConnection(
            f"connection {connection.conn_id!r} is of type {connection.conn_type!r}; "
            f"make it one of: {', '.join(allowed)}"
        )


def _host(connection: Connection) -> str:
    if not connection.host:
        raise UnusableConnection(f"connection {connection.conn_id!r} has no host")
    return connection.host


def _authority(connection: Connection, host: str, port: int) -> str:
    login = quote(connection.login, safe="") if connection.login else ""
    password = f":{quote(connection.password, safe='')}" if connection.password else ""
    is_bare_v6 = ":" in host and not host.startswith("[")
    # A host that is a path is a folder of Unix sockets.
    host = f"[{host}]" if is_bare_v6 else quote(host, safe="[]:.-_")
    return f"{login}{password}{'@' if login or password else ''}{host}:{port}"


def _is_true(value: object) -> bool:
    return str(value).strip().lower() in ("true", "1", "yes", "on")


def _text(value: object) -> str | None:
    return str(value) if value else None
