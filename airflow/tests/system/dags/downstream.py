"""A DAG of another team, scheduled on the mart."""

from datetime import datetime, timezone

from airflow.sdk import DAG, task

from bionicpro_airflow.pipeline import MART

with DAG(
    dag_id="downstream",
    schedule=[MART],
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
):

    @task
    def tell(triggering_asset_events=None):
        """Returns the reports of the loads in the asset's events."""
        return [event.extra for events in triggering_asset_events.values() for event in events]

    tell()
