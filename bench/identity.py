"""The cost of authentication: the verification of a token, and bad tokens concurrent with good ones."""

import random
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api import load, reports_api, serving, sign
from engines import engines
from fleet import SEED, large_mart
from measure import middle, note, run
from processes import HTTP_TOOL

# The load that the flood must not slow down: requests at a fraction of this machine's capacity. At full
# capacity, their waiting for each other would dominate.
VALID_SHARE = 0.25
VALID_CONNECTIONS = 4
CAPACITY_REQUESTS = 500
VALID_SECONDS = 30

# Bad tokens are sent as fast as they are refused, over this many connections.
BAD_CONNECTIONS = 32

# The source addresses of bad tokens. Good ones come from the address `same`.
SOURCES = {"elsewhere": "127.0.0.2", "same": "127.0.0.1"}


def identity(people: int, repeat: int) -> dict:
    """Measures the verification alone, then requests to the API, alone and during a flood of bad tokens."""
    note("identity: the check of a token")
    verify = run([HTTP_TOOL, "verify"]).answer
    found = {"verify": {name: middle(values) for name, values in verify.items()}}
    note(f"identity: {people:,} people beside a flood of bad tokens")
    with engines() as started, tempfile.TemporaryDirectory(prefix="bionicpro-bench-") as folder:
        scratch = Path(folder)
        names, dates = large_mart(started, people, 3)
        tokens = sign(scratch, names)
        with serving(scratch / "keys.json") as keys, reports_api(started, keys) as ours:
            chance = random.Random(SEED)
            good = [f"/api/reports/{chance.choice(dates)}\t{token}" for token in tokens]
            bad = [f"/api/reports/{dates[0]}\t{broken(token, number)}" for number, token in enumerate(tokens)]
            return found | {"flood": {"people": people} | flood(scratch, ours.url, good, bad, repeat)}


def flood(scratch: Path, url: str, good: list[str], bad: list[str], repeat: int) -> dict:
    """Measures good requests alone, and during a flood from another and from the same address, in turn."""
    most = capacity(scratch, url, good)
    rate = max(1, round(most * VALID_SHARE))
    note(f"  {most:,.0f} good requests a second at most; people ask {rate} a second")
    tails: dict[str, list[float]] = {name: [] for name in ("alone", *SOURCES)}
    refusals: dict[str, list[float]] = {name: [] for name in SOURCES}
    for number in range(repeat):
        for name in turned(list(tails), number):
            with ThreadPoolExecutor(1) as pool:
                if name in SOURCES:
                    flooding = pool.submit(refused, scratch, url, bad, SOURCES[name])
                valid = ("--rate", str(rate))
                figures = load(scratch, url, good, VALID_CONNECTIONS, rate * VALID_SECONDS, valid)
                tails[name].append(p99(figures))
                if name in SOURCES:
                    refusals[name].append(flooding.result())
        alone = tails["alone"][-1]
        note(f"  p99 {alone:.1f} ms alone")
        for name in SOURCES:
            beside, bad_rate = tails[name][-1], refusals[name][-1]
            note(f"  {beside:.1f} ms, {beside / alone:.2f} times, beside {bad_rate:,.0f} refusals/s, {name}")
    return {
        "most_per_second": most,
        "valid_per_second": rate,
        "bad_connections": BAD_CONNECTIONS,
        "alone_p99_ms": middle(tails["alone"]),
        **{f"{name}_p99_ms": middle(tails[name]) for name in SOURCES},
        **{f"{name}_bad_per_second": middle(refusals[name]) for name in SOURCES},
    }


def capacity(scratch: Path, url: str, good: list[str]) -> float:
    """Returns the rate of good requests a second without a limit; the first round warms up."""
    rates = [load(scratch, url, good, VALID_CONNECTIONS, CAPACITY_REQUESTS) for _ in range(2)]
    return rates[-1]["requests_per_second"]


def turned(names: list[str], number: int) -> list[str]:
    """Returns the names rotated, so that each round begins with another one."""
    at = number % len(names)
    return names[at:] + names[:at]


def broken(token: str, number: int) -> str:
    """Returns a bad token of one of five kinds, each refused for a different reason."""
    header, payload, signature = token.split(".")
    return [
        f"{header}.{payload}.{signature[::-1]}",
        f"{header}.{payload[::-1]}.{signature}",
        "x" * 2_000,
        f"{header}.{payload}",
        f"eyJhbGciOiJub25lIn0.{payload}.{signature}",
    ][number % 5]


def refused(scratch: Path, url: str, targets: list[str], source: str) -> float:
    """Returns the number of bad tokens refused a second; one that is accepted ends the bench."""
    file = scratch / "bad"
    file.write_text("\n".join(targets) + "\n")
    bounds = {"--seconds": VALID_SECONDS, "--connections": BAD_CONNECTIONS, "--requests": 10_000_000}
    limits = [str(part) for bound in bounds.items() for part in bound]
    figures = run([HTTP_TOOL, "load", url, "--targets", str(file), "--from", source, *limits]).answer
    if figures["ok"] or figures["failures"] or set(figures["statuses"]) - {"401", "429"}:
        raise SystemExit(f"bench: bad tokens were answered {figures['statuses']} {figures['failures']}")
    return figures["requests_per_second"]


def p99(figures: dict) -> float:
    """Returns the 99th percentile in milliseconds."""
    return figures["latency_us"]["p99"] / 1000
