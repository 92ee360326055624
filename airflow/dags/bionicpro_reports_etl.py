"""Loads new and changed data of the CRM and the telemetry into the mart, every 15 minutes.

| task | does | safe to clear |
| --- | --- | --- |
| `extract_crm_data` | stages customers, prostheses and ownership intervals | yes |
| `extract_telemetry_data` | finds new rows, stages every hour that they affect completely | yes |
| `transform_and_join` | joins both; orphans, whose chip has no owner yet, wait | yes |
| `load_to_clickhouse` | replaces those hours in the mart, compares, then advances the horizon | yes |

Any task may be cleared, repeated, killed and run twice concurrently: rows replace older ones by version.

**Pink (skipped)**: there was nothing new. This is normal in a quiet quarter of an hour, and the run is green.

**Red**: the last lines of the task's log say what failed and what to do.

| status | means | then |
| --- | --- | --- |
| 2 | wrong usage or configuration: a connection, a password, a version, a range | fix it, clear the task |
| 3 | a database or the stage was unreachable, for three retries | fix it; clear the task, or wait |
| 4 | the data violate a rule | `bionicpro etl show RUN` names the cells; fix the source, clear the run |
| 1 | a defect of the program | keep the log, report it; the next run starts from the last load |

A failed run loses nothing: the horizon advances only with a successful load, so the next run loads what this
one did not.

**Trigger** with `{"from": "2024-01-15", "to": "2024-01-16"}` to recompute a range, with `{"full": true}` to
recompute the last days. Past intervals: `airflow backfill create --dag-id bionicpro_reports_etl --from-date …
--to-date …`. Months: `bionicpro_reports_backfill`.

The pipeline's id of a run is `<DAG>.<Airflow's run id>`; `bionicpro etl runs` lists rows, cells and times.
"""

from datetime import datetime, timezone

from airflow.sdk import CronDataIntervalTimetable

from bionicpro_airflow.pipeline import (
    DEFAULT_ARGS,
    LATE_MART,
    OWNER_LINKS,
    TAGS,
    DagWithDeadline,
    four_steps,
    run_params,
)

with DagWithDeadline(
    dag_id="bionicpro_reports_etl",
    description="Brings what is new into the mart",
    doc_md=__doc__,
    schedule=CronDataIntervalTimetable("*/15 * * * *", timezone="UTC"),
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    deadline=LATE_MART,
    params=run_params(full=False),
    owner_links=OWNER_LINKS,
    tags=TAGS,
):
    four_steps()
