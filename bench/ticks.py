"""The tick: what it costs when little is new, whatever the size of the table; and a backfill of a year."""

import time
from dataclasses import dataclass

import psycopg
from engines import Engines, engines
from fleet import seed, seed_year
from measure import Measured, middle, note, run
from pipeline import Bench, figures
from processes import PROGRAM

# The same at every size from a million on: so many movements of so many chips, all in the hour that runs.
NEW_ROWS = 20_000
CHIPS = 250

NOTHING_NEW = 99

ARRIVE = """
    INSERT INTO telemetry.raw_telemetry (chip_id, event_time, movement_type, response_time_ms, battery_level)
    SELECT chip_id, date_trunc('hour', now() AT TIME ZONE 'UTC') + number * interval '1 second',
           'grip', 40 + number %% 10, 80
    FROM unnest(%(chips)s::text[]) AS chip_id, generate_series(1, %(each)s) AS number
"""

ACTIVE = """
    SELECT DISTINCT chip_id FROM telemetry.raw_telemetry
    WHERE event_time >= (SELECT max(event_time) FROM telemetry.raw_telemetry) - interval '24 hours'
    ORDER BY chip_id LIMIT %(chips)s
"""

READ_EVERYTHING = "COPY telemetry.raw_telemetry TO STDOUT (FORMAT binary)"


@dataclass(frozen=True)
class Ticks:
    """What ticks run on."""

    engines: Engines
    chips: list[str]

    def tick(self) -> Measured:
        """Ours, after movements have arrived: the arrival is not counted."""
        with psycopg.connect(self.engines.telemetry, autocommit=True) as connection:
            connection.execute(ARRIVE, {"chips": self.chips, "each": NEW_ROWS // len(self.chips)})
        return run([PROGRAM, "etl", "run"], self.engines.environment)

    def empty(self) -> Measured:
        """Ours, when nothing has arrived."""
        return run([PROGRAM, "etl", "run"], self.engines.environment, statuses=(NOTHING_NEW,))


def ticks(rows: int, repeat: int) -> dict:
    """Ticks on a table of that size, and the plain form's run over the same table, where that is bearable."""
    note(f"ticks: {rows:,} rows")
    with engines() as started:
        fleet = seed(started, rows)
        with psycopg.connect(started.telemetry) as connection:
            chips = [chip for (chip,) in connection.execute(ACTIVE, {"chips": CHIPS})]
        ours = Ticks(started, chips)
        # The first run loads the lookback and leaves a baseline; the first tick opens files and plans.
        run([PROGRAM, "etl", "run", "--full"], started.environment)
        ours.tick()
        forms = {"tick": [], "empty_tick": []}
        for _ in range(repeat):
            for name, form in (("tick", ours.tick), ("empty_tick", ours.empty)):
                started.settle()
                forms[name].append(form())
                note(f"  {name}: {forms[name][-1].seconds * 1000:.0f} ms")
        if rows <= 10_000_000:
            bench = Bench(started, fleet)
            forms["plain_copy"] = [bench.plain("copy") for _ in range(min(repeat, 3))]
        found = {name: figures(values) for name, values in forms.items()}
        for name in ("tick", "empty_tick"):
            inside = [value.answer["duration_ms"] / 1000 for value in forms[name]]
            found[name]["seconds_inside"] = middle(inside)
        return {"rows": fleet.rows, "people": fleet.people, "chips": len(chips), "forms": found}


def backfill(rows: int) -> dict:
    """A year in one backfill, against the same table read with COPY and thrown away."""
    note(f"backfill: a year of {rows:,} rows")
    with engines() as started:
        fleet = seed_year(started, rows)
        begin = time.perf_counter()
        read = 0
        with (
            psycopg.connect(started.telemetry) as connection,
            connection.cursor() as cursor,
            cursor.copy(READ_EVERYTHING) as copy,
        ):
            for piece in copy:
                read += len(piece)
        copied = time.perf_counter() - begin
        command = [PROGRAM, "etl", "run", "--from", fleet.start, "--to", fleet.end]
        ours = run(command, started.environment)
        note(f"  backfill: {ours.seconds:.1f} s, COPY to nowhere: {copied:.1f} s")
        return {
            "rows": fleet.rows,
            "days": fleet.days,
            "seconds": ours.seconds,
            "rows_per_second": round(fleet.rows / ours.seconds),
            "peak_rss_mb": ours.peak_rss_mb,
            "copy_to_nowhere_seconds": copied,
            "copy_to_nowhere_bytes": read,
        }
