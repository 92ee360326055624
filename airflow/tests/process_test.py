"""The child process: real programs, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bionicpro_airflow.process import Child

ENV = {"PATH": os.environ["PATH"]}
WAIT_S = 20.0


def _shell(script: str) -> Child:
    return Child(["sh", "-c", script], ENV)


def _is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _wait_for(condition: object) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def output_status_and_lines_come_back() -> None:
    lines: list[str] = []
    ended = _shell('echo one >&2; printf "two\\r\\n\\377" >&2; echo \'{"a": 1}\'; exit 4').run(lines.append)
    assert (ended.status, ended.output) == (4, '{"a": 1}\n')
    assert lines == ["one", "two", "\N{REPLACEMENT CHARACTER}"]


def lines_arrive_while_the_child_runs(tmp_path: Path) -> None:
    go_on = tmp_path / "go on"

    def answer(line: str) -> None:
        # The child ends only once its first line has been forwarded.
        go_on.touch()

    ended = _shell(f"echo first >&2; until [ -e '{go_on}' ]; do sleep 0.02; done").run(answer)
    assert ended.status == 0


def much_output_on_both_sides_does_not_block() -> None:
    lines: list[str] = []
    ended = _shell("seq 20000 >&2; seq 100000").run(lines.append)
    assert (ended.status, len(lines)) == (0, 20000)


def nothing_of_the_parents_environment_is_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "secret")
    assert "secret" not in _shell("env").run(lambda line: None).output


def a_kill_ends_the_child_and_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    child = _shell(f"sleep 600 & echo $! > '{pids}'; echo $$ >> '{pids}'; wait")
    ended: list[int] = []
    runner = threading.Thread(target=lambda: ended.append(child.run(lambda line: None).status))
    runner.start()
    _wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    child.kill()
    runner.join(WAIT_S)
    assert ended == [-signal.SIGTERM]
    # The shell is gone; its children got the same signal and may end a moment later.
    _wait_for(lambda: not any(_is_running(int(pid)) for pid in pids.read_text().split()))


def a_child_that_ignores_the_signal_is_killed_within_airflows_patience(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    child = _shell(f"trap '' TERM; touch '{ready}'; while :; do sleep 0.1; done")
    ended: list[int] = []
    runner = threading.Thread(target=lambda: ended.append(child.run(lambda line: None).status))
    runner.start()
    _wait_for(ready.exists)
    child.kill()
    runner.join(WAIT_S)
    assert ended == [-signal.SIGKILL]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel does this on Linux only")
def the_child_ends_with_a_worker_that_is_killed(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    worker = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from bionicpro_airflow.process import Child; "
            "script = f'echo $$ > \"{sys.argv[1]}\"; exec sleep 600'; "
            "Child(['sh', '-c', script], {'PATH': sys.argv[2]}).run(print)",
            str(pid_file),
            ENV["PATH"],
        ]
    )
    _wait_for(lambda: pid_file.exists() and pid_file.read_text().strip())
    worker.kill()
    worker.wait()
    _wait_for(lambda: not _is_running(int(pid_file.read_text())))


def a_missing_program_is_an_error_of_the_system() -> None:
    with pytest.raises(FileNotFoundError):
        Child(["/nowhere/bionicpro"], ENV).run(lambda line: None)
