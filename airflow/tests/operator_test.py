"""The operator with a program that exists, is missing, or has another version."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException

import bionicpro_airflow as package
from bionicpro_airflow import pipeline
from bionicpro_airflow.operator import BionicproOperator

VERSION = f'if [ "$1" = --version ]; then echo "bionicpro {package.__version__}"; exit; fi\n'
# Prints the arguments and variables with which it was started.
ECHO = VERSION + 'printf \'{"argv": "%s", "env": "%s"}\' "$*" "$(env | sort | tr \'\\n\' \'|\')"'


@pytest.fixture(autouse=True)
def _connections(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind, schema in (
        ("CRM_DB", "postgres", "crm_db"),
        ("TELEMETRY_DB", "postgres", "telemetry_db"),
        ("CLICKHOUSE", "clickhouse", "reports"),
    ):
        fields = {"conn_type": kind, "host": "h", "login": "u", "password": "p@ss/word", "schema": schema}
        monkeypatch.setenv(f"AIRFLOW_CONN_BIONICPRO_{name}", json.dumps(fields))


def _program(folder: Path, script: str) -> str:
    file = folder / "bionicpro"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def _run(conf: dict[str, Any] | None = None, **arguments: Any) -> Any:
    with DAG("dag", schedule=None, params=pipeline.run_params(full=False)):
        step = {"task_id": "task", "arguments": ["extract-telemetry"], "has_window": True}
        operator = BionicproOperator(**step, **arguments)
    dag_run = SimpleNamespace(dag_id="dag", run_id="manual__1", run_type="manual", conf=conf or {})
    params = {"from": None, "to": None, "full": False} | (conf or {})
    return operator.execute({"dag_run": dag_run, "params": params, "outlet_events": {}})  # type: ignore[arg-type]


def secrets_go_into_the_childs_environment_and_not_on_its_command_line(tmp_path: Path) -> None:
    told = _run(program=_program(tmp_path, ECHO), conf={"from": "2024-01-15", "to": "2024-01-16"})
    assert told["argv"] == "etl extract-telemetry --run dag.manual__1 --from 2024-01-15 --to 2024-01-16"
    variables = dict(line.split("=", 1) for line in told["env"].split("|") if "=" in line)
    assert variables["BIONICPRO_CRM_URL"] == "postgresql://u:p%40ss%2Fword@h:5432/crm_db"
    assert variables["BIONICPRO_TELEMETRY_URL"] == "postgresql://u:p%40ss%2Fword@h:5432/telemetry_db"
    assert variables["BIONICPRO_WAREHOUSE_URL"] == "http://u:p%40ss%2Fword@h:8123"


def the_child_gets_nothing_of_airflows_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    monkeypatch.setenv("SOME_TOKEN", "secret")
    monkeypatch.setenv("BIONICPRO_BIN", _program(tmp_path, ECHO))
    monkeypatch.setenv("BIONICPRO_STAGE_URL", "s3://bucket/of-the-worker")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    told = _run(env={"BIONICPRO_TELEMETRY_CONNECTIONS": "1"})["env"]
    assert "secret" not in told and "BIONICPRO_BIN" not in told and "AIRFLOW" not in told
    for passed in ("BIONICPRO_STAGE_URL=s3://bucket", "AWS_REGION=", "BIONICPRO_TELEMETRY_CONNECTIONS=1"):
        assert passed in told


def a_missing_program_is_named_with_what_to_do(tmp_path: Path) -> None:
    not_executable = tmp_path / "bionicpro"
    not_executable.write_text("#!/bin/sh\n")
    for program in ("/nowhere/bionicpro", str(not_executable)):
        with pytest.raises(AirflowFailException, match=f"'{program}' is not on this worker.*BIONICPRO_BIN"):
            _run(program=program)


@pytest.mark.parametrize("says", ["echo bionicpro 99.0.0", "echo hello", "echo broken >&2; exit 1"])
def a_program_of_another_version_is_not_used(tmp_path: Path, says: str) -> None:
    with pytest.raises(AirflowFailException, match="install both of the same release"):
        _run(program=_program(tmp_path, says))


def a_file_that_is_no_program_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "bionicpro"
    file.write_bytes(b"\x7fELF of another machine")
    file.chmod(0o755)
    with pytest.raises(AirflowFailException, match="cannot be run here"):
        _run(program=str(file))


def a_missing_connection_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_BIONICPRO_CLICKHOUSE")
    with pytest.raises(AirflowFailException, match="no connection 'bionicpro_clickhouse'"):
        _run(program=_program(tmp_path, ECHO))


def a_connection_of_another_type_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BIONICPRO_CRM_DB", "mysql://u:geheim@h/crm_db")
    with pytest.raises(AirflowFailException, match="'mysql'; make it one of: postgres, generic") as refused:
        _run(program=_program(tmp_path, ECHO))
    assert "geheim" not in str(refused.value)


def a_step_that_fails_says_what_to_do(tmp_path: Path) -> None:
    report = '{"error": {"message": "nobody answers", "hint": "start it"}}'
    with pytest.raises(AirflowException, match="what failed: nobody answers\n  what to do: start it"):
        _run(program=_program(tmp_path, f"{VERSION}echo '{report}'; exit 3"))
