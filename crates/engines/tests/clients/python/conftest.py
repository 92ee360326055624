"""What every test gets: one warehouse for the session, a database and clients of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from warehouse import USER, Warehouse


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("a warehouse")
    served = Warehouse(folder / "data", folder / "log")
    yield served
    status = served.stop()
    assert status == 0, f"the warehouse ended with {status}:\n{served.output}"


@pytest.fixture
def connect(warehouse: Warehouse) -> Iterator[Callable[..., Client]]:
    """Makes clients; keywords go to `clickhouse_connect.get_client`."""
    clients = []

    def make(**keywords) -> Client:
        credentials = {"username": USER, "password": warehouse.password}
        made = clickhouse_connect.get_client(
            host=warehouse.host, port=warehouse.port, **{**credentials, **keywords}
        )
        clients.append(made)
        return made

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def database(connect: Callable[..., Client]) -> Iterator[str]:
    """The name of a fresh database, dropped at the end."""
    name = f"db_{uuid.uuid4().hex}"
    client = connect()
    client.command(f"CREATE DATABASE {name}")
    yield name
    client.command(f"DROP DATABASE {name}")


@pytest.fixture
def client(connect: Callable[..., Client], database: str) -> Client:
    """A client whose database is the test's own."""
    return connect(database=database)
