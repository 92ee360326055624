"""What an ML engineer does with the account `ml`: frames, Arrow, streams, and no persons."""

from __future__ import annotations

import collections
import datetime
import json
import os
import statistics
import subprocess

import clickhouse_connect
import polars
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.external import ExternalData
from warehouse import PROGRAM, REPOSITORY, USER

DAYS = 40
INSERT = """
INSERT INTO reports.user_prosthesis_stats
    (user_id, ldap_username, prosthesis_id, chip_id, date, hour, movements_count, error_count, customer_name,
     customer_email, prosthesis_model, response_count, response_sum, response_squares, version)
SELECT toUUID(concat('00000000-0000-4000-8000-', leftPad(toString(number % 7), 12, '0'))), 'a.person',
    generateUUIDv4(), 'CHIP', toDate(hour), toStartOfHour(now()) - toIntervalHour(number) AS hour,
    number % 50, number % 3, 'A Person', 'a.person@example.com', 'Model', 2, 180 + number % 30,
    if(number % 5 = 0, NULL, pow(100 + number % 30, 2) + 6400), 1
FROM numbers({hours:UInt32})
"""


@pytest.fixture(scope="module")
def mart(warehouse):
    """The schema, and rows of seven people."""
    url = f"http://{USER}:{warehouse.password}@{warehouse.host}:{warehouse.port}"
    environment = {**os.environ, "BIONICPRO_WAREHOUSE_URL": url}
    subprocess.run([PROGRAM, "warehouse", "migrate"], check=True, env=environment, capture_output=True)
    owner = clickhouse_connect.get_client(
        host=warehouse.host, port=warehouse.port, username=USER, password=warehouse.password
    )
    owner.command(INSERT, parameters={"hours": DAYS * 24})
    yield
    owner.command("DROP DATABASE reports")


@pytest.fixture
def ml(mart, warehouse, connect):
    return connect(username="ml", password=warehouse.password_of("ml"), database="reports")


def a_driver_connects_and_reads_its_settings(ml):
    assert len(ml.server_settings) > 500
    assert ml.command("SELECT currentUser()") == "ml"


def the_program_knows_the_schema(mart, warehouse):
    url = f"http://ml:{warehouse.password_of('ml')}@{warehouse.host}:{warehouse.port}"
    environment = {**os.environ, "BIONICPRO_WAREHOUSE_URL": url}
    status = [PROGRAM, "warehouse", "status", "--json"]
    told = subprocess.run(status, check=True, env=environment, capture_output=True, text=True).stdout
    told = json.loads(told)
    assert told["schema_version"] == told["program_version"] > 0


def the_views_come_as_frames(ml):
    frame = ml.query_df("SELECT * FROM ml_daily_stats WHERE date >= today() - 30 ORDER BY user_id, date")
    assert len(frame) > 100
    assert not {"ldap_username", "customer_name", "customer_email"} & set(frame.columns)
    hours = ml.query_df("SELECT user_id, date, hour, movements_count FROM ml_hourly_stats")
    assert hours["movements_count"].sum() == sum(number % 50 for number in range(DAYS * 24))


def the_views_come_as_arrow_and_polars(ml):
    table = ml.query_arrow("SELECT toString(user_id) AS user_id, date, movements_count FROM ml_daily_stats")
    frame = polars.from_arrow(table)
    assert frame["movements_count"].sum() == sum(number % 50 for number in range(DAYS * 24))


def a_result_streams(ml):
    with ml.query_row_block_stream("SELECT movements_count FROM ml_hourly_stats") as blocks:
        assert sum(len(block) for block in blocks) == DAYS * 24


def settings_of_a_driver_may_be_sent(ml):
    answer = ml.query(
        "SELECT 1", settings={"max_threads": 1, "max_block_size": 1000, "max_execution_time": 10}
    )
    assert answer.result_rows == [(1,)]


