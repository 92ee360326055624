"""A full run against the plain form of the same work and the bare GROUP BY, on the same data."""

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

# Counted on the server: every column is used, or the planner would leave its aggregate out.
COUNTED = f"""
    SELECT count(*), sum(movements), sum(avg_response_time), sum(avg_battery_level), sum(errors)
    FROM ({GROUP_BY}) AS cells
"""

# What the pipeline's own sessions set; all else is PostgreSQL's default.
SESSION = "-c TimeZone=UTC -c jit=off"

# The strictest floor: a table of groups that fits into memory, which the default of 4 MB does not allow.
IN_MEMORY = "-c work_mem=256MB"

# All days of the fleet, and one more in case that midnight passes.
LOOKBACK = {"BIONICPRO_PIPELINE_LOOKBACK_DAYS": str(DAYS + 1)}

# The plain form by rows needs gigabytes and minutes beyond this; the form by COPY stands for both.
ROWS_FORM_UP_TO = 2_000_000

# Averages are stored in single precision; everything else agrees exactly.
TOLERANCE = {"responses": 1e-6, "batteries": 1e-6}


@dataclass(frozen=True)
class Bench:
    """What is measured on, and over which range of days."""

    engines: Engines
    fleet: Fleet

    def full_run(self) -> Measured:
        """Ours: all four steps, the comparisons with the mart and the source included."""
        return run([PROGRAM, "etl", "run", "--full"], self.engines.environment | LOOKBACK)

    def plain(self, read: str) -> Measured:
        """The plain form into an empty table: what it appended before is taken away first, untimed."""
        self.engines.query("DROP TABLE IF EXISTS plain.user_prosthesis_stats SYNC")
        self.engines.settle()
        command = [sys.executable, str(HERE / "plain.py"), "--read", read]
        command += ["--from", self.fleet.start, "--to", self.fleet.end]
        return run(command, self.engines.environment)

    def group_by(self, sql: str, settings: str = "") -> Measured:
        """The bare aggregation, its result fetched by psycopg; connecting is not counted."""
        with psycopg.connect(self.engines.telemetry, options=f"{SESSION} {settings}") as connection:
            begin = time.perf_counter()
            rows = connection.execute(sql, {"start": self.fleet.start, "end": self.fleet.end}).fetchall()
            seconds = time.perf_counter() - begin
        return Measured(seconds, 0.0, 0.0, {"rows": len(rows)})


def pipeline(rows: int, repeat: int) -> dict:
    """Measures every form `repeat` times in turn and says whether they agree."""
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
        # Once unmeasured: pages, plans and the first run of a new warehouse.
        bench.group_by(COUNTED)
        bench.full_run()
        measured = {name: [] for name in forms}
        for number in range(repeat):
            # Each round begins elsewhere, so that no form always follows the same one.
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
    """The middle of each figure; zero where a form has no process of its own."""
    found = {"seconds": middle([value.seconds for value in values])}
    if values[0].peak_rss_mb:
        found["cpu_seconds"] = middle([value.cpu_seconds for value in values])
        found["peak_rss_mb"] = middle([value.peak_rss_mb for value in values])
    return found | {"last_answer": values[-1].answer}


def agreement(started: Engines, other: str) -> dict:
    """Whether the other's mart and ours hold the same cells: times of different work say nothing."""
    ours = started.query(AGREE, final="1", param_mart="reports")[0]
    # The plain form's table knows no replacing: to read it with FINAL would be refused.
    final = {} if other == "plain" else {"final": "1"}
    theirs = started.query(AGREE, **final, param_mart=other)[0]
    if any(not math.isclose(ours[name], theirs[name], rel_tol=TOLERANCE.get(name, 0)) for name in ours):
        raise SystemExit(f"bench: the forms disagree, so their times cannot be compared\n{ours}\n{theirs}")
    return ours
