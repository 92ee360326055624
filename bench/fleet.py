"""The data: a seeded fleet in the source databases, and a large mart made by SQL for the API."""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
from engines import Engines
from measure import note, run
from processes import PROGRAM

HERE = Path(__file__).resolve().parent
LARGE_FLEET = (HERE / "sql" / "large_fleet.sql").read_text()
BASELINE_TABLE = (HERE / "sql" / "baseline_table.sql").read_text()

DAYS = 7
YEAR_DAYS = 364
SEED = 20240115

# What the simulator writes per person and day, people without a prosthesis included: decides how many people
# make the wanted number of rows. The number that came out is measured and written down.
MOVEMENTS_PER_PERSON_AND_DAY = 350

# Slower than this is taken for stuck.
SLOWEST_ROWS_PER_SECOND = 20_000

# What a row takes at the most on the way, with its indexes, the log and everybody's copies of it.
BYTES_PER_ROW = 280

# Rows that fill gaps: at once, at the most, and what one takes in bytes at the least.
FILLERS = 50_000
MOST_FILLERS = 10_000_000
LEAST_ROW_BYTES = 88

FILL = """
    INSERT INTO telemetry.raw_telemetry (chip_id, event_time, movement_type, response_time_ms, battery_level)
    SELECT 'nobody', timestamp '2000-01-01', 'grip', 40, 80 FROM generate_series(1, %(rows)s)
"""


@dataclass(frozen=True)
class Fleet:
    """What the source databases hold, and the half-open range of days that covers all of it."""

    people: int
    days: int
    rows: int
    start: str
    end: str
    seeding: dict


def migrate(started: Engines) -> None:
    """Creates the warehouse's tables."""
    run([PROGRAM, "warehouse", "migrate"], started.environment)


def seed(started: Engines, wanted_rows: int) -> Fleet:
    """Fills both source databases with about so many rows, and makes PostgreSQL ready to be measured."""
    return seed_days(started, wanted_rows, DAYS)


def seed_history(started: Engines, wanted_rows: int) -> Fleet:
    """The people who make a million rows in the usual days, for as many days as make the rows."""
    return seed_days(started, wanted_rows, round(wanted_rows / 1_000_000 * DAYS))


def seed_year(started: Engines, wanted_rows: int) -> Fleet:
    """The same over as many days as the mart retains, but for the one that it is about to drop."""
    return seed_days(started, wanted_rows, YEAR_DAYS)


def seed_days(started: Engines, wanted_rows: int, days: int) -> Fleet:
    """Fills both source databases with so many days of so many people as make the rows."""
    free = shutil.disk_usage(tempfile.gettempdir()).free
    if free < wanted_rows * BYTES_PER_ROW:
        need = f"{wanted_rows:,} rows need {wanted_rows * BYTES_PER_ROW / 1e9:.0f} GB of temporary space"
        raise SystemExit(f"bench: {need}, and {free / 1e9:.0f} GB are free: set TMPDIR to a larger disk")
    people = max(10, round(wanted_rows / days / MOVEMENTS_PER_PERSON_AND_DAY))
    command = [PROGRAM, "simulate", "seed", "--users", str(people), "--days", str(days), "--seed", str(SEED)]
    seeded = run(command, started.environment, timeout_s=max(900, wanted_rows / SLOWEST_ROWS_PER_SECOND))
    with psycopg.connect(started.telemetry, autocommit=True) as connection:
        # Statistics and visibility as on a server that has been up for a day; no checkpoint in the midst.
        connection.execute("VACUUM (ANALYZE) telemetry.raw_telemetry")
        connection.execute("CHECKPOINT")
        rows, first, last = connection.execute(
            "SELECT count(*), min(event_time), max(event_time) FROM telemetry.raw_telemetry"
        ).fetchone()
    migrate(started)
    note(f"  {rows:,} rows of {people:,} people in {seeded.seconds:.1f} s")
    return Fleet(
        people=people,
        days=days,
        rows=rows,
        start=first.date().isoformat(),
        end=(last.date() + timedelta(days=1)).isoformat(),
        seeding={"seconds": round(seeded.seconds, 2), "rows_per_second": round(rows / seeded.seconds)},
    )


def fill_gaps(started: Engines) -> int:
    """Uses up the room that the vacuum after seeding has found at the end of nearly every page.

    A table that is only added to has such gaps after each of its rare autovacuums, in its newest part alone.
    Here they would be all over it, and every arriving row would lie on a page of its own. What fills them
    is of no chip, and deleted: only a vacuum would make the room usable again. Returns how many rows it took.
    """
    filled = 0
    with psycopg.connect(started.telemetry, autocommit=True) as connection:
        appended = 0
        # As soon as most of what is inserted goes to new pages, the gaps are gone.
        while appended < FILLERS * LEAST_ROW_BYTES * 0.9:
            before = table_bytes(connection)
            connection.execute(FILL, {"rows": FILLERS})
            appended = table_bytes(connection) - before
            filled += FILLERS
            if filled > MOST_FILLERS:
                raise SystemExit("bench: the gaps of the table cannot be filled")
        connection.execute("DELETE FROM telemetry.raw_telemetry WHERE event_time < '2001-01-01'")
        connection.execute("CHECKPOINT")
    return filled


def table_bytes(connection: psycopg.Connection) -> int:
    """The table without its indexes."""
    return connection.execute("SELECT pg_relation_size('telemetry.raw_telemetry')").fetchone()[0]


def large_mart(started: Engines, people: int, days: int) -> tuple[list[str], list[str]]:
    """Fills the mart by SQL; returns login names and days. The way through the sources would take an hour."""
    migrate(started)
    end = date.today()
    for statement in filter(str.strip, LARGE_FLEET.split(";\n")):
        started.query(statement, param_people=str(people), param_days=str(days), param_end=end.isoformat())
    started.settle()
    names = [f"person.{number}" for number in range(people)]
    return names, [(end - timedelta(days=back)).isoformat() for back in range(1, days + 1)]


def ordered_by_login(started: Engines) -> None:
    """Copies the mart into the order that suits the baseline implementation best."""
    for statement in filter(str.strip, BASELINE_TABLE.split(";\n")):
        started.query(statement)
    started.settle()
