"""Two workers that do not share a stage: the second does not find the first one's file."""

from datetime import datetime, timezone

from airflow.sdk import DAG

from bionicpro_airflow.operator import BionicproOperator
from bionicpro_airflow.pipeline import DEFAULT_ARGS

with DAG(
    dag_id="apart",
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    default_args=DEFAULT_ARGS,
):
    here = BionicproOperator(task_id="extract_crm_data", arguments=["extract-crm"])
    there = BionicproOperator(
        task_id="transform_and_join",
        arguments=["transform"],
        env={"BIONICPRO_STAGE_URL": "file:///tmp/bionicpro-elsewhere"},
    )
    here >> there
