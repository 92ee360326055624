"""The Reports API against the baseline implementation and a bare server with the same bytes, in one run."""

import json
import random
import socket
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from engines import Engines, engines
from fleet import SEED, large_mart, ordered_by_login
from measure import high_water_kb, middle, note, resident_kb, run
from processes import BASELINE_PYTHON, HTTP_TOOL, PROGRAM, ROOT, ready_by_health, ready_by_line

# The issuer's address is only a name here and never requested: the key set has another address.
ISSUER = "http://127.0.0.1/realms/bench"
LOAD_SECONDS = 60
# The time limit of a load of visits. No load should reach it, since visits are measured completely.
VISITS_SECONDS = 600

# A visit: each kind of request that the web app (web/src) sends about a person, once, in its order and with
# its parameters. The app also requests /api/periods, which is the same for all people, the day before the
# shown one, and the days of the two periods. It never requests /api/reports/usual, which is part of a day's
# report.
PAGES = (
    # Opening the app: the person's preferences and prostheses, and the freshness of the data.
    "/api/preferences",
    "/api/prostheses",
    "/api/freshness?tz=UTC",
    # Home and the Day page: the newest day with data.
    "/api/reports?limit=1&tz=UTC",
    "/api/reports/{newest}?tz=UTC",
    # Trends: the server chooses the period, with which the rest is requested.
    "/api/reports/days?tz=UTC",
    "/api/reports/summary?from={month}&to={tomorrow}&tz=UTC",
    "/api/reports/typical?from={month}&to={tomorrow}&tz=UTC",
    # Compare: the calendar, then the last complete week against the one before it.
    "/api/calendar/{today}?tz=UTC",
    "/api/reports/compare?a_from={fortnight}&a_to={week}&b_from={week}&b_to={today}&tz=UTC",
)

# The tables of the baseline implementation: the mart, and a copy sorted by login name and day.
BASELINE_TABLES = {"mart": "reports.user_prosthesis_stats", "by_login": "baseline.user_prosthesis_stats"}


@dataclass(frozen=True)
class Api:
    """A running service, ours or the baseline implementation."""

    url: str
    pid: int

    def get(self, path: str, token: str) -> tuple[bytes, str | None]:
        """Returns a response and its entity tag; any status but 200 ends the bench."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.read(), response.headers["ETag"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"bench: {path} answered {error.code}: {error.read().decode()}") from None


@dataclass(frozen=True)
class Load:
    """The target server, the requests and the limits of one load."""

    url: str
    targets: list[str]
    requests: int
    flags: tuple[str, ...] = ()
    seconds: int = LOAD_SECONDS


@dataclass(frozen=True)
class Doors:
    """The servers: our API without and with an access log, the baseline on two tables, the bare server."""

    ours: str
    audited: str
    baseline: dict[str, str]
    bare: str


def api(people: int, days: int, requests: int, visitors: int, repeat: int) -> dict:
    """Measures every load in turn. Cold loads and visits use each person only once."""
    note(f"api: {people:,} people with {days} days each")
    with engines() as started, tempfile.TemporaryDirectory(prefix="bionicpro-bench-") as folder:
        scratch = Path(folder)
        names, dates = large_mart(started, people, days)
        ordered_by_login(started)
        tokens = sign(scratch, names)
        with (
            serving(scratch / "keys.json") as keys,
            reports_api(started, keys) as ours,
            reports_api(started, keys, {"BIONICPRO_AUDIT_FOLDER": str(scratch / "audit")}) as audited,
            baseline(started, keys, BASELINE_TABLES["mart"]) as mart,
            baseline(started, keys, BASELINE_TABLES["by_login"]) as by_login,
        ):
            path = f"/api/reports/{dates[0]}"
            body, tag = ours.get(path, tokens[0])
            if tag is None:
                raise SystemExit(f"bench: {path} carries no ETag: 304 cannot be measured")
            for other in (mart, by_login):
                agree(body, other.get(path, tokens[0])[0])
            (scratch / "body.json").write_bytes(body)
            # The first request, for one person, loads code and metadata; all other people are still cold.
            strangers = shuffled(tokens[1:])
            with serving(scratch / "body.json", tag) as bare:
                doors = Doors(ours.url, audited.url, {"mart": mart.url, "by_login": by_login.url}, bare)
                measured: dict[str, list[dict]] = {}
                for _ in range(repeat):
                    for connections in (1, 8):
                        cold = cold_days(islice(strangers, requests), dates)
                        same = f"{path}\t{tokens[0]}"
                        loads = day_loads(doors, cold, same, requests)
                        if connections == 8:
                            loads |= floors(doors, same, known_already(scratch, tag), requests)
                            loads["visit"] = visits(doors, dates, list(islice(strangers, visitors // repeat)))
                        measure(scratch, loads, connections, measured)
            peaks = {"api_peak_rss_mb": round((high_water_kb(ours.pid) or 0) / 1024)}
            return {
                "people": people,
                "days": days,
                "mart_rows": people * days * 16,
                "body_bytes": len(body),
                "visit_people": visitors // repeat * repeat,
                "visit_requests": len(PAGES),
                "loads": {name: summary(values) for name, values in measured.items()},
                "memory_mb": memory(scratch, started, keys, tokens),
                **peaks,
                "warehouse_process_peak_rss_mb": round(started.warehouse_peak_mb()),
            }


def day_loads(doors: Doors, cold: list[str], same: str, requests: int) -> dict[str, Load]:
    """Returns the loads of one person's day. Fast ones have more requests, those without a cache fewer."""
    often, seldom = 10 * requests, requests // 4
    loads = {
        "cold_day": Load(doors.ours, cold, requests),
        "warm_day": Load(doors.ours, [same], often),
        "warm_day_audited": Load(doors.audited, [same], often),
        "bare_server": Load(doors.bare, cold, often),
    }
    for form, url in doors.baseline.items():
        loads[f"baseline_{form}_cold_day"] = Load(url, cold, seldom)
        loads[f"baseline_{form}_warm_day"] = Load(url, [same], seldom)
    return loads


