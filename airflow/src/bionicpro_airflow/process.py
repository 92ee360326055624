"""A child process whose log lines are forwarded while it runs, and which does not outlive its task."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

TERM_GRACE_S = 3.0
"""The time that a child has to end after SIGTERM. Airflow gives a task five seconds before it kills it."""

OUTPUT_LIMIT_BYTES = 1 << 20
"""The most that is read of standard output, which is one JSON line if the program is ours."""

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Ended:
    """The result of a child: its output and its exit status, which is negative if a signal ended it."""

    status: int
    output: str


class Child:
    """One program, run in its own process group."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self._argv = list(argv)
        self._env = dict(env)
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, on_line: Callable[[str], None]) -> Ended:
        """Runs the program to its end; ``on_line`` receives each line of standard error as it is written.

        Raises ``OSError`` if the program cannot be started.
        """
        with tempfile.TemporaryFile() as output:
            self._process = subprocess.Popen(
                self._argv,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                start_new_session=True,
                preexec_fn=_die_with_parent(),
            )
            try:
                assert self._process.stderr is not None
                for line in self._process.stderr:
                    on_line(line.decode(errors="replace").rstrip())
                status = self._process.wait()
            finally:
                self.kill()
            output.seek(0)
            return Ended(status, output.read(OUTPUT_LIMIT_BYTES).decode(errors="replace"))

    def kill(self) -> None:
        """Ends the child and its children: SIGTERM, a grace period, SIGKILL. Does nothing if it has ended."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            _signal_group(process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(TERM_GRACE_S)
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    # Raised if no process of the group is left; macOS raises the second one.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _die_with_parent() -> Callable[[], None] | None:
    """Returns a hook that makes the kernel kill the child if the worker itself is killed. Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    # Loaded before the fork: after it, only calls that take no lock are safe.
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_the_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return ask_the_kernel
