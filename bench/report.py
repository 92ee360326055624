"""The results as a table of ratios, as JSON and as the page `results/README.md`."""

import json
import os
import platform
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

import psycopg
from engines import Engines
from processes import BASELINE_PYTHON, DLT_PYTHON, PROGRAM, ROOT

RESULTS = ROOT / "bench" / "results"

LEAST_COMMITTED = 30_000

# Parts that must come from one run: incremental runs on a long history are compared with those on the
# smallest table.
TOGETHER = (
    ("pipeline",),
    ("ticks", "history"),
    ("year",),
    ("losses",),
    ("api",),
    ("beside",),
    ("identity",),
    ("bff",),
)

PAGE = """<!-- Written by `make bench`. -->
# Results

{runs}

{aims}

{table}

Every figure, with its range over the repetitions, is in the JSON file of its day. How to read them:
[../README.md](../README.md).
"""


def machine(started: Engines) -> dict:
    """Returns the machine's size and the versions of the software; nothing that identifies the machine."""
    with psycopg.connect(started.telemetry) as connection:
        postgresql = connection.execute("SHOW server_version").fetchone()[0]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9),
        "system": f"{platform.system()} {platform.machine()}",
        "kernel": platform.release(),
        "postgresql": postgresql,
        "clickhouse": started.query("SELECT version() AS version")[0]["version"],
        "bionicpro": output([PROGRAM, "--version"]).split()[-1],
        "commit": commit(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("psycopg", "pandas", "clickhouse-connect")},
        "dlt": version_in(DLT_PYTHON, "dlt"),
        **{name: version_in(BASELINE_PYTHON, name) for name in ("fastapi", "uvicorn", "python-jose")},
    }


def version_in(python: str, name: str) -> str:
    """Returns a package's version in another environment."""
    return output([python, "-c", f"from importlib.metadata import version; print(version('{name}'))"])


def commit() -> str:
    """Returns the newest commit of the measured code, ignoring results of earlier runs, committed or not."""
    measured = ["--", ".", ":!bench/results"]
    changed = output(["git", "status", "--porcelain", "--untracked-files=no", *measured])
    return output(["git", "log", "-1", "--format=%h", *measured]) + ("-dirty" if changed else "")


def output(command: list[str]) -> str:
    """Returns a command's output; empty if it fails."""
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def rows_of(results: dict) -> list[tuple[str, str, str, str]]:
    """Returns the lines of the table: what is measured, ours, against, ratio."""
    lines = []
    for name, measured in results.get("pipeline", {}).items():
        forms = measured["forms"]
        ours = forms["full_run"]["seconds"]["median"]
        for form, title in (
            ("group_by_counted", "bare `GROUP BY`, counted on the server"),
            ("group_by_fetched", "bare `GROUP BY`, fetched by psycopg"),
            ("group_by_in_memory", "bare `GROUP BY`, counted, `work_mem` 256 MB"),
            ("plain_copy", "plain form by `COPY` and pandas"),
            ("plain_rows", "plain form by rows and pandas"),
        ):
            if form in forms:
                other = forms[form]["seconds"]["median"]
                lines.append(
                    (f"full run, {name} rows", f"{ours:.2f} s", f"{title}: {other:.2f} s", times(ours, other))
                )
        peak = forms["full_run"]["peak_rss_mb"]["median"]
        other = forms["plain_copy"]["peak_rss_mb"]["median"]
        against = f"plain form by `COPY` and pandas: {other:.0f} MB"
        lines.append((f"peak memory, {name} rows", f"{peak:.0f} MB", against, times(peak, other)))
    for sizes in (results.get("ticks", {}), results.get("history", {})):
        for name, measured in sizes.items():
            lines += tick_lines(f"{name} rows of {measured['people']:,} people", measured["forms"])
    if measured := results.get("year"):
        lines += year_lines(measured)
    if measured := results.get("losses"):
        lines += loss_lines(measured)
    if measured := results.get("api"):
        lines += api_lines(measured)
    if measured := results.get("beside"):
        lines += beside_lines(measured)
    if measured := results.get("identity"):
        lines += identity_lines(measured)
    if measured := results.get("bff"):
        ours, other = (measured[way]["requests_per_second"]["median"] for way in ("through", "straight"))
        what = f"rate through the BFF, {measured['connections']} at once"
        lines.append((what, f"{ours:,.0f}/s", f"straight to the API: {other:,.0f}/s", times(ours, other)))
    return lines


