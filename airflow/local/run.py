"""``make airflow``: a real Airflow next to the demo. Ctrl-C stops everything that it has started."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from site_of_demo import Site, SiteError

PORT = 8081
DEMO_TIMEOUT_S = 120


def main() -> int:
    """Starts the demo if none is running, then Airflow; waits for SIGINT or SIGTERM."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--program", type=Path, required=True, help="the program bionicpro")
    arguments.add_argument("--data", type=Path, default=Path("demo-data"), help="the folder of the demo")
    arguments.add_argument("--port", type=int, default=PORT, help="where Airflow answers")
    flags = arguments.parse_args()
    # For this account only, like all files of the demo.
    os.umask(0o077)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    demo = None
    site = None
    try:
        engines = running_demo(flags.data)
        if engines is None:
            demo = start_demo(flags.program, flags.data)
            engines = wait_for_demo(flags.data, demo, stop)
        else:
            print(
                "The running demo has a schedule of its own: where it is first, Airflow's runs are skipped."
            )
        if engines is None:
            return 1
        site = Site(
            home=(flags.data / "airflow").resolve(),
            engines=engines,
            program=flags.program.resolve(),
            stage=flags.data / "airflow-stage",
            port=flags.port,
        )
        say("preparing Airflow's database and the three connections")
        site.prepare()
        say("starting the API server, scheduler, DAG processor and triggerer")
        site.start()
        print(PAGE.format(port=flags.port, home=site.home), flush=True)
        while not stop.wait(1.0):
            site.check()
            if demo is not None and demo.poll() is not None:
                raise SiteError(
                    f"the demo ended with status {demo.returncode}; log: {flags.data / 'demo.log'}"
                )
    except SiteError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        say("stopping")
        if site is not None:
            site.stop()
        if demo is not None and demo.poll() is None:
            demo.send_signal(signal.SIGTERM)
            demo.wait()
    return 0


PAGE = """
Airflow answers at http://127.0.0.1:{port}  account admin, password admin

  bionicpro_reports_etl       runs every 15 minutes; the first run begins now
  bionicpro_reports_full      runs at 03:17 UTC
  bionicpro_reports_compare   runs every hour
  bionicpro_reports_backfill  runs when it is triggered with a range

Try it: open bionicpro_reports_etl, press Trigger, leave the form empty.
Logs of the components: {home}/components. Ctrl-C stops everything; the next start goes on with the same data.
"""


def running_demo(data: Path) -> dict[str, object] | None:
    """Returns the addresses of the demo that runs on this folder; ``None`` if none runs."""
    try:
        ready: dict[str, object] = json.loads((data / "demo.json").read_text())
        os.kill(int(str(ready["pid"])), 0)
    except (OSError, ValueError, KeyError):
        return None
    return ready


def start_demo(program: Path, data: Path) -> subprocess.Popen[bytes]:
    """Starts the demo without its schedule, in its own process group: Ctrl-C stops Airflow first."""
    (data / "demo.json").unlink(missing_ok=True)
    command = [program.resolve(), "demo", "--no-schedule", "--data", str(data)]
    return subprocess.Popen(command, start_new_session=True)


def wait_for_demo(
    data: Path, demo: subprocess.Popen[bytes], stop: threading.Event
) -> dict[str, object] | None:
    """Returns the demo's addresses once it is ready; ``None`` if it ended, on a timeout, or on ``stop``."""
    end = time.monotonic() + DEMO_TIMEOUT_S
    while time.monotonic() < end and demo.poll() is None and not stop.wait(0.2):
        if (ready := running_demo(data)) is not None:
            return ready
    return None


def say(text: str) -> None:
    """Prints a line of progress."""
    print(f"  {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
