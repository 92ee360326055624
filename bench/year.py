"""A year of data: its backfill, its comparison, and the incremental run after late rows for all of it."""

import time

import psycopg
from engines import Engines, engines
from fleet import Fleet, seed_year
from losses import compared, mart_cells, source_cells
from measure import note, run
from processes import PROGRAM

LATE_ROWS = 20_000

# The server reads and writes every row in its fastest format, without sending them to a client.
READ_EVERYTHING = "COPY telemetry.raw_telemetry TO '/dev/null' (FORMAT binary)"

CHIPS = "SELECT chip_id FROM crm.prostheses ORDER BY chip_id"

# The step is coprime to the number of cells, so that every row is in a different cell.
ARRIVE_LATE = """
    INSERT INTO telemetry.raw_telemetry (chip_id, event_time, movement_type, response_time_ms, battery_level)
    SELECT (%(chips)s::text[])[1 + cell %% chips],
           %(start)s::timestamp + cell / chips * interval '1 hour' + number %% 3600 * interval '1 second',
           'grip', 40 + number %% 10, 80
    FROM (SELECT number, cardinality(%(chips)s::text[]) AS chips,
                 number * 1000003 %% (cardinality(%(chips)s::text[]) * %(hours)s) AS cell
          FROM generate_series(1, %(rows)s::bigint) AS number) AS late
"""


def year(rows: int) -> dict:
    """Measures all three on one fleet; the bench fails if the mart does not equal the source at the end."""
    note(f"year: {rows:,} rows")
    with engines() as started:
        fleet = seed_year(started, rows)
        found = {"rows": fleet.rows, "days": fleet.days, "backfill": backfill(started, fleet)}
        # Leaves a baseline, as the nightly run does.
        run([PROGRAM, "etl", "run", "--full"], started.environment)
        found["comparison"] = comparison(started, fleet)
        found["burst"] = burst(started, fleet)
        return found


def backfill(started: Engines, fleet: Fleet) -> dict:
    """Measures a backfill of the year against reading the same table with COPY to /dev/null."""
    with psycopg.connect(started.telemetry) as connection:
        begin = time.perf_counter()
        connection.execute(READ_EVERYTHING)
        copied = time.perf_counter() - begin
    ours = run([PROGRAM, "etl", "run", "--from", fleet.start, "--to", fleet.end], started.environment)
    note(f"  backfill: {ours.seconds:.1f} s, COPY to nowhere: {copied:.1f} s")
    return {
        "seconds": ours.seconds,
        "rows_per_second": round(fleet.rows / ours.seconds),
        "peak_rss_mb": ours.peak_rss_mb,
        "copy_to_nowhere_seconds": copied,
        "copy_to_nowhere_rows_per_second": round(fleet.rows / copied),
    }


def comparison(started: Engines, fleet: Fleet) -> dict:
    """Measures the comparison of every day before the lookback with the source, from which no day differs.

    All of them are due, because the first baseline was left after the backfill.
    """
    ours = run([PROGRAM, "etl", "compare", "--all"], started.environment)
    answer = ours.answer
    if answer["differing"] or answer["days_left"]:
        raise SystemExit(f"bench: the comparison of an equal mart found {answer}")
    with psycopg.connect(started.telemetry) as connection:
        begin = fleet.start
        rows = connection.execute(
            "SELECT count(*) FROM telemetry.raw_telemetry WHERE event_time < %s::date + %s::integer",
            (begin, answer["days"]),
        ).fetchone()[0]
    note(f"  comparison: {ours.seconds:.1f} s, {answer['days']} days")
    return {
        "days": answer["days"],
        "rows": rows,
        "seconds": ours.seconds,
        "rows_per_second": round(rows / ours.seconds),
        "peak_rss_mb": ours.peak_rss_mb,
    }


def burst(started: Engines, fleet: Fleet) -> dict:
    """Measures the incremental run that loads late rows of a whole year."""
    with psycopg.connect(started.crm) as connection:
        chips = [chip for (chip,) in connection.execute(CHIPS)]
    with psycopg.connect(started.telemetry, autocommit=True) as connection:
        late = {"chips": chips, "start": fleet.start, "hours": fleet.days * 24, "rows": LATE_ROWS}
        connection.execute(ARRIVE_LATE, late)
    started.settle()
    ours = run([PROGRAM, "etl", "run"], started.environment)
    counts = ours.answer["counts"]
    note(f"  burst: {ours.seconds:.1f} s, {counts['cells']:,} cells")
    missed, twice = compared(source_cells(started, chips), mart_cells(started, "reports"))
    if missed or twice:
        raise SystemExit(
            f"bench: after a year's late rows the mart misses {missed}, and has {twice} too many"
        )
    return {
        "late_rows": LATE_ROWS,
        "cells": counts["cells"],
        "rows_of_these_cells": counts["rows"],
        "seconds": ours.seconds,
        "peak_rss_mb": ours.peak_rss_mb,
        "warehouse_process_peak_rss_mb": round(started.warehouse_peak_mb()),
    }
