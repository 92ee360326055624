"""Rows lost and counted twice while nine writers commit out of order: our pipeline and dlt on the same rows.

The result is read from the marts: their movements are compared with the rows in the source after everything
has been committed and every pipeline has run once more.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psycopg
from engines import Engines, engines
from fleet import seed
from measure import Measured, middle, note, run
from peer import Dlt
from processes import PROGRAM

SEED = 20240115
WRITERS = 9
ROWS_AT_ONCE = 10
TIMES = 5
AT_MOST_S = 600

# The time for which a transaction is open, in seconds. One in forty is a batch job, or waits for a lock.
USUAL_S = (0.1, 1.5)
LONG_S = 8.0
LONG_ONE_IN = 40
ROLLED_BACK_ONE_IN = 11

NOTHING_NEW = 99

WRITE = """
    INSERT INTO telemetry.raw_telemetry (chip_id, event_time, movement_type, response_time_ms, battery_level)
    SELECT chip_id, now() AT TIME ZONE 'UTC' - %(back)s * interval '1 minute' - number * interval '1 second',
           'grip', 40 + number %% 10, 80
    FROM unnest(%(chips)s::text[]) WITH ORDINALITY AS chosen (chip_id, number)
"""

SOURCE_CELLS = """
    SELECT chip_id || ' ' || extract(epoch FROM date_trunc('hour', event_time))::bigint, count(*)
    FROM telemetry.raw_telemetry WHERE chip_id = ANY (%(chips)s)
    GROUP BY chip_id, date_trunc('hour', event_time)
"""

MART_CELLS = """
    SELECT concat(chip_id, ' ', toString(toUnixTimestamp(hour))) AS cell, sum(movements_count) AS movements
    FROM {mart:Identifier}.user_prosthesis_stats GROUP BY cell
"""


@dataclass
class Writers:
    """Nine sessions that write until they are stopped, and the number of rows that they have committed."""

    url: str
    chips: list[str]
    stop: threading.Event = field(default_factory=threading.Event)
    committed: list[int] = field(default_factory=lambda: [0] * WRITERS)
    rolled_back: list[int] = field(default_factory=lambda: [0] * WRITERS)
    failed: list[Exception] = field(default_factory=list)

    def start(self) -> list[threading.Thread]:
        threads = [threading.Thread(target=self.write, args=(number,)) for number in range(WRITERS)]
        for thread in threads:
            thread.start()
        return threads

    def write(self, number: int) -> None:
        """Runs one writer; stores its failure for the main thread."""
        dice = random.Random(SEED + number)
        try:
            with psycopg.connect(self.url) as connection:
                while not self.stop.is_set():
                    self.transaction(connection, number, dice)
        except Exception as error:
            self.failed.append(error)

    def transaction(self, connection: psycopg.Connection, number: int, dice: random.Random) -> None:
        """Writes a few rows at a time, spread over the transaction's duration, the first at its beginning."""
        is_long = dice.randrange(LONG_ONE_IN) == 0
        pause = (LONG_S if is_long else dice.uniform(*USUAL_S)) / TIMES
        for _ in range(TIMES):
            chips = dice.choices(self.chips, k=ROWS_AT_ONCE)
            connection.execute(WRITE, {"chips": chips, "back": dice.randrange(48 * 60)})
            connection.execute("SELECT pg_sleep(%s)", (pause,))
        if dice.randrange(ROLLED_BACK_ONE_IN) == 0:
            connection.rollback()
            self.rolled_back[number] += ROWS_AT_ONCE * TIMES
        else:
            connection.commit()
            self.committed[number] += ROWS_AT_ONCE * TIMES


