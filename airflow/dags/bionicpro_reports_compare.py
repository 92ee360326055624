"""Compares days before the lookback with the source, the newest first, and loads again what differs.

A day is due once a day where nothing in the source keeps rows from escaping the form by which ticks find them
(`bionicpro doctor` says which form that is), and once after each lost baseline where something does. Each run
compares for `pipeline.compare_budget_s`, a minute by default, and is skipped when nothing is due. Status 4:
a range was not mended because too much of it would have vanished, and the log says how to confirm it.
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