def identity_lines(measured: dict) -> list[tuple[str, str, str, str]]:
    """Returns the lines of token verification against the bare signature, and of a flood against none."""
    verify, flood = measured["verify"], measured["flood"]
    bare = verify["bare_us"]["median"]
    lines = []
    for key, what in (("cold_us", "check of a new token"), ("known_us", "check of a token seen before")):
        ours = verify[key]["median"]
        lines.append((what, f"{ours:.1f} µs", f"bare RSA verify: {bare:.1f} µs", times(ours, bare)))
    alone = flood["alone_p99_ms"]["median"]
    for name, where in (("elsewhere", "from another address"), ("same", "from the same address")):
        beside, bad = (flood[f"{name}_{figure}"]["median"] for figure in ("p99_ms", "bad_per_second"))
        what = f"p99 beside a flood of bad tokens {where} ({bad:,.0f} refused a second)"
        lines.append((what, f"{beside:.1f} ms", f"without them: {alone:.1f} ms", times(beside, alone)))
    return lines


def beside_lines(measured: dict) -> list[tuple[str, str, str, str]]:
    """Returns the lines of reads during runs with new movements, against the same reads alone."""
    where = (
        f"{measured['people']} people, {measured['changed_people']} move every {measured['every_s']:.0f} s"
    )
    lines = []
    for key, unit, digits in (("requests_per_second", "/s", 0), ("p99_ms", " ms", 2)):
        ours, other = (measured[way][key]["median"] for way in ("beside", "alone"))
        what = f"{'rate' if digits == 0 else 'p99'} beside incremental runs, {where}"
        against = f"without runs: {other:,.{digits}f}{unit}"
        lines.append((what, f"{ours:,.{digits}f}{unit}", against, times(ours, other)))
    return lines


def api_lines(measured: dict) -> list[tuple[str, str, str, str]]:
    """Returns the lines of days against floor and baseline, 304 responses, visits and memory, if measured."""
    loads = measured["loads"]
    lines = []
    for connections in (1, 8):
        for kind in ("cold", "warm"):
            what, ours = f"{kind} day, {connections} at once", f"{kind}_day_{connections}"
            lines += tail_and_rate(loads, what, ours, f"bare_server_{connections}", "bare server, same bytes")
            for form, title in (
                ("mart", "baseline implementation"),
                ("by_login", "the same, table in its order"),
            ):
                lines += tail_and_rate(loads, what, ours, f"baseline_{form}_{kind}_day_{connections}", title)
        what = f"warm day with an access log, {connections} at once"
        lines += rate(loads, what, f"warm_day_audited_{connections}", f"warm_day_{connections}", "without")
    lines += rate(loads, "warm day, 8 at once", "warm_day_8", "health_live_8", "`/health/live`")
    what = "warm day answered 304, 8 at once"
    lines += tail_and_rate(loads, what, "not_modified_8", "bare_not_modified_8", "bare server, 304 too")
    lines += rate(loads, what, "not_modified_8", "warm_day_8", "answered 200")
    if "visit_8" in loads:
        middle = loads["visit_8"]["p50_ms"]["median"]
        what = f"visit of {measured['visit_requests']} requests, p50 {middle:.2f} ms, 8 at once"
        lines += tail_and_rate(loads, what, "visit_8", "cold_day_8", "cold day")
    if held := measured.get("memory_mb"):
        (few, small), (many, large) = held["people"].items()
        what = f"memory of the API with {int(many):,} people in its cache"
        lines.append((what, f"{large} MB", f"with {int(few):,}: {small} MB", times(large, small)))
    return lines


