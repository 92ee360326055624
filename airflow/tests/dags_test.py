"""The DAGs as Airflow parses them."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, CronDataIntervalTimetable
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

from bionicpro_airflow import backfill

DAGS = Path(__file__).parent.parent / "dags"
FOUR_STEPS = {
    "extract_crm_data": {"transform_and_join"},
    "extract_telemetry_data": {"transform_and_join"},
    "transform_and_join": {"load_to_clickhouse"},
    "load_to_clickhouse": set(),
}


@pytest.fixture(scope="module")
def bag() -> DagBag:
    return DagBag(dag_folder=str(DAGS), bundle_path=DAGS)


def every_file_is_read_without_an_error(bag: DagBag) -> None:
    assert bag.import_errors == {}
    names = ("etl", "full", "backfill", "compare")
    assert set(bag.dags) == {f"bionicpro_reports_{name}" for name in names}


@pytest.mark.parametrize(
    ("dag_id", "cron"), [("bionicpro_reports_etl", "*/15 * * * *"), ("bionicpro_reports_full", "17 3 * * *")]
)
def the_contract_of_the_scheduled_dags(bag: DagBag, dag_id: str, cron: str) -> None:
    dag = bag.dags[dag_id]
    assert dag.timetable == CronDataIntervalTimetable(cron, timezone="UTC")
    assert dag.start_date == datetime(2024, 1, 1, tzinfo=timezone.utc)
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    assert {task.task_id: task.downstream_task_ids for task in dag.tasks} == FOUR_STEPS


def the_comparison_is_one_task_every_hour(bag: DagBag) -> None:
    dag = bag.dags["bionicpro_reports_compare"]
    assert dag.timetable == CronDataIntervalTimetable("47 * * * *", timezone="UTC")
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    (task,) = dag.tasks
    assert (task.task_id, task.arguments) == ("compare_days", ["compare"])


def every_task_is_retried_three_times_five_minutes_apart(bag: DagBag) -> None:
    for dag in bag.dags.values():
        for task in dag.tasks:
            assert (task.owner, task.retries, task.retry_delay) == ("bionicpro", 3, timedelta(minutes=5)), (
                task
            )
            assert task.depends_on_past is False


def every_dag_explains_itself(bag: DagBag) -> None:
    for dag in bag.dags.values():
        assert dag.doc_md and dag.description and "bionicpro" in dag.tags
        assert dag.owner_links.keys() == {"bionicpro"}
    for word in ("status", "clear", "skipped", "horizon", *FOUR_STEPS):
        assert word in bag.dags["bionicpro_reports_etl"].doc_md


def loads_alone_produce_the_mart(bag: DagBag) -> None:
    producers = {
        (dag.dag_id, task.task_id) for dag in bag.dags.values() for task in dag.tasks for _ in task.outlets
    }
    assert producers == {
        ("bionicpro_reports_etl", "load_to_clickhouse"),
        ("bionicpro_reports_full", "load_to_clickhouse"),
        ("bionicpro_reports_backfill", "load_days"),
    }


def the_form_takes_days_and_instants_and_nothing_else(bag: DagBag) -> None:
    params = bag.dags["bionicpro_reports_etl"].params
    for good in ("2024-01-15", "2024-01-15T08:00:00Z", "2024-01-15T08:00+02:00", None):
        params["from"] = good
    for bad in ("15.01.2024", "yesterday", "2024-1-5", "2024-01-15; rm -rf /", 20240115):
        with pytest.raises(ParamValidationError):
            params["from"] = bad
    with pytest.raises(ParamValidationError):
        params["full"] = "yes"


@pytest.mark.parametrize("file", sorted(path.name for path in DAGS.glob("*.py")))
def a_file_is_read_without_a_connection_or_a_program(file: str, tmp_path: Path) -> None:
    """Parses the file with a guard that fails if top-level code opens a socket or starts a process."""
    guard = (
        "import sys, runpy\n"
        "from airflow.sdk import DAG, Asset, BaseHook, BaseOperator, CronDataIntervalTimetable\n"
        "from airflow.sdk.log import mask_secret\n"
        "forbidden = {'socket.connect', 'socket.getaddrinfo', 'subprocess.Popen', 'os.posix_spawn'}\n"
        "def refuse(event, args):\n"
        "    if event in forbidden:\n"
        "        raise SystemExit(f'{event} {args}')\n"
        "sys.addaudithook(refuse)\n"
        "runpy.run_path(sys.argv[1])\n"
    )
    env = {"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(tmp_path)}
    read = subprocess.run(
        [sys.executable, "-c", guard, str(DAGS / file)], env=env, capture_output=True, text=True
    )
    assert read.returncode == 0, read.stderr


def lanes_share_the_rows_evenly_and_keep_the_order() -> None:
    pieces = [
        {"range": {"from": str(day)}, "rows": rows}
        for day, rows in enumerate([900, 100, 100, 800, 0, 0, 1000])
    ]
    lanes = backfill.share_out(pieces, 3)
    assert sorted(piece["range"]["from"] for lane in lanes for piece in lane) == [
        str(day) for day in range(7)
    ]
    for lane in lanes:
        assert [piece["range"]["from"] for piece in lane] == sorted(piece["range"]["from"] for piece in lane)
    assert sorted(sum(piece["rows"] for piece in lane) for lane in lanes) == [900, 900, 1100]
    assert backfill.share_out(pieces[:2], 8) == [[pieces[0]], [pieces[1]]]
    assert backfill.share_out([], 4) == []
    with pytest.raises(AirflowFailException):
        backfill.share_out(pieces, 0)


def the_backfill_dag_maps_lanes(bag: DagBag) -> None:
    dag = bag.dags["bionicpro_reports_backfill"]
    assert isinstance(dag, DAG) and dag.timetable.can_be_scheduled is False
    assert dag.get_task("load_days").is_mapped
    assert dag.get_task("plan").downstream_task_ids == {"load_days"}
