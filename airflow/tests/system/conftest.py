"""One company and one Airflow for all system tests: starting both takes longer than any of them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

AIRFLOW = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).parent), str(AIRFLOW / "local")]

from bucket import SERVER, Bucket  # noqa: E402
from client import Client  # noqa: E402
from company import PROGRAM, Company  # noqa: E402
from ports import free_port  # noqa: E402
from site_of_demo import Site  # noqa: E402

DAYS = 40
"""The days of telemetry. They span two calendar months, so that a backfill has more than one piece."""

SETTINGS = {
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "True",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
}


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Starts databases with a small fleet, and an empty mart."""
    company = Company(tmp_path_factory.mktemp("company"))
    seeded = company.bionicpro("simulate", "seed", "--users", "12", "--days", str(DAYS))
    assert seeded.returncode == 0, seeded.stderr
    yield company
    company.stop()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket | None]:
    """Starts a bucket; ``None`` if its server could not be built."""
    if not SERVER.exists():
        yield None
        return
    bucket = Bucket(tmp_path_factory.mktemp("bucket"))
    yield bucket
    bucket.stop()


@pytest.fixture
def bucket(s3: Bucket | None) -> Bucket:
    """The bucket; tests that need it are skipped if Go is not installed."""
    if s3 is None:
        pytest.skip("no S3 server: `go` is missing, or could not build versitygw")
    return s3


@pytest.fixture(scope="session")
def site(company: Company, s3: Bucket | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Starts a real Airflow whose connections have hostile passwords."""
    folder = tmp_path_factory.mktemp("airflow")
    dags = folder / "dags"
    shutil.copytree(AIRFLOW / "dags", dags, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(Path(__file__).parent / "dags", dags, dirs_exist_ok=True)
    port = free_port()
    settings = SETTINGS | (s3.env if s3 else {})
    site = Site(folder, company.engines, PROGRAM, company.stage, port, dags, settings)
    connections = site.connections()
    connections["bionicpro_crm_db"] |= company.hostile_account("crm")
    connections["bionicpro_telemetry_db"] |= company.hostile_account("telemetry")
    site.prepare(connections)
    try:
        site.start()
        yield site
    finally:
        site.stop()


@pytest.fixture(scope="session")
def client(site: Site) -> Client:
    """A client of the site, once it has parsed the DAGs."""
    client = Client(site.port)
    client.wait(lambda: len(client.dags()) == 10, "the DAGs to be read")
    return client


Unpaused = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def unpaused(client: Client) -> Unpaused:
    """Unpauses DAGs within a block. They are paused otherwise, so that no schedule takes a test's data."""

    @contextmanager
    def unpause(*dags: str) -> Iterator[None]:
        for dag in dags:
            client.pause(dag, False)
        try:
            yield
        finally:
            for dag in dags:
                client.pause(dag, True)

    return unpause
