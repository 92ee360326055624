"""Measures this project against its alternatives and its lower bounds in one run; prints the ratios.

`make bench` runs all of it. Everything runs on loopback, in temporary folders, with a timeout on every wait.
"""

import argparse
import sys

import report
from api import api
from beside import beside
from bff import bff
from engines import engines
from identity import identity
from losses import losses
from pipeline import pipeline
from ticks import ticks, ticks_with_history
from year import year

SIZES = {"100k": 100_000, "1m": 1_000_000, "10m": 10_000_000, "50m": 50_000_000}
PARTS = ("pipeline", "ticks", "history", "year", "losses", "api", "beside", "identity", "bff")

# The least committed rows and rounds. The quick form only shows that the bench works; its result is void.
LOSSES = (report.LEAST_COMMITTED, 8)
QUICK_LOSSES = (2_000, 1)


def main() -> None:
    flags = arguments()
    # The BFF, and reads during runs, are measured together with the API.
    if "api" in flags.only:
        flags.only += [part for part in ("beside", "bff") if part not in flags.only]
    results: dict = {}
    with engines() as started:
        results["machine"] = report.machine(started)
    quick = flags.rows == ["100k"]
    if "pipeline" in flags.only:
        repeat = flags.repeat or (1 if quick else 5)
        results["pipeline"] = {size: pipeline(SIZES[size], repeat) for size in flags.rows}
    if "ticks" in flags.only:
        repeat = flags.repeat or (2 if quick else 9)
        results["ticks"] = {size: ticks(SIZES[size], repeat) for size in flags.ticks or flags.rows}
    if "history" in flags.only and not quick:
        repeat = flags.repeat or 9
        results["history"] = {size: ticks_with_history(SIZES[size], repeat) for size in flags.history}
    if "year" in flags.only:
        results["year"] = year(SIZES[flags.rows[-1]])
    if "losses" in flags.only:
        results["losses"] = losses(*(QUICK_LOSSES if quick else LOSSES))
    if "api" in flags.only:
        people, days, requests, visitors = (500, 14, 100, 50) if quick else (20_000, 30, 2_000, 2_000)
        results["api"] = api(people, days, requests, visitors, repeat=1 if quick else 3)
    if "beside" in flags.only:
        results["beside"] = beside(*((5, 1) if quick else (20, 3)))
    if "identity" in flags.only:
        results["identity"] = identity(200 if quick else 5_000, 1 if quick else 3)
    if "bff" in flags.only:
        results["bff"] = bff(*((500, 1) if quick else (2_000, 5)))
    report.show(results)
    complete = set(flags.only) == set(PARTS) and {"1m", "10m"} <= set(flags.rows)
    if complete or flags.write:
        print(f"bench: wrote {report.write(results).name}", file=sys.stderr)
    else:
        print(
            "bench: only a part was measured: nothing written (--write does so all the same)", file=sys.stderr
        )


def arguments() -> argparse.Namespace:
    """Parses the flags; lists are separated by commas."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows",
        type=some_of(tuple(SIZES)),
        default=["1m", "10m"],
        metavar="LIST",
        help=f"sizes of the telemetry: {', '.join(SIZES)} (1m,10m unless told otherwise)",
    )
    parser.add_argument(
        "--ticks",
        type=some_of(tuple(SIZES)),
        metavar="LIST",
        help="sizes for ticks (those of --rows unless told otherwise); 50m takes 14 GB of temporary space",
    )
    parser.add_argument(
        "--history",
        type=some_of(tuple(SIZES)[1:]),
        default=["10m"],
        metavar="LIST",
        help="sizes for ticks on a long past of the people of 1m (10m unless told otherwise), up to 50m",
    )
    parser.add_argument(
        "--only",
        type=some_of(PARTS),
        default=list(PARTS),
        metavar="LIST",
        help=f"parts to measure: {', '.join(PARTS)}",
    )
    parser.add_argument(
        "--repeat", type=int, choices=range(1, 21), metavar="N", help="rounds of the pipeline's forms"
    )
    parser.add_argument("--write", action="store_true", help="write results of a partial run too")
    return parser.parse_args()


def some_of(known: tuple[str, ...]):
    """Returns a type for argparse: a comma-separated choice."""

    def parse(text: str) -> list[str]:
        chosen = text.split(",")
        if unknown := set(chosen) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: choose from {', '.join(known)}")
        return chosen

    return parse


if __name__ == "__main__":
    main()
