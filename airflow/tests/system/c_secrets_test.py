"""The search for secrets after all other tests: no file and no row in Airflow's database contains one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import company as companies
import psycopg2


def _secrets(company: Any, s3: Any) -> set[str]:
    known = [companies.HOSTILE_PASSWORD, company.engines["warehouse"]["password"]]
    known += [s3.secret] if s3 else []
    return set().union(*(companies.written(secret) for secret in known))


def _hits(text: bytes, secrets: set[str]) -> list[str]:
    return [secret for secret in secrets if secret.encode() in text]


def no_file_of_airflow_or_of_the_stage_holds_a_secret(company: Any, s3: Any, site: Any) -> None:
    secrets = _secrets(company, s3)
    files = [
        path for folder in (site.home, company.stage) for path in Path(folder).rglob("*") if path.is_file()
    ]
    logs = [path for path in files if path.suffix == ".log"]
    assert len(logs) > 50, "the other tests have left logs to look at"
    assert any("extract-telemetry" in path.read_text() for path in logs)
    assert {str(path): found for path in files if (found := _hits(path.read_bytes(), secrets))} == {}


def no_row_of_the_metadata_database_holds_a_secret(company: Any, s3: Any, site: Any) -> None:
    secrets = _secrets(company, s3)
    found, rows = [], 0
    with (
        psycopg2.connect(
            site.env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
        ) as database,
        database.cursor() as cursor,
    ):
        cursor.execute("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
        tables = [table for (table,) in cursor.fetchall()]
        for table in tables:
            cursor.execute(f"SELECT row::text FROM {table} AS row")
            for (row,) in cursor.fetchall():
                rows += 1
                # In a row's text, quotes and backslashes are doubled.
                plain = row.replace('""', '"').replace("\\\\", "\\")
                found += [table for secret in secrets if secret in row or secret in plain]
    assert rows > 300
    assert found == []


def the_search_would_find_them(company: Any, s3: Any) -> None:
    """Checks the search itself: it finds the passwords in clear text, which the connection table encrypts."""
    for secret in _secrets(company, s3):
        assert _hits(f"log line with {secret} in it".encode(), _secrets(company, s3))