def a_table_of_ones_own_joins(ml):
    wanted = ExternalData(
        file_name="wanted.csv", fmt="CSV", structure="day Date", data=b"2020-01-01\n2020-01-02\n"
    )
    sql = "SELECT count() FROM ml_hourly_stats WHERE date NOT IN (SELECT day FROM wanted)"
    assert ml.query(sql, external_data=wanted).result_rows == [(DAYS * 24,)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT customer_name FROM user_prosthesis_stats",
        "SELECT * FROM users",
        "SELECT * FROM user_prosthesis_stats",
        "DROP DATABASE reports",
        "INSERT INTO users SELECT * FROM users",
        "SELECT 1 SETTINGS max_execution_time = 3600",
        "SELECT * FROM remote('127.0.0.1', 'reports', 'users')",
    ],
)
def what_is_not_for_ml_is_refused(ml, statement):
    with pytest.raises(DatabaseError) as refused:
        ml.command(statement)
    assert refused.value.code in (497, 452, 164)
    assert "a.person" not in str(refused.value)


def the_code_of_the_guide_runs(mart, warehouse):
    guide = (REPOSITORY / "docs/guides/ml-engineers.md").read_text()
    examples = [block.split("```")[0] for block in guide.split("```python\n")[1:]]
    assert len(examples) == 4
    known = {"HOST": warehouse.host, "PORT": warehouse.port, "PASSWORD": warehouse.password_of("ml")}
    pandas_example, polars_example = (dict(known), dict(known))
    exec(examples[0], pandas_example)
    assert len(pandas_example["train"]) + len(pandas_example["test"]) == len(pandas_example["days"]) > 100
    assert set(pandas_example["train"]["person"]).isdisjoint(pandas_example["test"]["person"])
    assert len(pandas_example["label"]) == len(pandas_example["days"])
    exec(examples[1], polars_example)
    total = sum(number % 50 for number in range(DAYS * 24))
    assert polars_example["by_day"]["movements_count"].sum() == total
    assert str(polars_example["hours"].schema["hour"]).startswith("Datetime")
    assert "time_zone='UTC'" in str(polars_example["hours"].schema["hour"])
    variance_example = dict(known)
    exec(examples[2], variance_example)
    weeks = variance_example["weeks"]
    # Each hour has two samples: 80 ms, and what is left of the sum.
    samples = collections.defaultdict(list)
    asked = "SELECT toString(user_id), toMonday(date), response_sum FROM ml_hourly_stats"
    known_squares = f"{asked} WHERE response_squares IS NOT NULL"
    for person, week, total in variance_example["client"].query(known_squares).result_rows:
        samples[person, week] += [80, total - 80]
    assert len(weeks) == len(samples) >= 7 * 5
    for row in weeks.itertuples():
        expected = statistics.variance(samples[row.person, row.week.date()])
        assert row.variance == pytest.approx(expected, rel=1e-12)


def the_exported_days_are_those_of_the_view(ml, warehouse, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    today = datetime.datetime.now(datetime.UTC).date()
    first, end = today - datetime.timedelta(20), today - datetime.timedelta(10)
    url = f"http://ml:{warehouse.password_of('ml')}@{warehouse.host}:{warehouse.port}"
    subprocess.run(
        [PROGRAM, "ml", "export", "--from", str(first), "--to", str(end), "--out", "hours"],
        check=True,
        env={**os.environ, "BIONICPRO_WAREHOUSE_URL": url},
        capture_output=True,
    )
    guide = (REPOSITORY / "docs/guides/ml-engineers.md").read_text()
    example = {}
    exec(guide.split("```python\n# polars, of an export\n")[1].split("```")[0], example)
    asked = "SELECT sum(movements_count), min(date), max(date) FROM ml_hourly_stats"
    ((movements, *days),) = ml.query(f"{asked} WHERE date >= '{first}' AND date < '{end}'").result_rows
    by_day = example["by_day"]
    assert by_day["movements_count"].sum() == movements > 0
    assert [by_day["date"].min(), by_day["date"].max()] == days == [first, end - datetime.timedelta(1)]
    assert str(example["hours"].collect_schema()["hour"]) == "Datetime(time_unit='ms', time_zone='UTC')"