def losses(least_committed: int, least_rounds: int) -> dict:
    """Runs every pipeline in turn, as one process each, until enough is committed; once more; then counts."""
    note(f"losses: nine writers, {least_committed:,} rows or more")
    with engines() as started:
        seed(started, 100_000)
        with psycopg.connect(started.crm) as connection:
            chips = [chip for (chip,) in connection.execute("SELECT chip_id FROM crm.prostheses")]
        pipelines = {
            "dlt_id": Dlt(started, "dlt_id", "id"),
            "dlt_created_at": Dlt(started, "dlt_created_at", "created_at"),
            "dlt_lag_5s": Dlt(started, "dlt_lag_5s", "created_at", lag_s=5),
            "dlt_lag_60s": Dlt(started, "dlt_lag_60s", "created_at", lag_s=60),
        }
        command = [PROGRAM, "etl", "run"]
        forms: dict[str, Callable[[], Measured]] = {
            "ours": lambda: run(command, started.environment, statuses=(0, NOTHING_NEW)),
            **{name: pipeline.tick for name, pipeline in pipelines.items()},
        }
        # Every pipeline loads the rows that exist before the writers start.
        for form in forms.values():
            form()
        before = sum(source_cells(started, chips).values())
        writers = Writers(started.telemetry, chips)
        ticks = ticks_while_written(writers, forms, least_committed, least_rounds)
        rounds = len(ticks["ours"])
        for form in forms.values():
            form()
        truth = source_cells(started, chips)
        committed = sum(writers.committed)
        if sum(truth.values()) - before != committed:
            raise SystemExit("bench: the source does not hold what the writers committed")
        note(f"  {committed:,} rows committed, {sum(writers.rolled_back):,} rolled back, {rounds} rounds")
        found = {}
        for name in forms:
            missed, twice = compared(truth, mart_cells(started, "reports" if name == "ours" else name))
            note(f"  {name}: {missed:,} missed, {twice:,} counted twice")
            seconds = middle([tick.seconds for tick in ticks[name]])
            found[name] = {"missed": missed, "counted_twice": twice, "tick_seconds": seconds}
        return {
            "committed": committed,
            "rolled_back": sum(writers.rolled_back),
            "rounds": rounds,
            "forms": found,
        }


def ticks_while_written(
    writers: Writers, forms: Mapping[str, Callable[[], Measured]], least_committed: int, least_rounds: int
) -> dict[str, list[Measured]]:
    """Measures the incremental runs of each pipeline; each round begins with another one."""
    ticks: dict[str, list[Measured]] = {name: [] for name in forms}
    rounds = 0
    deadline = time.monotonic() + AT_MOST_S
    threads = writers.start()
    try:
        while sum(writers.committed) < least_committed or rounds < least_rounds:
            names = list(forms)[rounds % len(forms) :] + list(forms)[: rounds % len(forms)]
            for name in names:
                ticks[name].append(forms[name]())
            rounds += 1
            if writers.failed or time.monotonic() > deadline:
                raise SystemExit(f"bench: the writers did not get far enough: {writers.failed}")
    finally:
        writers.stop.set()
        for thread in threads:
            thread.join()
    return ticks


def source_cells(started: Engines, chips: list[str]) -> dict[str, int]:
    """Returns the number of rows by chip and hour, for chips with an owner."""
    with psycopg.connect(started.telemetry, options="-c TimeZone=UTC -c work_mem=256MB") as connection:
        return dict(connection.execute(SOURCE_CELLS, {"chips": chips}).fetchall())


def mart_cells(started: Engines, mart: str) -> dict[str, int]:
    """Returns the movements by chip and hour, as a reader of the mart sums them up."""
    rows = started.query(MART_CELLS, final="1", param_mart=mart)
    return {row["cell"]: row["movements"] for row in rows}


def compared(truth: Mapping[str, int], mart: Mapping[str, int]) -> tuple[int, int]:
    """Returns rows missed and rows in excess, compared by cell: they never cancel out across cells."""
    differences = [truth.get(cell, 0) - mart.get(cell, 0) for cell in truth.keys() | mart.keys()]
    return sum(max(0, number) for number in differences), sum(max(0, -number) for number in differences)
