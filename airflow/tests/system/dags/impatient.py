"""The four steps without a schedule, with retry delays short enough for a test."""

from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG

from bionicpro_airflow.pipeline import DEFAULT_ARGS, four_steps, run_params

with DAG(
    dag_id="impatient",
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    default_args=DEFAULT_ARGS | {"retry_delay": timedelta(seconds=2)},
    params=run_params(full=False),
):
    four_steps()
