"""The cost of an incremental run with few new rows, by size of the table, next to dlt and the plain form."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
from engines import Engines, engines
from fleet import Fleet, fill_gaps, seed, seed_history
from measure import Measured, middle, note, run
from peer import Dlt
from pipeline import Bench, agreement, figures
from processes import PROGRAM

# New movements, and the chips that they belong to, all within a quarter of an hour: the same at every size
# from a million rows on.
NEW_ROWS = 20_000
CHIPS = 250
QUARTER_S = 900

# Beyond this, the plain form and dlt's first run take minutes and gigabytes.
OTHERS_UP_TO = 10_000_000

NOTHING_NEW = 99

ARRIVE = """
    INSERT INTO telemetry.raw_telemetry (chip_id, event_time, movement_type, response_time_ms, battery_level)
    SELECT chip_id, %(from)s + number * %(seconds)s * interval '1 second', 'grip', 40 + number %% 10, 80
    FROM unnest(%(chips)s::text[]) AS chip_id, generate_series(1, %(each)s) AS number
"""

ACTIVE = """
    SELECT DISTINCT chip_id FROM telemetry.raw_telemetry
    WHERE event_time >= (SELECT max(event_time) FROM telemetry.raw_telemetry) - interval '24 hours'
    ORDER BY chip_id LIMIT %(chips)s
"""


@dataclass
class Ticks:
    """The engines and the new rows of incremental runs."""

    engines: Engines
    chips: list[str]
    new_rows: int = NEW_ROWS
    # The beginning of the next quarter of an hour, which goes beyond the current hour as if devices' clocks
    # were ahead.
    quarter: datetime = field(
        default_factory=lambda: datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    )

    def arrive(self) -> None:
        """Inserts the movements of the next quarter of an hour, which every form finds; not timed.

        As with the real schedule, an hour gets new movements four times.
        """
        each = self.new_rows // len(self.chips)
        parameters = {
            "chips": self.chips,
            "each": each,
            "from": self.quarter,
            "seconds": QUARTER_S / (each + 1),
        }
        with psycopg.connect(self.engines.telemetry, autocommit=True) as connection:
            connection.execute(ARRIVE, parameters)
        self.quarter += timedelta(seconds=QUARTER_S)

    def full(self) -> Measured:
        """Runs our full run over the whole lookback, which leaves a baseline."""
        return run([PROGRAM, "etl", "run", "--full"], self.engines.environment)

    def tick(self) -> Measured:
        """Runs our incremental run after movements have arrived."""
        return run([PROGRAM, "etl", "run"], self.engines.environment)

    def empty(self) -> Measured:
        """Runs our incremental run when nothing has arrived."""
        return run([PROGRAM, "etl", "run"], self.engines.environment, statuses=(NOTHING_NEW,))


def ticks(rows: int, repeat: int) -> dict:
    """Measures incremental runs on a week of rows; up to `OTHERS_UP_TO` rows, also dlt and the plain form."""
    return on_fleet(seed, rows, repeat, with_others=rows <= OTHERS_UP_TO)


def ticks_with_history(rows: int, repeat: int) -> dict:
    """Measures incremental runs on `rows` rows of the smallest table's people: only the history grows."""
    return on_fleet(seed_history, rows, repeat, with_others=False)


def on_fleet(seed_fleet: Callable[[Engines, int], Fleet], rows: int, repeat: int, with_others: bool) -> dict:
    """Measures incremental runs on a fleet, and the other forms if requested."""
    note(f"ticks: {rows:,} rows")
    with engines() as started:
        fleet = seed_fleet(started, rows)
        note(f"  {fill_gaps(started):,} rows filled the gaps of its pages")
        with psycopg.connect(started.telemetry) as connection:
            chips = [chip for (chip,) in connection.execute(ACTIVE, {"chips": CHIPS})]
        ours = Ticks(started, chips)
        # The first run loads the lookback and leaves a baseline; the first incremental run warms up.
        first_runs = {"first_run": [ours.full()]}
        ours.arrive()
        ours.tick()
        orders = [{"tick": ours.tick, "empty_tick": ours.empty}]
        if with_others:
            # By id: the only cursor with an index, and the usual one for an append-only table.
            dlt = Dlt(started, "dlt_id", "id")
            first_runs["dlt_first_run"] = [dlt.tick()]
            orders = [orders[0] | {"dlt": dlt.tick}, {"dlt": dlt.tick} | orders[0]]
        measured: dict[str, list[Measured]] = {name: [] for name in orders[0]}
        for number in range(repeat):
            ours.arrive()
            for name, form in orders[number % len(orders)].items():
                started.settle()
                measured[name].append(form())
                note(f"  {name}: {measured[name][-1].seconds * 1000:.0f} ms")
        found = {"rows": fleet.rows, "people": fleet.people, "days": fleet.days, "chips": len(chips)}
        if with_others:
            found["agreement_with_dlt"] = agreement(started, "dlt_id")
            bench = Bench(started, fleet)
            measured["plain_copy"] = [bench.plain("copy") for _ in range(min(repeat, 3))]
        found["forms"] = {name: figures(values) for name, values in (measured | first_runs).items()}
        for name in ("tick", "empty_tick"):
            inside = [value.answer["duration_ms"] / 1000 for value in measured[name]]
            found["forms"][name]["seconds_inside"] = middle(inside)
        found["forms"]["tick"]["step_ms"] = steps_of(measured["tick"])
        if "dlt" in measured:
            inside = [value.answer["seconds_inside"] for value in measured["dlt"]]
            found["forms"]["dlt"]["seconds_inside"] = middle(inside)
        return found


def steps_of(ticks: list[Measured]) -> dict[str, dict]:
    """Returns the duration of each of our steps, which helps to explain an outlier among the sizes."""
    names = [step["step"] for step in ticks[0].answer["steps"]]
    return {
        name: middle(
            [step["duration_ms"] for tick in ticks for step in tick.answer["steps"] if step["step"] == name]
        )
        for name in names
    }
