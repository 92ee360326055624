"""Programs that run during a measurement: started, awaited until ready, stopped with the block."""

import json
import os
import select
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = str(ROOT / "target" / "release" / "bionicpro")
# Separate environments: the peers' dependencies are not part of those of the checks.
DLT_PYTHON = str(ROOT / ".tools" / "dlt" / "bin" / "python")
BASELINE_PYTHON = str(ROOT / ".tools" / "baseline" / "bin" / "python")
HTTP_TOOL = str(ROOT / "target" / "release" / "bench-http")

START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 60


@contextmanager
def ready_by_line(command: list[str], env: Mapping[str, str] | None = None) -> Iterator[tuple[int, dict]]:
    """Starts a program that prints one line of JSON when it is ready; yields its process id and that line."""
    with running(command, env or {}) as (process, log):
        readable, _, _ = select.select([process.stdout], [], [], START_TIMEOUT_S)
        line = process.stdout.readline() if readable else b""
        if not line:
            raise never_ready(command, log)
        yield process.pid, json.loads(line)


@contextmanager
def ready_by_health(command: list[str], env: Mapping[str, str], url: str) -> Iterator[int]:
    """Starts a server that is ready when `url` returns 200; yields its process id."""
    with running(command, env) as (process, log):
        deadline = time.monotonic() + START_TIMEOUT_S
        while not answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise never_ready(command, log)
            time.sleep(0.05)
        yield process.pid


@contextmanager
def running(command: list[str], env: Mapping[str, str]) -> Iterator[tuple[subprocess.Popen, IO[bytes]]]:
    """Starts a child that gets SIGTERM when the block ends, and is killed if it does not stop."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, env={**os.environ, **env}, cwd=ROOT
        )
        try:
            yield process, log
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def output_of(command: list[str]) -> str:
    """Returns a program's output, which may be a secret; a failure ends the bench."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise SystemExit(f"bench: {Path(command[0]).name} {command[1]} failed: {done.stderr[-2000:]}")
    return done.stdout.strip()


def never_ready(command: list[str], log: IO[bytes]) -> SystemExit:
    """Returns the exception that ends the bench, with the end of the program's log."""
    log.seek(0)
    told = log.read().decode(errors="replace")[-2000:]
    return SystemExit(f"bench: {Path(command[0]).name} {command[1]} did not become ready\n{told}")


def answers(url: str) -> bool:
    """Returns true if the address responds with status 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False
