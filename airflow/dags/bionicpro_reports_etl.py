"""Brings what is new in the CRM and in the telemetry into the mart, every 15 minutes.

| task | does | safe to clear |
| --- | --- | --- |
| `extract_crm_data` | stages who people are and which prostheses they own | yes |
| `extract_telemetry_data` | finds what is new, stages every hour that it touches, whole | yes |
| `transform_and_join` | joins both; telemetry that nobody owns yet waits | yes |
| `load_to_clickhouse` | replaces those hours in the mart, compares, then moves the horizon | yes |

Everything may be cleared, repeated, killed and run twice at once: rows replace older ones by version.

**Pink (skipped)**: there was nothing new. A quiet quarter of an hour ends so, and its run is green.

**Red**: the last lines of the task's log say what failed and what to do.

| status | means | then |
| --- | --- | --- |
| 2 | wrong usage or configuration: a connection, a password, a version, a range | mend it, clear the task |
| 3 | a database or the stage was out of reach, for three retries | mend it; clear the task, or wait |
| 4 | the data violate a rule | `bionicpro etl show RUN` names the cells; mend the source, clear the run |
| 1 | a defect of the program | keep the log, report it; the next run starts from what was loaded last |

A run that failed loses nothing: the horizon moves with a load that succeeded, so the next run brings what
this one did not.

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