def tail_and_rate(
    loads: dict, what: str, ours: str, other: str, title: str
) -> list[tuple[str, str, str, str]]:
    """Returns the lines of one load's 99th percentile and rate against another's, if both were measured."""
    if ours not in loads or other not in loads:
        return []
    tail, floor = (loads[name]["p99_ms"]["median"] for name in (ours, other))
    line = (f"p99, {what}", f"{tail:.2f} ms", f"{title}: {floor:.2f} ms", times(tail, floor))
    return [line, *rate(loads, what, ours, other, title)]


def rate(loads: dict, what: str, ours: str, other: str, title: str) -> list[tuple[str, str, str, str]]:
    """Returns the line of one load's rate against another's, if both were measured."""
    if ours not in loads or other not in loads:
        return []
    mine, most = (loads[name]["requests_per_second"]["median"] for name in (ours, other))
    return [(f"rate, {what}", f"{mine:,.0f}/s", f"{title}: {most:,.0f}/s", times(mine, most))]


def tick_lines(name: str, forms: dict) -> list[tuple[str, str, str, str]]:
    """Returns the lines of an incremental run against an empty one, the plain form and dlt."""
    ours = forms["tick"]["seconds"]["median"]
    empty = forms["empty_tick"]["seconds"]["median"]
    against = f"tick: {ours * 1000:.0f} ms"
    lines = [(f"empty tick, {name}", f"{empty * 1000:.0f} ms", against, times(empty, ours))]
    what = f"tick of 20,000 new rows, {name}"
    if "plain_copy" in forms:
        other = forms["plain_copy"]["seconds"]["median"]
        against = f"plain form by `COPY` and pandas: {other:.2f} s"
        lines.append((what, f"{ours * 1000:.0f} ms", against, times(ours, other)))
        peak, most = forms["tick"]["peak_rss_mb"]["median"], forms["plain_copy"]["peak_rss_mb"]["median"]
        against = f"plain form by `COPY` and pandas: {most:.0f} MB"
        lines.append((f"peak memory of the tick, {name}", f"{peak:.0f} MB", against, times(peak, most)))
    if "dlt_first_run" in forms:
        mine, other = forms["first_run"]["seconds"]["median"], forms["dlt_first_run"]["seconds"]["median"]
        against = f"dlt: {other:.1f} s"
        lines.append((f"first run, {name}", f"{mine:.1f} s", against, times(mine, other)))
    if "dlt" in forms:
        for key, ending, title in (
            ("seconds", "", "dlt, cursor `id`"),
            ("seconds_inside", ", its start left out", "dlt, Python's start left out"),
        ):
            mine, other = forms["tick"][key]["median"], forms["dlt"][key]["median"]
            against = f"{title}: {other:.2f} s"
            lines.append((what + ending, f"{mine * 1000:.0f} ms", against, times(mine, other)))
    return lines


def year_lines(measured: dict) -> list[tuple[str, str, str, str]]:
    """Returns the lines of the backfill against the floor, and of comparison and burst against it."""
    backfill, burst = measured["backfill"], measured["burst"]
    ours, other = backfill["rows_per_second"], backfill["copy_to_nowhere_rows_per_second"]
    lines = []
    # Older results have no comparison.
    if comparison := measured.get("comparison"):
        lines.append(
            (
                f"comparison of {comparison['days']} days with the source, {comparison['rows']:,} rows",
                f"{comparison['rows_per_second']:,} rows/s, {comparison['peak_rss_mb']:.0f} MB",
                f"backfill: {ours:,} rows/s, {backfill['peak_rss_mb']:.0f} MB",
                times(comparison["rows_per_second"], ours),
            )
        )
    return [
        *lines,
        (
            f"backfill of a year, {measured['rows']:,} rows",
            f"{ours:,} rows/s",
            f"`COPY` to nowhere: {other:,} rows/s",
            times(ours, other),
        ),
        (
            f"tick of {burst['late_rows']:,} late rows in {burst['cells']:,} hours of a year",
            f"{burst['seconds']:.2f} s, {burst['peak_rss_mb']:.0f} MB",
            f"backfill: {backfill['seconds']:.2f} s, {backfill['peak_rss_mb']:.0f} MB",
            times(burst["seconds"], backfill["seconds"]),
        ),
    ]


