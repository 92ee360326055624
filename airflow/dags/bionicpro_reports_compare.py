"""Compares days before the lookback with the source, newest first, and reloads those that differ.

Incremental runs find new rows by a method that `bionicpro doctor` reports. If nothing in the source prevents
rows from escaping that method, each day is due once a day; otherwise once after each lost baseline. Each run
compares for `pipeline.compare_budget_s`, a minute by default, and is skipped if nothing is due. Status 4: a
range was not repaired because too many of its rows would have vanished; the log says how to confirm it.
"""

from datetime import datetime, timezone

from airflow.sdk import DAG, CronDataIntervalTimetable

from bionicpro_airflow.operator import BionicproOperator
from bionicpro_airflow.pipeline import DEFAULT_ARGS, OWNER_LINKS, TAGS

with DAG(
    dag_id="bionicpro_reports_compare",
    description="Compares older days with the source, mends what differs",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("47 * * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    owner_links=OWNER_LINKS,
    tags=TAGS,
):
    BionicproOperator(task_id="compare_days", arguments=["compare"])
