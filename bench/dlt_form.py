"""The pipeline as built with dlt: land the new rows, recompute the hours that they affect.

This is meant to be the solution of a competent dlt user: its `sql_table` source with an incremental cursor,
its fastest backend, and tables that replace by key, so that an overlap counts no row twice. dlt's ClickHouse
destination needs the native protocol in addition to HTTP, which the embedded warehouse does not serve. dlt's
documented custom destination therefore gets the same Parquet files and inserts them the same way. It cannot
see rows that commit after the cursor has passed them. Addresses come from the variables that `bionicpro`
reads.
"""

import argparse
import json
import os
import time
from pathlib import Path
from urllib.parse import urlsplit

# Before the import: dlt reads its settings once. Nothing but loopback is contacted.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"
# Loaded data are not kept a second time.
os.environ["LOAD__DELETE_COMPLETED_JOBS"] = "true"

import clickhouse_connect
import dlt
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.tools import insert_file
from dlt.sources.sql_database import sql_table

HERE = Path(__file__).resolve().parent
TABLES = (HERE / "sql" / "dlt_tables.sql").read_text()
CELLS = (HERE / "sql" / "dlt_cells.sql").read_text()

TELEMETRY = ["id", "chip_id", "event_time", "response_time_ms", "battery_level", "error_code", "created_at"]
CRM = {
    "customers": ["id", "name", "email", "ldap_username"],
    "prosthesis_models": ["id", "name"],
    "prostheses": ["id", "customer_id", "model_id", "chip_id"],
}


def telemetry(cursor: str, lag: float | None):
    """Returns the telemetry from the last run's cursor on, or from `lag` before it."""
    return sql_table(
        credentials=os.environ["BIONICPRO_TELEMETRY_URL"],
        schema="telemetry",
        table="raw_telemetry",
        included_columns=TELEMETRY,
        incremental=dlt.sources.incremental(cursor, lag=lag),
        primary_key="id",
        write_disposition="append",
        backend="connectorx",
        # Streamed: otherwise the whole result is held in memory.
        backend_kwargs={"return_type": "arrow_stream"},
        chunk_size=100_000,
    )


def crm() -> list:
    """Returns the whole CRM each time: it is small, and recent changes alone would lack most customers."""
    url = os.environ["BIONICPRO_CRM_URL"]
    return [
        sql_table(credentials=url, schema="crm", table=table, included_columns=columns, backend="pyarrow")
        for table, columns in CRM.items()
    ]


def warehouse() -> Client:
    """Returns a client of the warehouse."""
    url = urlsplit(os.environ["BIONICPRO_WAREHOUSE_URL"])
    return clickhouse_connect.get_client(
        host=url.hostname, port=url.port, username=url.username, password=url.password
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", required=True, help="of the pipeline, and of its database in the warehouse")
    parser.add_argument("--cursor", choices=["id", "created_at"], required=True)
    parser.add_argument("--lag", type=float, help="how many seconds to read again, with --cursor created_at")
    parser.add_argument("--state", required=True, help="the folder in which dlt remembers")
    flags = parser.parse_args()

    begin = time.perf_counter()
    client = warehouse()
    for statement in filter(str.strip, TABLES.format(database=flags.name).split(";\n")):
        client.command(statement)

    @dlt.destination(name="warehouse", loader_file_format="parquet", batch_size=0)
    def insert(path: str, table: dict) -> None:
        insert_file(warehouse(), table["name"], path, fmt="Parquet", database=flags.name)

    pipeline = dlt.pipeline(pipeline_name=flags.name, destination=insert, pipelines_dir=flags.state)
    pipeline.run([telemetry(flags.cursor, flags.lag), *crm()])
    pipeline.last_trace.last_load_info.raise_on_failed_jobs()
    counts = pipeline.last_trace.last_normalize_info.row_counts
    client.command(CELLS.format(database=flags.name))
    print(json.dumps({"rows": counts.get("raw_telemetry", 0), "seconds_inside": time.perf_counter() - begin}))


if __name__ == "__main__":
    main()
