"""The four steps and the settings that all DAGs of the pipeline share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, Param
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from bionicpro_airflow.alerts import mart_is_late
from bionicpro_airflow.operator import BionicproOperator

MART = Asset(name="bionicpro_mart", uri="x-bionicpro://reports/user_prosthesis_stats", group="bionicpro")
"""The hourly mart. A DAG with ``schedule=[MART]`` runs after each load."""

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "bionicpro",
    "depends_on_past": False,
    "retries": 3,
    "retry_delay": timedelta(minutes=5),
    # Longer than `pipeline.step_timeout_s`: the program reports which part stopped responding, this only ends
    # the task.
    "execution_timeout": timedelta(minutes=75),
}

LATE_AFTER = timedelta(minutes=45)
"""The deadline of a run: even one that needs all its retries ends before."""

LATE_MART = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_QUEUED_AT,
    interval=LATE_AFTER,
    callback=AsyncCallback(mart_is_late, kwargs={"after": str(LATE_AFTER)}),
)


class DagWithDeadline(DAG):
    """A DAG without its deadline in ``airflow dags test``.

    That command fails after the last task of a DAG with a deadline (apache/airflow#73428); once that is
    fixed, a plain ``DAG`` suffices.
    """

    def test(self, *args: Any, **kwargs: Any) -> Any:
        """Runs ``DAG.test`` without the deadline."""
        self.deadline = None
        return super().test(*args, **kwargs)


TAGS = ["bionicpro", "reports"]

OWNER_LINKS = {"bionicpro": "mailto:reports@bionicpro.example"}


INSTANT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2}))?$"


def run_params(*, full: bool) -> dict[str, Param]:
    """Returns the trigger form of the four steps."""
    everything = Param(
        full, type="boolean", title="Full", description_md="Recompute every hour of the last days."
    )
    return {**range_params(), "full": everything}


def range_params(*, required: bool = False) -> dict[str, Param]:
    """Returns the trigger form for a range of time: half-open, in UTC, widened to whole hours."""
    kind = ["string"] if required else ["null", "string"]
    examples = ["2024-01-15", "2024-01-15T08:00:00Z"]

    def instant(title: str, description: str) -> Param:
        # A required param has no default, so Airflow's form requires a value.
        default = {} if required else {"default": None}
        return Param(
            **default, type=kind, pattern=INSTANT, title=title, description_md=description, examples=examples
        )

    return {
        "from": instant("From", "The first hour to recompute: `2024-01-15` or `2024-01-15T08:00:00Z`."),
        "to": instant("To", "The end of the range, not part of it. A single day ends at the day after."),
    }


def four_steps() -> None:
    """Adds the four tasks to the current DAG."""
    extract_crm = BionicproOperator(task_id="extract_crm_data", arguments=["extract-crm"])
    extract_telemetry = BionicproOperator(
        task_id="extract_telemetry_data", arguments=["extract-telemetry"], has_window=True
    )
    transform = BionicproOperator(task_id="transform_and_join", arguments=["transform"])
    load = BionicproOperator(task_id="load_to_clickhouse", arguments=["load"], outlets=[MART])
    [extract_crm, extract_telemetry] >> transform >> load
