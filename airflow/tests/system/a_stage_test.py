"""Steps on machines that share only a bucket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import a_runs_test as runs
import bucket as buckets

STEPS = ("extract-crm", "extract-telemetry", "transform", "load")


def tasks_leave_their_files_in_the_bucket(client: Any, company: Any, bucket: Any, unpaused: Any) -> None:
    runs._move(company, days_ago=6)
    with unpaused("in_a_bucket"):
        run = client.trigger("in_a_bucket")
        assert client.ended("in_a_bucket", run) == "success"
    assert bucket.objects(f"in_a_bucket.{run}") >= {"crm.parquet", "telemetry.parquet", "mart.parquet"}
    assert company.differences() == []


def each_step_may_run_on_another_machine(company: Any, bucket: Any, tmp_path: Path) -> None:
    runs._move(company, days_ago=6, hour=9)
    for step in STEPS:
        machine = tmp_path / step
        machine.mkdir()
        env = bucket.env | {"BIONICPRO_STAGE_URL": buckets.STAGE_URL, "TMPDIR": str(machine)}
        ended = company.bionicpro("etl", step, "--run", "machines", env=env, folder=machine)
        assert ended.returncode == 0, ended.stderr
        assert bucket.secret not in ended.stdout + ended.stderr
        assert list(machine.iterdir()) == [], "nothing stays behind on a worker"
    assert company.differences() == []


def a_bucket_that_cannot_be_used_is_told_and_its_secret_is_not(company: Any, bucket: Any) -> None:
    def status(expected: int, kind: str, **changed: str) -> None:
        env = bucket.env | {"BIONICPRO_STAGE_URL": buckets.STAGE_URL} | changed
        ended = company.bionicpro("etl", "extract-crm", "--run", "refused", env=env)
        assert ended.returncode == expected, ended.stderr
        assert json.loads(ended.stdout)["error"]["kind"] == kind
        assert "what to do: " in ended.stderr
        assert bucket.secret not in ended.stdout + ended.stderr

    status(2, "config", AWS_SECRET_ACCESS_KEY="wrong")
    status(3, "storage", BIONICPRO_STAGE_URL="s3://another-bucket/reports")
    bucket.stop()
    try:
        status(3, "storage")
    finally:
        bucket.start()
