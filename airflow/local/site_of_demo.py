"""An Airflow on this machine, on loopback only: its settings, its database, its processes.

Used by ``make airflow`` and the system tests; ``docs/guides/airflow.md`` describes a production site.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2

AIRFLOW = Path(sys.executable).with_name("airflow")
DAGS = Path(__file__).resolve().parent.parent / "dags"

READY_TIMEOUT_S = 180
STOP_TIMEOUT_S = 20

# Logs are read from the folder, so no port is opened to serve them.
COMPONENTS: dict[str, list[str]] = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}


class SiteError(Exception):
    """A component that could not be started; the message names its log."""


class Site:
    """One Airflow with its own folder and PostgreSQL database."""

    def __init__(
        self,
        home: Path,
        engines: Mapping[str, Any],
        program: Path,
        stage: Path,
        port: int,
        dags: Path = DAGS,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Sets up a site. ``engines`` is the output of ``bionicpro demo --json``: the engines' addresses."""
        self.home = home
        self.port = port
        self._engines = engines
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = f"airflow_{port}"
        known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self.env = known | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__FERNET_KEY": self._kept(
                "fernet.key", lambda: base64.urlsafe_b64encode(os.urandom(32))
            ),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            "AIRFLOW__API__SECRET_KEY": self._kept("secret.key", lambda: secrets.token_urlsafe(32).encode()),
            "AIRFLOW__API_AUTH__JWT_SECRET": self._kept(
                "jwt.key", lambda: secrets.token_urlsafe(48).encode()
            ),
            # Airflow sets the modes of its logs itself, regardless of the umask.
            "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
            "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self._database_url("postgresql+psycopg2"),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "BIONICPRO_BIN": str(program),
            "BIONICPRO_STAGE_URL": stage.resolve().as_uri(),
            **(settings or {}),
        }

    def prepare(self, connections: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Creates the database, the account and the three connections; a repeated call changes nothing."""
        database = psycopg2.connect(self._postgres("postgres"))
        database.autocommit = True
        with database.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (self._database,))
            if cursor.fetchone() is None:
                cursor.execute(f'CREATE DATABASE "{self._database}"')
        database.close()
        (self.home / "passwords.json").write_text(json.dumps({"admin": "admin"}))
        self.cli("db", "migrate")
        file = self.home / "connections.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(connections or self.connections()))
        self.cli("connections", "import", "--overwrite", str(file))
        file.unlink()

    def connections(self) -> dict[str, dict[str, Any]]:
        """Returns the three connections in the format of ``airflow connections import``."""
        return {
            "bionicpro_crm_db": _connection("postgres", self._engines["crm"]["url"], "crm_db"),
            "bionicpro_telemetry_db": _connection(
                "postgres", self._engines["telemetry"]["url"], "telemetry_db"
            ),
            "bionicpro_clickhouse": _connection("clickhouse", self._engines["warehouse"]["url"], "reports"),
        }

    def start(self, components: Sequence[str] = tuple(COMPONENTS)) -> None:
        """Starts the components and waits until each reports that it is healthy."""
        (self.home / "components").mkdir(exist_ok=True)
        for name in components:
            with self._log(name).open("ab") as log:
                self._processes[name] = subprocess.Popen(
                    [AIRFLOW, *COMPONENTS[name]],
                    env=self.env,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        end = time.monotonic() + READY_TIMEOUT_S
        while not self._is_ready(components):
            self.check()
            if time.monotonic() > end:
                logs = self.home / "components"
                raise SiteError(f"Airflow is not healthy after {READY_TIMEOUT_S} s; logs: {logs}")
            time.sleep(0.5)

    def check(self) -> None:
        """Raises ``SiteError`` if a component has ended by itself."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise SiteError(f"{name} ended with status {process.returncode}; log: {self._log(name)}")

    def stop(self) -> None:
        """Stops the components in reverse order of their start."""
        for process in reversed(self._processes.values()):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        end = time.monotonic() + STOP_TIMEOUT_S
        for process in reversed(self._processes.values()):
            try:
                process.wait(max(0.1, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._processes.clear()

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs ``airflow …`` on this site."""
        ended = subprocess.run([AIRFLOW, *arguments], env=self.env, capture_output=True, text=True)
        if check and ended.returncode != 0:
            raise SiteError(
                f"airflow {' '.join(arguments)}: status {ended.returncode}\n{ended.stdout}{ended.stderr}"
            )
        return ended

    def _is_ready(self, components: Sequence[str]) -> bool:
        if "api-server" not in components:
            return True
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/api/v2/monitor/health", timeout=5
            ) as answer:
                health = json.load(answer)
        except (OSError, ValueError, urllib.error.URLError):
            return False
        wanted = [name.replace("-", "_") for name in components if name != "api-server"]
        return all((health.get(name) or {}).get("status") == "healthy" for name in wanted)

    def _log(self, component: str) -> Path:
        return self.home / "components" / f"{component}.log"

    def _kept(self, name: str, make: Any) -> str:
        file = self.home / name
        if not file.exists():
            file.touch(mode=0o600)
            file.write_bytes(make())
        return file.read_text()

    def _postgres(self, database: str) -> str:
        url = urlsplit(self._engines["crm"]["url"])
        return url._replace(path=f"/{database}").geturl()

    def _database_url(self, scheme: str) -> str:
        return urlsplit(self._postgres(self._database))._replace(scheme=scheme).geturl()


def _connection(kind: str, url: str, schema: str) -> dict[str, Any]:
    parts = urlsplit(url)
    return {
        "conn_type": kind,
        "host": parts.hostname,
        "port": parts.port,
        "login": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "schema": schema,
    }