def loss_lines(measured: dict) -> list[tuple[str, str, str, str]]:
    """Returns the lines of rows missed and counted twice, ours against each dlt pipeline."""
    what = f"missed and doubled of {measured['committed']:,} rows by nine writers"
    forms = measured["forms"]
    ours = forms["ours"]
    lines = []
    for form, title in (
        ("dlt_id", "dlt, cursor `id`"),
        ("dlt_created_at", "dlt, cursor `created_at`"),
        ("dlt_lag_5s", "dlt, cursor `created_at`, lag 5 s"),
        ("dlt_lag_60s", "dlt, cursor `created_at`, lag 60 s"),
    ):
        other = forms[form]
        against = f"{title}: {other['missed']:,} and {other['counted_twice']:,}"
        lines.append((what, f"{ours['missed']:,} and {ours['counted_twice']:,}", against, "-"))
    return lines


def times(ours: float, other: float) -> str:
    """Returns our figure divided by the other, to three digits."""
    return f"{ours / other:.3g}"


def aims_of(results: dict) -> list[tuple[str, str, str]]:
    """Returns the project's aims, each with the measured figure and whether it is met."""
    lines = []
    if measured := results.get("pipeline", {}).get("10m"):
        forms = measured["forms"]
        ratio = forms["full_run"]["seconds"]["median"] / forms["group_by_counted"]["seconds"]["median"]
        peak = forms["full_run"]["peak_rss_mb"]["max"]
        what = "a full run of 10 million rows takes at most 1.3 times the bare `GROUP BY`, counted"
        lines.append((what, f"{ratio:.2f}", yes(ratio <= 1.3)))
        lines.append(("its peak memory stays under 150 MB", f"{peak:.0f} MB", yes(peak < 150)))
    sizes = results.get("ticks", {})
    if measured := sizes.get("10m"):
        forms = measured["forms"]
        ratio = forms["plain_copy"]["seconds"]["median"] / forms["tick"]["seconds"]["median"]
        what = "a tick with 20,000 new rows in 10 million is 100 times faster than the plain form's run"
        lines.append((what, f"{ratio:.0f}", yes(ratio >= 100)))
        empty = forms["empty_tick"]["seconds"]["median"]
        what = "an empty tick takes less than 50 ms, its process's start included"
        lines.append((what, f"{empty * 1000:.0f} ms", yes(empty < 0.05)))
    histories = results.get("history", {})
    if "1m" in sizes and histories:
        what = f"ticks at 1m, {', '.join(histories)} rows of the same people lie within 1.5 of each other"
        lines.append(flat_aim(what, [sizes["1m"], *histories.values()]))
    if len(sizes) > 1:
        what = f"ticks at {', '.join(sizes)} rows of as many more people lie within 1.5 of each other"
        lines.append(flat_aim(what, list(sizes.values())))
    for name, what in (("backfill", "a backfill of a year"), ("burst", "a tick of late rows of a year")):
        if measured := results.get("year"):
            peak = measured[name]["peak_rss_mb"]
            lines.append((f"{what} stays under 150 MB", f"{peak:.0f} MB", yes(peak < 150)))
    if measured := results.get("losses"):
        lines.append(loss_aim(measured))
    if measured := results.get("api"):
        tail = measured["loads"]["cold_day_1"]["p99_ms"]["median"]
        lines.append(("a cold day has its 99th percentile under 20 ms", f"{tail:.2f} ms", yes(tail < 20)))
    if measured := results.get("identity"):
        lines += identity_aims(measured)
    if measured := results.get("bff"):
        lines.append(bff_aim(measured))
    return lines


def identity_aims(measured: dict) -> list[tuple[str, str, str]]:
    """Returns the aims for the cost of a token's verification and of a flood of bad tokens."""
    verify, flood = measured["verify"], measured["flood"]
    known = verify["known_us"]["median"]
    cold = verify["cold_us"]["median"] / verify["bare_us"]["median"]
    worst = max(flood[f"{name}_p99_ms"]["median"] for name in ("elsewhere", "same"))
    slowed = worst / flood["alone_p99_ms"]["median"]
    return [
        ("a token that was seen before is checked in under 5 µs", f"{known:.1f} µs", yes(known < 5)),
        ("a new one within 1.5 of the bare RSA verify", f"{cold:.2f}", yes(cold <= 1.5)),
        ("a flood of bad tokens at most doubles the p99 of people", f"{slowed:.2f}", yes(slowed <= 2)),
    ]


