"""A company's databases and warehouse, real and initially empty, and the expected content of its mart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg2

PROGRAM = Path(os.environ.get("BIONICPRO_BIN", "target/debug/bionicpro")).resolve()

# Every kind of character that a URL, a shell, a template or a log may mishandle.
HOSTILE_PASSWORD = "p@ss:w/rd?#[%41]+ &'\"`$(id)\\{{ conn }}-ünï-🔑"

Row = tuple[str, str, str, int]


class Company:
    """PostgreSQL and ClickHouse, started by the program; their data are removed with the folder."""

    def __init__(self, folder: Path) -> None:
        command = [
            PROGRAM,
            "demo",
            "--engines-only",
            "--ports",
            "auto",
            "--json",
            "--data",
            str(folder / "engines"),
        ]
        self._log = (folder / "engines.log").open("wb")
        # The program refuses unknown variables.
        env = {name: value for name, value in os.environ.items() if name != "BIONICPRO_BIN"}
        self._process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=self._log, start_new_session=True, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, (folder / "engines.log").read_text()
        self.engines: dict[str, Any] = json.loads(line)
        self.stage = folder / "stage"
        self.stage.mkdir()

    def stop(self) -> None:
        """Stops the engines."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        self._log.close()

    def bionicpro(
        self, *arguments: str, env: Mapping[str, str] | None = None, folder: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs the program as an operator would, without Airflow."""
        known = {
            "PATH": os.environ["PATH"],
            "BIONICPRO_CRM_URL": self.engines["crm"]["url"],
            "BIONICPRO_TELEMETRY_URL": self.engines["telemetry"]["url"],
            "BIONICPRO_WAREHOUSE_URL": self.engines["warehouse"]["url"],
            "BIONICPRO_STAGE_URL": self.stage.as_uri(),
        }
        env = known | dict(env or {})
        return subprocess.run([PROGRAM, *arguments], env=env, cwd=folder, capture_output=True, text=True)

    def crm(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement in the CRM and returns its rows."""
        return self._postgres("crm", sql)

    def telemetry(self, sql: str) -> list[tuple[Any, ...]]:
        """Runs a statement in the telemetry database and returns its rows."""
        return self._postgres("telemetry", sql)

    def connect(self, name: str = "telemetry") -> Any:
        """Opens a connection, which the caller closes."""
        return psycopg2.connect(self.engines[name]["url"])

    def mart(self, sql: str) -> list[dict[str, Any]]:
        """Runs a query in the warehouse and returns its rows."""
        house = self.engines["warehouse"]
        url = f"http://127.0.0.1:{house['port']}/?database={house['database']}"
        headers = {"X-ClickHouse-User": house["user"], "X-ClickHouse-Key": house["password"]}
        asked = urllib.request.Request(url, data=f"{sql} FORMAT JSONEachRow".encode(), headers=headers)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def differences(self) -> list[Row]:
        """Returns the rows that only the mart or only a plain recomputation has; empty if they are equal."""
        owners = dict(self.crm("SELECT chip_id, customer_id::text FROM crm.prostheses"))
        cells = self.telemetry(
            "SELECT chip_id, to_char(event_time, 'YYYY-MM-DD HH24:00:00'), count(*) "
            "FROM telemetry.raw_telemetry GROUP BY 1, 2"
        )
        wanted = Counter((owners[chip], chip, hour, count) for chip, hour, count in cells if chip in owners)
        found = Counter(
            (row["user_id"], row["chip_id"], row["hour"], row["movements_count"])
            for row in self.mart(
                "SELECT user_id, chip_id, hour, movements_count FROM user_prosthesis_stats FINAL"
            )
        )
        return sorted(((wanted - found) + (found - wanted)).keys())

    def horizon(self) -> str:
        """Returns the moment up to which the mart is complete (`data_as_of`)."""
        return str(self.mart("SELECT data_as_of FROM data_as_of")[0]["data_as_of"])

    def hostile_account(self, name: str) -> Mapping[str, str]:
        """Creates a reader of a database, with a password that is hard to escape."""
        login = f"reader@{name}"
        with self.connect(name) as connection, connection.cursor() as cursor:
            cursor.execute(
                f'CREATE ROLE "{login}" LOGIN IN ROLE pg_read_all_data, pg_read_all_stats PASSWORD %s',
                (HOSTILE_PASSWORD,),
            )
        return {"login": login, "password": HOSTILE_PASSWORD}

    def _postgres(self, name: str, sql: str) -> list[tuple[Any, ...]]:
        with psycopg2.connect(self.engines[name]["url"]) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall()) if cursor.description else []


def written(password: str) -> set[str]:
    """Returns a password in each escaped form in which it could leak."""
    quoted = urllib.parse.quote(password, safe="")
    return {password, quoted, quoted.lower(), json.dumps(password)[1:-1], repr(password)[1:-1]}