def floors(doors: Doors, same: str, known: tuple[str, ...], requests: int) -> dict[str, Load]:
    """Returns the floors: liveness checks, and 304 responses of our API and of the bare server."""
    often = 10 * requests
    return {
        "health_live": Load(doors.ours, ["/health/live"], often),
        "not_modified": Load(doors.ours, [same], often, known),
        "bare_not_modified": Load(doors.bare, [same], often, known),
    }


def visits(doors: Doors, dates: list[str], tokens: list[str]) -> Load:
    """Returns the load of visits: each person once, all pages in order on one connection."""
    pages = [page.format(**days_of_a_visit(dates)) for page in PAGES]
    targets = [f"{page}\t{token}" for token in tokens for page in pages]
    return Load(doors.ours, targets, len(targets), ("--group", str(len(pages))), VISITS_SECONDS)


def days_of_a_visit(dates: list[str]) -> dict[str, str]:
    """Returns the days that the app learns from the server. The newest with data is yesterday."""
    today = date.fromisoformat(dates[0]) + timedelta(days=1)
    back = {"tomorrow": -1, "today": 0, "newest": 1, "week": 7, "fortnight": 14, "month": 29}
    return {name: (today - timedelta(days=days)).isoformat() for name, days in back.items()}


def measure(scratch: Path, loads: dict[str, Load], connections: int, measured: dict[str, list[dict]]) -> None:
    """Runs each load once and appends its figures to those of earlier rounds."""
    for name, one in loads.items():
        figures = load(scratch, one.url, one.targets, connections, one.requests, one.flags, one.seconds)
        measured.setdefault(f"{name}_{connections}", []).append(figures)
        tail, rate = figures["latency_us"]["p99"] / 1000, figures["requests_per_second"]
        note(f"  {name}, {connections} connections: {rate:,.0f}/s, p99 {tail:.2f} ms")


