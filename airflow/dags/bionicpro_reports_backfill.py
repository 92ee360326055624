"""Recomputes a long range of days on several workers, newest first, concurrently with the other DAGs.

`plan` counts the rows of each day and forms pieces of whole days, up to a million rows each. `load_days` is
mapped over lanes: each replaces its pieces sequentially. A retried lane skips the pieces that it has loaded.

**Trigger** with `{"from": "2025-01-01", "to": "2026-01-01", "lanes": 4}`. `source_share` is the percentage of
the time in which each lane may query the telemetry database. A failed task's statuses are those of
`bionicpro_reports_etl`.
"""

from datetime import datetime, timezone

from airflow.sdk import DAG, Param

from bionicpro_airflow.backfill import MOST_LANES, BackfillLaneOperator, PlanBackfillOperator
from bionicpro_airflow.pipeline import DEFAULT_ARGS, MART, OWNER_LINKS, TAGS, range_params

with DAG(
    dag_id="bionicpro_reports_backfill",
    description="Recomputes a long range on several workers",
    doc_md=__doc__,
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    max_active_tasks=MOST_LANES,
    # A lane may run for hours.
    default_args=DEFAULT_ARGS | {"execution_timeout": None},
    params={
        **range_params(required=True),
        "lanes": Param(
            4,
            type="integer",
            minimum=1,
            maximum=MOST_LANES,
            title="Lanes",
            description_md="How many workers at once.",
        ),
        "source_share": Param(
            100,
            type="integer",
            minimum=1,
            maximum=100,
            title="Share of the source",
            description_md="Per cent of the time, per lane.",
        ),
    },
    owner_links=OWNER_LINKS,
    tags=[*TAGS, "backfill"],
):
    plan = PlanBackfillOperator(task_id="plan")
    BackfillLaneOperator.partial(
        task_id="load_days", outlets=[MART], map_index_template="{{ task.pieces | length }} pieces"
    ).expand(pieces=plan.output)
