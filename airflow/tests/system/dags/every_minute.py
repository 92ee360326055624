"""The four steps on a schedule of one minute, with retry delays short enough for a test."""

from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, CronDataIntervalTimetable

from bionicpro_airflow.pipeline import DEFAULT_ARGS, four_steps

with DAG(
    dag_id="every_minute",
    schedule=CronDataIntervalTimetable("* * * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS | {"retry_delay": timedelta(seconds=2)},
):
    four_steps()
