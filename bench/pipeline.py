"""A full run compared with the plain form of the same work and the bare GROUP BY, on the same data."""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from engines import Engines, engines
from fleet import DAYS, Fleet, seed
from measure import Measured, middle, note, run
from processes import PROGRAM

HERE = Path(__file__).resolve().parent
GROUP_BY = (HERE / "sql" / "group_by.sql").read_text()
AGREE = (HERE / "sql" / "agree.sql").read_text()

# Counted on the server: every column is used, because the planner would drop unused aggregates.
COUNTED = f"""
    SELECT count(*), sum(movements), sum(avg_response_time), sum(avg_battery_level), sum(errors)
    FROM ({GROUP_BY}) AS cells
"""

# The settings of the pipeline's own sessions; all others are PostgreSQL's defaults.
SESSION = "-c TimeZone=UTC -c jit=off"

# The strictest floor: a hash table of groups that fits into memory, which the default of 4 MB does not allow.
IN_MEMORY = "-c work_mem=256MB"

# All days of the fleet, and one more in case midnight passes during the run.
LOOKBACK = {"BIONICPRO_PIPELINE_LOOKBACK_DAYS": str(DAYS + 1)}

# Beyond this, the plain form by rows needs gigabytes and minutes; the form by COPY represents both.
ROWS_FORM_UP_TO = 2_000_000

# Averages are stored in single precision; everything else agrees exactly.
TOLERANCE = {"responses": 1e-6, "batteries": 1e-6}


@dataclass(frozen=True)
class Bench:
    """The engines and the fleet of a measurement."""

    engines: Engines
    fleet: Fleet

    def full_run(self) -> Measured:
        """Runs our pipeline: all four steps, including the comparisons with the mart and the source."""
        return run([PROGRAM, "etl", "run", "--full"], self.engines.environment | LOOKBACK)

    def plain(self, read: str) -> Measured:
        """Runs the plain form into an empty table: the table is dropped first, untimed."""
        self.engines.query("DROP TABLE IF EXISTS plain.user_prosthesis_stats SYNC")
        self.engines.settle()
        command = [sys.executable, str(HERE / "plain.py"), "--read", read]
        command += ["--from", self.fleet.start, "--to", self.fleet.end]
        return run(command, self.engines.environment)

    def group_by(self, sql: str, settings: str = "") -> Measured:
        """Runs the bare aggregation and fetches its result with psycopg; connecting is not timed."""
        with psycopg.connect(self.engines.telemetry, options=f"{SESSION} {settings}") as connection:
            begin = time.perf_counter()
            rows = connection.execute(sql, {"start": self.fleet.start, "end": self.fleet.end}).fetchall()
            seconds = time.perf_counter() - begin
        return Measured(seconds, 0.0, 0.0, {"rows": len(rows)})


def pipeline(rows: int, repeat: int) -> dict:
    """Measures every form `repeat` times in turn and checks that their results agree."""
    note(f"pipeline: {rows:,} rows")
    with engines() as started:
        bench = Bench(started, seed(started, rows))
        forms: dict[str, Callable[[], Measured]] = {
            "group_by_counted": lambda: bench.group_by(COUNTED),
            "group_by_fetched": lambda: bench.group_by(GROUP_BY),
            "group_by_in_memory": lambda: bench.group_by(COUNTED, IN_MEMORY),
            "full_run": bench.full_run,
            "plain_copy": lambda: bench.plain("copy"),
        }
        if rows <= ROWS_FORM_UP_TO:
            forms["plain_rows"] = lambda: bench.plain("rows")
        # Warm-up, not measured: the page cache, the plans, and the first run of a new warehouse.
        bench.group_by(COUNTED)
        bench.full_run()
        measured = {name: [] for name in forms}
        for number in range(repeat):
            # Each round begins with another form, so that none always follows the same one.
            names = list(forms)[number % len(forms) :] + list(forms)[: number % len(forms)]
            for name in names:
                started.settle()
                measured[name].append(forms[name]())
                note(f"  {name}: {measured[name][-1].seconds:.2f} s")
        return {
            "rows": bench.fleet.rows,
            "people": bench.fleet.people,
            "days": bench.fleet.days,
            "forms": {name: figures(values) for name, values in measured.items()},
            "agreement": agreement(started, "plain"),
            "warehouse_process_peak_rss_mb": round(started.warehouse_peak_mb()),
            "seed": bench.fleet.seeding,
        }


def figures(values: list[Measured]) -> dict:
    """Returns median and range of each figure; memory and CPU time only if the form has its own process."""
    found = {"seconds": middle([value.seconds for value in values])}
    if values[0].peak_rss_mb:
        found["cpu_seconds"] = middle([value.cpu_seconds for value in values])
        found["peak_rss_mb"] = middle([value.peak_rss_mb for value in values])
    return found | {"last_answer": values[-1].answer}


def agreement(started: Engines, other: str) -> dict:
    """Checks that the other form's mart and ours have the same cells: otherwise times are not comparable."""
    ours = started.query(AGREE, final="1", param_mart="reports")[0]
    # The plain form's table is not a replacing one: ClickHouse refuses FINAL on it.
    final = {} if other == "plain" else {"final": "1"}
    theirs = started.query(AGREE, **final, param_mart=other)[0]
    if any(not math.isclose(ours[name], theirs[name], rel_tol=TOLERANCE.get(name, 0)) for name in ours):
        raise SystemExit(f"bench: the forms disagree, so their times cannot be compared\n{ours}\n{theirs}")
    return ours
