"""A run that takes longer than its deadline."""

import time
from datetime import datetime, timedelta, timezone

from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference, task

from bionicpro_airflow.alerts import mart_is_late

with DAG(
    dag_id="late",
    schedule=None,
    start_date=datetime(2024, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    deadline=DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(seconds=1),
        callback=AsyncCallback(mart_is_late, kwargs={"after": "a second"}),
    ),
):

    @task
    def wait():
        time.sleep(15)

    wait()
