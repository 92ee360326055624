"""Recomputes the lookback once a day: finds deleted and changed rows of the source, repairs any difference.

The tasks and their statuses are those of `bionicpro_reports_etl`. `pipeline.lookback_days` is the number of
days, 7 by default.
"""

from datetime import datetime, timezone

from airflow.sdk import DAG, CronDataIntervalTimetable

from bionicpro_airflow.pipeline import DEFAULT_ARGS, OWNER_LINKS, TAGS, four_steps, run_params

with DAG(
    dag_id="bionicpro_reports_full",
    description="Recomputes the last days, finds deletions",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("17 3 * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params=run_params(full=True),
    owner_links=OWNER_LINKS,
    tags=TAGS,
):
    four_steps()
