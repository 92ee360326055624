"""Failures as an operator sees them, none of which loses data."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import a_runs_test as runs
import ports


def _processes(*words: str) -> list[int]:
    """Returns the processes whose command line contains all these words."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if all(any(word.encode() in argument for argument in line) for word in words):
                found.append(int(folder.name))
    return found


@contextlib.contextmanager
def _locked(company: Any) -> Iterator[None]:
    """Locks the telemetry table, so that a step that reads it waits."""
    connection = company.connect()
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE telemetry.raw_telemetry IN ACCESS EXCLUSIVE MODE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


def a_source_that_is_away_is_tried_again_until_it_is_back(client: Any, company: Any, unpaused: Any) -> None:
    nobody = ports.free_port()
    runs._move(company, days_ago=3)
    port = company.engines["telemetry"]["port"]
    client.change_connection("bionicpro_telemetry_db", port=nobody)
    try:
        with unpaused("impatient"):
            run = client.trigger("impatient")
            name = "extract_telemetry_data"
            client.wait(lambda: client.tasks("impatient", run)[name]["try_number"] > 1, "a second try")
            client.change_connection("bionicpro_telemetry_db", port=port)
            assert client.ended("impatient", run) == "success"
    finally:
        client.change_connection("bionicpro_telemetry_db", port=port)
    log = client.log("impatient", run, name, attempt=1)
    assert "bionicpro ended with status 3" in log and "what to do" in log
    assert company.differences() == []


def data_that_break_a_rule_are_not_tried_again(client: Any, company: Any, unpaused: Any) -> None:
    company.telemetry("ALTER TABLE telemetry.raw_telemetry RENAME COLUMN error_code TO error_kode")
    try:
        with unpaused("impatient"):
            run = client.trigger("impatient")
            assert client.ended("impatient", run) == "failed"
    finally:
        company.telemetry("ALTER TABLE telemetry.raw_telemetry RENAME COLUMN error_kode TO error_code")
    task = client.tasks("impatient", run)["extract_telemetry_data"]
    assert (task["state"], task["try_number"]) == ("failed", 1)
    log = client.log("impatient", run, "extract_telemetry_data")
    assert "bionicpro ended with status 4" in log and "error_code" in log
    assert client.states("impatient", run)["load_to_clickhouse"] == "upstream_failed"


def a_program_that_is_killed_is_started_again(client: Any, company: Any, unpaused: Any) -> None:
    runs._move(company, days_ago=3)
    with unpaused("impatient"):
        with _locked(company):
            run = client.trigger("impatient")
            client.wait(lambda: _processes("extract-telemetry", run), "the step to begin")
            for pid in _processes("extract-telemetry", run):
                os.kill(pid, signal.SIGKILL)
            client.wait(
                lambda: client.tasks("impatient", run)["extract_telemetry_data"]["try_number"] > 1,
                "a second try",
            )
        assert client.ended("impatient", run) == "success"
    assert "ended by signal 9" in client.log("impatient", run, "extract_telemetry_data")
    assert company.differences() == []


def a_task_that_is_ended_by_hand_ends_its_program_and_can_be_cleared(
    client: Any, company: Any, unpaused: Any
) -> None:
    runs._move(company, days_ago=3)
    with unpaused("impatient"):
        with _locked(company):
            run = client.trigger("impatient")
            client.wait(lambda: _processes("extract-telemetry", run), "the step to begin")
            client.mark_failed("impatient", run, "extract_telemetry_data")
            client.wait(lambda: not _processes("extract-telemetry", run), "the end of the program")
            assert client.ended("impatient", run) == "failed"
        client.clear("impatient", run, ["extract_telemetry_data", "transform_and_join", "load_to_clickhouse"])
        assert client.ended("impatient", run) == "success"
    assert company.differences() == []


def a_worker_that_dies_takes_its_program_along_and_the_task_is_tried_again(
    client: Any, company: Any, unpaused: Any
) -> None:
    runs._move(company, days_ago=3)
    with unpaused("impatient"):
        with _locked(company):
            run = client.trigger("impatient")
            client.wait(lambda: _processes("extract-telemetry", run), "the step to begin")
            (program,) = _processes("extract-telemetry", run)
            for pid in _ancestors(program):
                os.kill(pid, signal.SIGKILL)
            client.wait(lambda: program not in _processes("extract-telemetry", run), "the end of the program")
            client.wait(
                lambda: client.tasks("impatient", run)["extract_telemetry_data"]["try_number"] > 1,
                "a second try",
            )
        assert client.ended("impatient", run) == "success"
    assert company.differences() == []


def _ancestors(program: int) -> list[int]:
    """Returns the task's process and its supervisor's, the supervisor first."""

    def parent(pid: int) -> int:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

    task = parent(program)
    return [parent(task), task]


def a_load_that_is_cleared_gives_the_same_mart(client: Any, company: Any, unpaused: Any) -> None:
    loaded = [run["dag_run_id"] for run in client.runs("impatient") if run["state"] == "success"]
    with unpaused("impatient"):
        for run in loaded[:2]:
            before = company.horizon()
            client.clear("impatient", run, ["load_to_clickhouse"])
            assert client.ended("impatient", run) == "success"
            assert company.horizon() >= before
    assert company.differences() == []


def a_stage_that_is_not_shared_is_told_by_its_place(client: Any, unpaused: Any) -> None:
    with unpaused("apart"):
        run = client.trigger("apart")
        assert client.ended("apart", run) == "failed"
    log = client.log("apart", run, "transform_and_join")
    assert f"file:///tmp/bionicpro-elsewhere/apart.{run}/" in log
    assert "one stage.url that all of them reach" in log