def bff_aim(measured: dict) -> tuple[str, str, str]:
    """Returns the aim for the rate through the BFF relative to the API's."""
    through, straight = (measured[way]["requests_per_second"]["median"] for way in ("through", "straight"))
    ratio = through / straight
    return "the BFF passes on at least 0.6 of the API's rate", f"{ratio:.2f}", yes(ratio >= 0.6)


def flat_aim(what: str, sizes: list[dict]) -> tuple[str, str, str]:
    """Returns the aim for the ratio of the slowest size to the fastest."""
    each = [measured["forms"]["tick"]["seconds"]["median"] for measured in sizes]
    ratio = max(each) / min(each)
    return what, f"{ratio:.2f}", yes(ratio <= 1.5)


def loss_aim(measured: dict) -> tuple[str, str, str]:
    """Returns the aim for losses; void with too few rows, or if a cursor would not have lost any either."""
    ours, naive = measured["forms"]["ours"], measured["forms"]["dlt_id"]["missed"]
    wrong = ours["missed"] + ours["counted_twice"]
    what = "no row of nine writers is missed or doubled, while a cursor loses some"
    void = measured["committed"] < LEAST_COMMITTED or not naive
    return what, f"{wrong:,}; the cursor {naive:,}", "void" if void else yes(wrong == 0)


def yes(met: bool) -> str:
    """Returns the word for the table."""
    return "yes" if met else "no"


def text_of(results: dict) -> tuple[str, str]:
    """Returns the measured aims and the ratios as Markdown, which is readable on a terminal too."""
    aims = aims_of(results)
    aims = table([("aim", "measured", "met"), *aims]) if aims else "No aim was measured."
    return aims, table([("what", "ours", "against", "ratio"), *rows_of(results)])


def table(lines: list[tuple[str, ...]]) -> str:
    """Formats lines as a table; the first is its header."""
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def newest(days: dict[str, dict]) -> tuple[dict, dict[str, list[str]]]:
    """Returns the newest results of each part, and the parts by their day; `days` are oldest first."""
    found, origins = {}, {day: [] for day in reversed(days)}
    for parts in TOGETHER:
        for day, results in reversed(days.items()):
            if measured := {part: results[part] for part in parts if part in results}:
                found |= measured
                origins[day] += measured
                break
    return found, {day: parts for day, parts in origins.items() if parts}


def run_line(day: str, parts: list[str], machine: dict) -> str:
    """Returns the line with the parts that a run measured, its machine and its versions."""
    names = ("kernel", "postgresql", "clickhouse", "python", "pandas", "dlt")
    told = ", ".join(f"{name} {machine[name]}" for name in names)
    size = f"{machine['cores']} cores, {machine['memory_gb']} GB, commit {machine['commit']}"
    return f"- {', '.join(parts)}: {day[:10]}, {size}; {told}."


def write(results: dict) -> Path:
    """Writes the day's file and the page of all days.

    A later run on the same day replaces the file; on the same commit and machine, it adds its parts.
    """
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{date.today().isoformat()}-{results['machine']['cores']}core.json"
    before = json.loads(file.read_text()) if file.exists() else {}
    if before.get("machine") == results["machine"]:
        results = before | results
    file.write_text(json.dumps(results, indent=1) + "\n")
    days = {day.name: json.loads(day.read_text()) for day in sorted(RESULTS.glob(f"*-{file.name[11:]}"))}
    found, origins = newest(days)
    runs = "\n".join(run_line(day, parts, days[day]["machine"]) for day, parts in origins.items())
    aims, ratios = text_of(found)
    (RESULTS / "README.md").write_text(PAGE.format(runs=runs, aims=aims, table=ratios))
    return file


def show(results: dict) -> None:
    """Prints the table."""
    sys.stdout.write("\n\n".join(text_of(results)) + "\n")
