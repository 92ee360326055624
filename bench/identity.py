"""What knowing who is calling costs: the check of a token, and bad tokens beside good ones."""

import random
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from api import load, reports_api, serving, sign
from engines import engines
from fleet import SEED, large_mart
from measure import middle, note, run
from processes import HTTP_TOOL

# What the flood must not slow: people who ask at a rate that leaves the machine some room.
VALID_PER_SECOND = 40
VALID_SECONDS = 20

# Bad tokens come as fast as they are refused, over so many connections.
BAD_CONNECTIONS = 8


def identity(people: int, repeat: int) -> dict:
    """The check alone, then through the API: people alone, and the same beside a flood of bad tokens."""
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
            alone, beside, flood = [], [], []
            valid = ("--rate", str(VALID_PER_SECOND))
            requests = VALID_PER_SECOND * VALID_SECONDS
            load(scratch, ours.url, good, 4, requests)
            for _ in range(repeat):
                alone.append(load(scratch, ours.url, good, 4, requests, valid))
                with ThreadPoolExecutor(1) as pool:
                    flooding = pool.submit(refused, scratch, ours.url, bad)
                    beside.append(load(scratch, ours.url, good, 4, requests, valid))
                    flood.append(flooding.result())
                beside_flood = f"{p99(beside[-1]):.1f} ms beside {flood[-1]:,.0f} bad tokens a second"
                note(f"  p99 {p99(alone[-1]):.1f} ms alone, {beside_flood}")
    return found | {
        "flood": {
            "people": people,
            "valid_per_second": VALID_PER_SECOND,
            "alone_p99_ms": middle([p99(figures) for figures in alone]),
            "beside_p99_ms": middle([p99(figures) for figures in beside]),
            "bad_per_second": middle(flood),
        }
    }


def broken(token: str, number: int) -> str:
    """A bad token of one of five kinds, each with another reason to be refused."""
    header, payload, signature = token.split(".")
    return [
        f"{header}.{payload}.{signature[::-1]}",
        f"{header}.{payload[::-1]}.{signature}",
        "x" * 2_000,
        f"{header}.{payload}",
        f"eyJhbGciOiJub25lIn0.{payload}.{signature}",
    ][number % 5]


def refused(scratch: Path, url: str, targets: list[str]) -> float:
    """How many bad tokens a second were refused; one that was let in ends the bench."""
    file = scratch / "bad"
    file.write_text("\n".join(targets) + "\n")
    bounds = {"--seconds": VALID_SECONDS, "--connections": BAD_CONNECTIONS, "--requests": 10_000_000}
    limits = [str(part) for bound in bounds.items() for part in bound]
    figures = run([HTTP_TOOL, "load", url, "--targets", str(file), *limits]).answer
    if figures["ok"] or figures["failures"] or set(figures["statuses"]) - {"401", "429"}:
        raise SystemExit(f"bench: bad tokens were answered {figures['statuses']} {figures['failures']}")
    return figures["requests_per_second"]


def p99(figures: dict) -> float:
    """In milliseconds."""
    return figures["latency_us"]["p99"] / 1000
