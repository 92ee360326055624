"""The measurement of a child process, and the median of several measurements."""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# The interval at which a child's peak is read; only matters for a child smaller than this process.
POLL_S = 0.01


@dataclass(frozen=True)
class Measured:
    """The resources that one child used, from before its start to after its end."""

    seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    answer: dict


def note(text: str) -> None:
    """Prints progress on standard error: standard output is for the table."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(
    command: Sequence[str],
    env: Mapping[str, str] | None = None,
    timeout_s: float = 900,
    statuses: Sequence[int] = (0,),
) -> Measured:
    """Runs a command; a failure or timeout ends the bench. If its last line is JSON, that is its answer."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, **(env or {})})
        late = threading.Timer(timeout_s, child.kill)
        late.start()
        watch = PeakWatch(child.pid)
        watch.start()
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        late.cancel()
        watch.join()
        out.seek(0)
        err.seek(0)
        if child.returncode not in statuses:
            told = err.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"bench: {Path(command[0]).name} ended with {child.returncode}\n{told}")
        lines = out.read().decode().strip().splitlines()
    return Measured(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_rss_mb=peak_mb(usage.ru_maxrss, watch.peak_kb),
        answer=json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {},
    )


def peak_mb(child_kb: int, seen_kb: int) -> float:
    """Returns a child's peak memory: the kernel's figure, or `seen_kb` if it is not above the parent's size.

    The kernel's figure for a child starts at its parent's size.
    """
    own_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (child_kb if child_kb > own_kb else seen_kb) / 1024


class PeakWatch(threading.Thread):
    """Reads a child's peak memory until the child has ended."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.peak_kb = 0

    def run(self) -> None:
        while (peak := high_water_kb(self.pid)) is not None:
            self.peak_kb = peak
            time.sleep(POLL_S)


def high_water_kb(pid: int) -> int | None:
    """Returns the peak memory of a process; ``None`` if it has ended."""
    return status_kb(pid, "VmHWM")


def resident_kb(pid: int) -> int | None:
    """Returns the current memory of a process; ``None`` if it has ended."""
    return status_kb(pid, "VmRSS")


def status_kb(pid: int, name: str) -> int | None:
    """Returns a figure from a process's ``/proc`` status; ``None`` if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    for line in status.splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    return None


def middle(values: Sequence[float]) -> dict[str, float]:
    """Returns the median and range: there are too few repetitions for meaningful percentiles."""
    return {
        "median": round(statistics.median(values), 4),
        "min": round(min(values), 4),
        "max": round(max(values), 4),
        "n": len(values),
    }
