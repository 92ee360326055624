"""A year: its backfill, its comparison, and the tick after late rows have come for all of it."""

import time

import psycopg
from engines import Engines, engines
from fleet import Fleet, seed_year
from losses import compared, mart_cells, source_cells
from measure import note, run
from processes import PROGRAM

LATE_ROWS = 20_000

# The server reads and writes every row in its fastest format, and nobody receives them.
READ_EVERYTHING = "COPY telemetry.raw_telemetry TO '/dev/null' (FORMAT binary)"

CHIPS = "SELECT chip_id FROM crm.prostheses ORDER BY chip_id"

# A step that shares no factor with the number of cells: every row is in a cell of its own.
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
    """Both, on one fleet; the mart must equal the source in the end, or the bench ends."""
    note(f"year: {rows:,} rows")
    with engines() as started:
        fleet = seed_year(started, rows)
        found = {"rows": fleet.rows, "days": fleet.days, "backfill": backfill(started, fleet)}
        # Leaves a baseline, as the run of the night does.
        run([PROGRAM, "etl", "run", "--full"], started.environment)
        found["comparison"] = comparison(started, fleet)
        found["burst"] = burst(started, fleet)
        return found


def backfill(started: Engines, fleet: Fleet) -> dict:
    """A year in one backfill, against the same table read with COPY to nowhere."""
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
    """Every day before the lookback compared with the source, of which the mart differs in nothing.

    All of them are due: the first baseline was left after the backfill.
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
    """The tick that brings late rows of a whole year."""
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
