"""A client of Airflow as an operator sees it: the REST API, including the task logs that the web UI shows."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any

WAIT_S = 150.0


class Client:
    """Calls the API of a site as the account admin."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        self._token = ""
        self._token = self._call("/auth/token", {"username": "admin", "password": "admin"})["access_token"]

    def dags(self) -> list[str]:
        """Returns the DAGs that Airflow has parsed."""
        return [dag["dag_id"] for dag in self._call("/api/v2/dags?exclude_stale=false")["dags"]]

    def pause(self, dag: str, is_paused: bool) -> None:
        """Pauses or unpauses a DAG, like the switch next to its name."""
        self._call(f"/api/v2/dags/{dag}", {"is_paused": is_paused}, method="PATCH")

    def trigger(self, dag: str, conf: dict[str, Any] | None = None) -> str:
        """Starts a run and returns its id."""
        made: str = self._call(f"/api/v2/dags/{dag}/dagRuns", {"logical_date": None, "conf": conf or {}})[
            "dag_run_id"
        ]
        return made

    def refused(self, dag: str, conf: dict[str, Any]) -> str:
        """Returns Airflow's error for a run that it refuses to start."""
        try:
            run = self.trigger(dag, conf)
        except urllib.error.HTTPError as error:
            assert error.code == 400
            return error.read().decode()
        raise AssertionError(f"{run} was started")

    def run(self, dag: str, run: str) -> dict[str, Any]:
        """Returns one DAG run."""
        return self._call(f"/api/v2/dags/{dag}/dagRuns/{urllib.parse.quote(run)}")

    def runs(self, dag: str) -> list[dict[str, Any]]:
        """Returns all runs of a DAG, oldest first."""
        found: list[dict[str, Any]] = self._call(f"/api/v2/dags/{dag}/dagRuns?order_by=id&limit=100")[
            "dag_runs"
        ]
        return found

    def ended(self, dag: str, run: str) -> str:
        """Waits for the end of a run and returns its state."""
        self.wait(lambda: self.run(dag, run)["state"] in ("success", "failed"), f"the end of {dag} {run}")
        return str(self.run(dag, run)["state"])

    def tasks(self, dag: str, run: str) -> dict[str, dict[str, Any]]:
        """Returns the task instances of a run by id; mapped ones by id and index."""
        found = self._call(f"/api/v2/dags/{dag}/dagRuns/{urllib.parse.quote(run)}/taskInstances")[
            "task_instances"
        ]
        return {
            task["task_id"] if task["map_index"] < 0 else f"{task['task_id']} {task['map_index']}": task
            for task in found
        }

    def states(self, dag: str, run: str) -> dict[str, str]:
        """Returns the states of a run's tasks."""
        return {name: task["state"] for name, task in self.tasks(dag, run).items()}

    def log(self, dag: str, run: str, task: str, attempt: int = 1) -> str:
        """Returns the log of a task, as the web UI shows it."""
        path = f"/api/v2/dags/{dag}/dagRuns/{urllib.parse.quote(run)}/taskInstances/{task}/logs/{attempt}"
        lines = self._call(f"{path}?full_content=true")["content"]
        return "\n".join(
            json.dumps(line, ensure_ascii=False) if isinstance(line, dict) else line for line in lines
        )

    def xcom(self, dag: str, run: str, task: str) -> Any:
        """Returns the return value of a task."""
        path = f"/api/v2/dags/{dag}/dagRuns/{urllib.parse.quote(run)}/taskInstances/{task}/xcomEntries"
        return self._call(f"{path}/return_value")["value"]

    def clear(self, dag: str, run: str, tasks: Iterable[str]) -> None:
        """Clears tasks of a run, like the button in the web UI."""
        body = {
            "dry_run": False,
            "dag_run_id": run,
            "task_ids": list(tasks),
            "only_failed": False,
            "reset_dag_runs": True,
        }
        self._call(f"/api/v2/dags/{dag}/clearTaskInstances", body)

    def mark_failed(self, dag: str, run: str, task: str) -> None:
        """Marks a task as failed, which ends it if it is running."""
        path = f"/api/v2/dags/{dag}/dagRuns/{urllib.parse.quote(run)}/taskInstances/{task}"
        self._call(path, {"new_state": "failed"}, method="PATCH")

    def change_connection(self, conn_id: str, **fields: Any) -> None:
        """Edits a connection, like the form in the web UI."""
        known = self._call(f"/api/v2/connections/{conn_id}")
        body = {name: known[name] for name in ("connection_id", "conn_type")} | fields
        mask = "&".join(f"update_mask={name}" for name in fields)
        self._call(f"/api/v2/connections/{conn_id}?{mask}", body, method="PATCH")

    @staticmethod
    def wait(condition: Callable[[], object], what: str, seconds: float = WAIT_S) -> None:
        """Waits until the condition is true."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited {seconds} s for {what}"
            time.sleep(0.3)

    def _call(self, path: str, body: Any = None, method: str | None = None) -> Any:
        asked = urllib.request.Request(
            self._root + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"},
            method=method,
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None