def memory(scratch: Path, started: Engines, keys: str, tokens: list[str]) -> dict:
    """Measures a new process's memory after reading all days of a twentieth, and of half, of the people."""
    # Large enough that nothing is evicted.
    with reports_api(started, keys, {"BIONICPRO_API_CACHE_MB": "4000"}) as ours:
        idle, held, read = resident_mb(ours), {}, 0
        for people in (len(tokens) // 20, len(tokens) // 2):
            while read < people:
                targets = [f"/api/reports/summary?tz=UTC\t{token}" for token in tokens[read:people]]
                # A load ends after its time limit, even if some targets are left.
                read += load(scratch, ours.url, targets, 8, len(targets))["requests"]
            held[str(people)] = resident_mb(ours)
            note(f"  {held[str(people)]} MB with {people:,} people read")
    return {"idle": idle, "people": held}


def resident_mb(api: Api) -> int:
    """Returns the resident memory of the service's process."""
    return round((resident_kb(api.pid) or 0) / 1024)


def agree(ours: bytes, other: bytes) -> None:
    """Checks that the baseline's day equals ours: the same hours and the same sums."""
    days = []
    for day in (json.loads(ours), json.loads(other)):
        sums = [day["summary"][name] for name in ("total_movements", "total_errors", "uptime_hours")]
        # The baseline does not name the zone, which is UTC.
        hours = [
            (hour["hour"].removesuffix("Z"), hour["movements_count"], hour["error_count"])
            for hour in day["hourly_data"]
        ]
        days.append((sums, hours))
    if days[0] != days[1]:
        raise SystemExit("bench: the baseline implementation and the API give different days")


def known_already(scratch: Path, tag: str) -> tuple[str, ...]:
    """Returns the flags of a load of conditional requests: any status but 304 is an error."""
    file = scratch / "known"
    file.write_text(f"if-none-match: {tag}\n")
    return ("--headers", str(file), "--status", "304")


def load(
    scratch: Path,
    url: str,
    targets: list[str],
    connections: int,
    requests: int,
    more: tuple[str, ...] = (),
    seconds: int = LOAD_SECONDS,
) -> dict:
    """Runs one load. An unexpected status ends the bench, because errors are returned faster."""
    file = scratch / "targets"
    file.write_text("\n".join(targets) + "\n")
    limits = ["--requests", str(requests), "--seconds", str(seconds), "--connections", str(connections)]
    figures = run([HTTP_TOOL, "load", url, "--targets", str(file), *limits, *more]).answer
    if figures["errors"]:
        raise SystemExit(f"bench: {figures['errors']} errors: {figures['statuses']} {figures['failures']}")
    return figures


def summary(values: list[dict]) -> dict:
    """Returns the median and range of each figure over the repetitions."""
    found = {"requests": sum(value["requests"] for value in values)}
    found["requests_per_second"] = middle([value["requests_per_second"] for value in values])
    for name in ("p50", "p90", "p99", "p99_9", "max"):
        found[f"{name}_ms"] = middle([value["latency_us"][name] / 1000 for value in values])
    return found


def shuffled(tokens: list[str]) -> Iterator[str]:
    """Returns the people in a random order that is the same each time."""
    random.Random(SEED).shuffle(tokens)
    return iter(tokens)


def cold_days(tokens: Iterator[str], dates: list[str]) -> list[str]:
    """Returns a request per person, for a random day."""
    chance = random.Random(SEED)
    return [f"/api/reports/{chance.choice(dates)}\t{token}" for token in tokens]


def sign(scratch: Path, names: list[str]) -> list[str]:
    """Signs a token per person, and writes the key set next to them."""
    (scratch / "names").write_text("\n".join(names) + "\n")
    files = ["--names", "names", "--key-set", "keys.json", "--tokens", "tokens"]
    files = [str(scratch / part) if not part.startswith("--") else part for part in files]
    run([HTTP_TOOL, "tokens", "--issuer", ISSUER, *files])
    return (scratch / "tokens").read_text().split()


@contextmanager
def serving(body: Path, tag: str | None = None) -> Iterator[str]:
    """Starts a bare server that responds to any request with the file, or with 304 to the entity tag."""
    tagged = ["--etag", tag] if tag else []
    with ready_by_line([HTTP_TOOL, "serve", "--body", str(body), *tagged]) as (_, ready):
        yield ready["url"]


@contextmanager
def reports_api(started: Engines, keys: str, more: Mapping[str, str] | None = None) -> Iterator[Api]:
    """Starts `bionicpro serve api` as in production, except for the issuer, the rate limit and `more`."""
    listen = f"127.0.0.1:{free_port()}"
    store = tempfile.TemporaryDirectory(prefix="bionicpro-bench-")
    environment = started.environment | {
        "BIONICPRO_API_LISTEN": listen,
        "BIONICPRO_API_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
        # In the warm load, one person sends thousands of requests.
        "BIONICPRO_API_REQUESTS_PER_MINUTE": "4000000000",
        "BIONICPRO_OIDC_ISSUER": ISSUER,
        "BIONICPRO_OIDC_JWKS_URL": f"{keys}/keys",
        "BIONICPRO_STORE_URL": f"file://{store.name}",
        **(more or {}),
    }
    ready = ready_by_health([PROGRAM, "serve", "api"], environment, f"http://{listen}/health/ready")
    with store, ready as pid:
        yield Api(f"http://{listen}", pid)


@contextmanager
def baseline(started: Engines, keys: str, table: str) -> Iterator[Api]:
    """Starts the baseline implementation in one uvicorn worker, reading the table."""
    port = free_port()
    command = [BASELINE_PYTHON, "-m", "uvicorn", "service:app", "--app-dir", str(ROOT / "bench" / "baseline")]
    # Without an access log, like ours.
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--no-access-log"]
    environment = started.environment | {
        "BIONICPRO_OIDC_ISSUER": ISSUER,
        "BIONICPRO_OIDC_JWKS_URL": f"{keys}/keys",
        "BASELINE_TABLE": table,
    }
    url = f"http://127.0.0.1:{port}"
    with ready_by_health(command, environment, f"{url}/health") as pid:
        yield Api(url, pid)


def free_port() -> int:
    """Returns a port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
