"""The four steps with a stage that every worker can reach."""

from datetime import datetime, timezone

from airflow.sdk import DAG

from bionicpro_airflow.pipeline import DEFAULT_ARGS, four_steps

with DAG(
    dag_id="in_a_bucket",
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    default_args=DEFAULT_ARGS | {"env": {"BIONICPRO_STAGE_URL": "s3://stage/reports"}},
):
    four_steps()
