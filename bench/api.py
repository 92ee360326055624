"""The Reports API's single-user day against a bare HTTP server with the same bytes, in the same run."""

import random
import socket
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engines import Engines, engines
from fleet import SEED, large_mart
from measure import high_water_kb, middle, note, run
from processes import HTTP_TOOL, PROGRAM, ready_by_health, ready_by_line

# The issuer's address is a name here and nothing that is asked: the key set has an address of its own.
ISSUER = "http://127.0.0.1/realms/bench"
LOAD_SECONDS = 60


@dataclass(frozen=True)
class Api:
    """A running Reports API, and one person's token."""

    url: str
    pid: int

    def get(self, path: str, token: str) -> bytes:
        """One answer; anything but 200 ends the bench."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            raise SystemExit(f"bench: {path} answered {error.code}: {error.read().decode()}") from None


def api(people: int, days: int, requests: int, repeat: int) -> dict:
    """Loads API and bare server in turn. Cold: each request is for another person, asked for once only."""
    note(f"api: {people:,} people with {days} days each")
    with engines() as started, tempfile.TemporaryDirectory(prefix="bionicpro-bench-") as folder:
        scratch = Path(folder)
        names, dates = large_mart(started, people, days)
        tokens = sign(scratch, names)
        with (
            serving(scratch / "keys.json") as keys,
            reports_api(started, keys) as ours,
            reports_api(started, keys, scratch / "audit") as audited,
        ):
            body = ours.get(f"/api/reports/{dates[0]}", tokens[0])
            (scratch / "body.json").write_bytes(body)
            # A first request of one person loads code and metadata; everyone else is still unasked for.
            paths = shuffled(tokens[1:], dates)
            with serving(scratch / "body.json") as bare:
                same = f"/api/reports/{dates[0]}\t{tokens[0]}"
                measured = rounds(scratch, ours, audited, bare, paths, same, requests, repeat)
            return {
                "people": people,
                "days": days,
                "mart_rows": people * days * 16,
                "body_bytes": len(body),
                "loads": measured,
                "api_peak_rss_mb": round((high_water_kb(ours.pid) or 0) / 1024),
                "warehouse_process_peak_rss_mb": round(started.warehouse_peak_mb()),
            }


def rounds(
    scratch: Path,
    ours: Api,
    audited: Api,
    bare: str,
    paths: Iterator[str],
    same: str,
    requests: int,
    repeat: int,
) -> dict:
    """Every load, `repeat` times in turn."""
    measured: dict[str, list[dict]] = {}
    for _ in range(repeat):
        for connections in (1, 8):
            cold = [next(paths) for _ in range(requests)]
            loads = {
                "cold_day": (ours.url, cold),
                "warm_day": (ours.url, [same]),
                "warm_day_audited": (audited.url, [same]),
                "bare_server": (bare, cold),
            }
            for name, (url, targets) in loads.items():
                # The bare server is done in no time: it repeats the list, so that its rate means something.
                count = requests * (10 if url == bare else 1)
                figures = load(scratch, url, targets, connections, count)
                measured.setdefault(f"{name}_{connections}", []).append(figures)
                tail, rate = figures["latency_us"]["p99"] / 1000, figures["requests_per_second"]
                note(f"  {name}, {connections} connections: {rate:,.0f}/s, p99 {tail:.2f} ms")
    return {name: summary(values) for name, values in measured.items()}


def load(
    scratch: Path,
    url: str,
    targets: list[str],
    connections: int,
    requests: int,
    more: tuple[str, ...] = (),
) -> dict:
    """One load; an answer other than 200 ends the bench, for an error is quickly given."""
    file = scratch / "targets"
    file.write_text("\n".join(targets) + "\n")
    limits = ["--requests", str(requests), "--seconds", str(LOAD_SECONDS), "--connections", str(connections)]
    figures = run([HTTP_TOOL, "load", url, "--targets", str(file), *limits, *more]).answer
    if figures["errors"]:
        raise SystemExit(f"bench: {figures['errors']} errors: {figures['statuses']} {figures['failures']}")
    return figures


def summary(values: list[dict]) -> dict:
    """The middle of each figure over the repetitions."""
    found = {"requests": sum(value["requests"] for value in values)}
    found["requests_per_second"] = middle([value["requests_per_second"] for value in values])
    for name in ("p50", "p90", "p99", "p99_9", "max"):
        found[f"{name}_ms"] = middle([value["latency_us"][name] / 1000 for value in values])
    return found


def shuffled(tokens: list[str], dates: list[str]) -> Iterator[str]:
    """A request per person, in any order of people and days, the same one each time."""
    chance = random.Random(SEED)
    chance.shuffle(tokens)
    return (f"/api/reports/{chance.choice(dates)}\t{token}" for token in tokens)


def sign(scratch: Path, names: list[str]) -> list[str]:
    """A token per person; the key set lies beside them."""
    (scratch / "names").write_text("\n".join(names) + "\n")
    files = ["--names", "names", "--key-set", "keys.json", "--tokens", "tokens"]
    files = [str(scratch / part) if not part.startswith("--") else part for part in files]
    run([HTTP_TOOL, "tokens", "--issuer", ISSUER, *files])
    return (scratch / "tokens").read_text().split()


@contextmanager
def serving(body: Path) -> Iterator[str]:
    """A bare server that answers with the file, whatever it is asked."""
    with ready_by_line([HTTP_TOOL, "serve", "--body", str(body)]) as (_, ready):
        yield ready["url"]


@contextmanager
def reports_api(started: Engines, keys: str, audit: Path | None = None) -> Iterator[Api]:
    """`bionicpro serve api`, as in production except for who signs; with an access log in the folder."""
    listen = f"127.0.0.1:{free_port()}"
    store = tempfile.TemporaryDirectory(prefix="bionicpro-bench-")
    environment = started.environment | {
        "BIONICPRO_API_LISTEN": listen,
        "BIONICPRO_API_METRICS_LISTEN": f"127.0.0.1:{free_port()}",
        # The warm load is one person who asks thousands of times.
        "BIONICPRO_API_REQUESTS_PER_MINUTE": "4000000000",
        "BIONICPRO_OIDC_ISSUER": ISSUER,
        "BIONICPRO_OIDC_JWKS_URL": f"{keys}/keys",
        "BIONICPRO_STORE_URL": f"file://{store.name}",
        **({"BIONICPRO_AUDIT_FOLDER": str(audit)} if audit else {}),
    }
    ready = ready_by_health([PROGRAM, "serve", "api"], environment, f"http://{listen}/health/ready")
    with store, ready as pid:
        yield Api(f"http://{listen}", pid)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
