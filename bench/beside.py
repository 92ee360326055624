"""Reads of people's days, concurrent with runs every few seconds that bring some of them new movements."""

import tempfile
import threading
import time
from pathlib import Path

import psycopg
from api import load, reports_api, serving, sign
from engines import engines
from fleet import seed
from measure import middle, note
from ticks import ACTIVE, Ticks

ROWS = 1_000_000
CHANGED_PEOPLE = 25
MOVEMENTS_EACH = 8
EVERY_S = 3.0
CONNECTIONS = 8
# More requests than any machine can serve in the time of a load.
NO_LIMIT = 100_000_000

PEOPLE = """
    SELECT ldap_username AS name, toString(max(date)) AS newest FROM reports.user_prosthesis_stats FINAL
    WHERE ldap_username != '' GROUP BY name ORDER BY name
"""


class Schedule(threading.Thread):
    """Starts runs at a fixed interval until it is stopped, each after new movements of some people."""

    def __init__(self, ticks: Ticks) -> None:
        super().__init__()
        self.ticks = ticks
        self.done = threading.Event()
        self.seconds: list[float] = []
        self.failed: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.done.is_set():
                begun = time.monotonic()
                self.ticks.arrive()
                self.seconds.append(self.ticks.tick().seconds)
                self.done.wait(max(0, EVERY_S - (time.monotonic() - begun)))
        except (Exception, SystemExit) as error:
            self.failed = error

    def end(self) -> None:
        """Waits for the last run; a failed one ends the bench."""
        self.done.set()
        self.join()
        if self.failed:
            raise self.failed


def beside(seconds: int, repeat: int) -> dict:
    """Measures reads of all people's newest days, alternately alone and concurrent with runs."""
    note(f"beside: {CHANGED_PEOPLE} people move every {EVERY_S:.0f} s while all read")
    with engines() as started, tempfile.TemporaryDirectory(prefix="bionicpro-bench-") as folder:
        seed(started, ROWS)
        with psycopg.connect(started.telemetry) as connection:
            chips = [chip for (chip,) in connection.execute(ACTIVE, {"chips": CHANGED_PEOPLE})]
        ticks = Ticks(started, chips, CHANGED_PEOPLE * MOVEMENTS_EACH)
        ticks.full()
        ticks.arrive()
        ticks.tick()
        scratch = Path(folder)
        people = started.query(PEOPLE)
        tokens = sign(scratch, [person["name"] for person in people])
        days = [
            f"/api/reports/{person['newest']}?tz=UTC\t{token}"
            for person, token in zip(people, tokens, strict=True)
        ]
        found: dict[str, list[dict]] = {"alone": [], "beside": []}
        runs: list[float] = []
        with serving(scratch / "keys.json") as keys, reports_api(started, keys) as ours:
            load(scratch, ours.url, days, CONNECTIONS, len(days))
            for number in range(2 * repeat):
                way = ("alone", "beside")[number % 2]
                schedule = Schedule(ticks)
                if way == "beside":
                    schedule.start()
                try:
                    found[way].append(load(scratch, ours.url, days, CONNECTIONS, NO_LIMIT, seconds=seconds))
                finally:
                    if way == "beside":
                        schedule.end()
                runs += schedule.seconds
                figures = found[way][-1]
                tail, rate = figures["latency_us"]["p99"] / 1000, figures["requests_per_second"]
                note(f"  {way}: {rate:,.0f}/s, p99 {tail:.2f} ms")
        return {
            "people": len(people),
            "changed_people": CHANGED_PEOPLE,
            "every_s": EVERY_S,
            "run_seconds": middle(runs),
            **{
                way: {
                    "requests_per_second": middle([one["requests_per_second"] for one in values]),
                    "p99_ms": middle([one["latency_us"]["p99"] / 1000 for one in values]),
                }
                for way, values in found.items()
            },
        }
