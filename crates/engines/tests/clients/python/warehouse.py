"""A `bionicpro warehouse serve` process: started on a free port, awaited, ended by its own process id.

Nothing here knows ClickHouse; the tests talk to the process through the official client alone.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

REPOSITORY = Path(__file__).resolve().parents[5]
# Taken out of the environment: the program refuses variables that it does not know.
PROGRAM = Path(os.environ.pop("BIONICPRO_BIN", REPOSITORY / "target/release/bionicpro"))
USER = "bionicpro"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20

ADDRESS = re.compile(r"127\.0\.0\.1:([1-9][0-9]*)")
# Proxies of the environment are of no concern to a loopback address.
OPENER = build_opener(ProxyHandler({}))


class Running:
    """The statements that run now."""

    @staticmethod
    def wait_for(client, mark: str, expected: int) -> None:
        """Asks until as many statements run as expected whose text holds `mark`."""
        asked = (
            "SELECT count() FROM system.processes "
            "WHERE query LIKE {mark:String} AND query NOT LIKE '%processes%'"
        )
        deadline = time.monotonic() + 20
        while client.command(asked, parameters={"mark": f"%{mark}%"}) != expected:
            assert time.monotonic() < deadline, f"not {expected} statements with {mark}"


class Warehouse:
    """One serving process and what a client needs to reach it."""

    def __init__(
        self, data: Path, log: Path, environment: dict[str, str] | None = None, prefix: Sequence = ()
    ):
        self.data = data
        self.log = log
        self.host = "127.0.0.1"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*prefix, PROGRAM, "warehouse", "serve", "--data", data, "--listen", "127.0.0.1:0"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
            )
        try:
            self.port = self._await_port()
        except BaseException:
            self.stop()
            raise
        self.password = self.inside(data / "password").read_text().strip()

    @property
    def output(self) -> str:
        """All that the process has printed."""
        return self.log.read_text(errors="replace")

    def inside(self, path: Path) -> Path:
        """A path as the process sees it, which may have mounts of its own."""
        return Path(f"/proc/{self.process.pid}/root{path}")

    def password_of(self, account: str) -> str:
        """The password of an account beside the owner."""
        return (self.data / f"password-{account}").read_text().strip()

    def engine(self) -> int:
        """The process of the engine."""
        threads = Path(f"/proc/{self.process.pid}/task").iterdir()
        children = [child for thread in threads for child in (thread / "children").read_text().split()]
        (engine,) = map(int, children)
        return engine

    def peak_memory(self) -> int:
        """The most bytes that the engine has held in memory."""
        status = Path(f"/proc/{self.engine()}/status").read_text()
        return int(re.search(r"VmHWM:\s+([0-9]+) kB", status).group(1)) * 1024

    def stop(self) -> int:
        """Asks the process to end and waits for it; returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def kill(self) -> None:
        """Ends the process as a crash would."""
        self.process.kill()
        self.process.wait()

    def _await_port(self) -> int:
        """Polls until the printed address answers to `/ping`."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the warehouse ended with {self.process.returncode}:\n{self.output}")
            found = ADDRESS.search(self.output)
            if found and self._answers(int(found.group(1))):
                return int(found.group(1))
            time.sleep(0.02)
        raise TimeoutError(f"the warehouse was not ready within {START_TIMEOUT_S} s:\n{self.output}")

    def _answers(self, port: int) -> bool:
        try:
            with OPENER.open(f"http://{self.host}:{port}/ping", timeout=5) as response:
                return response.read() == b"Ok.\n"
        except OSError:
            return False
