"""The operator that runs one step of the pipeline as one task."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException
from airflow.sdk.log import mask_secret

from bionicpro_airflow import __version__, connections, outcome, window
from bionicpro_airflow.log import Forwarder
from bionicpro_airflow.process import Child

if TYPE_CHECKING:
    from airflow.sdk import Connection, Context

PASSED_ON = ("PATH", "HOME", "TMPDIR", "TZ", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""The variables that the child inherits from the worker. Airflow's own contain secrets it does not need."""

PASSED_ON_PREFIXES = ("BIONICPRO_", "AWS_", "LC_")

PROGRAM_VARIABLE = "BIONICPRO_BIN"
"""The variable with the program's location on this worker, if it is not on its PATH."""

VERSION_TIMEOUT_S = 30

OF_INTEREST = ("run", "kind", "range", "version", "horizon", "counts")


class BionicproOperator(BaseOperator):
    """Runs ``bionicpro etl`` with a list of arguments and the three connections in the child's environment.

    The program's exit status determines the task's state: 0 is success, 99 skips the task, 2 and 4 fail it
    without a retry, any other status fails it and leaves the retry to Airflow. The JSON line that it prints
    is the task's XCom.

    :param arguments: the arguments after ``bionicpro etl``, for example ``["extract-crm"]``. Templated.
    :param run: the pipeline's id of the run; by default, built from the DAG's and the run's ids. Templated.
    :param has_window: true if the step takes the DAG run's range, given by params or as a backfill.
    :param crm_conn_id: the connection of the CRM, of type ``postgres``.
    :param telemetry_conn_id: the connection of the telemetry database, of type ``postgres``.
    :param warehouse_conn_id: the connection of the warehouse, of type ``clickhouse``.
    :param program: the program; by default, ``BIONICPRO_BIN`` of the worker, then ``bionicpro`` on its PATH.
    :param env: settings of the program as ``BIONICPRO_*`` variables. Shown as rendered: no secrets here.
    """

    template_fields: Sequence[str] = ("arguments", "run", "program", "env")
    ui_color = "#e6f2ef"

    def __init__(
        self,
        *,
        arguments: Sequence[str],
        run: str | None = None,
        has_window: bool = False,
        crm_conn_id: str = "bionicpro_crm_db",
        telemetry_conn_id: str = "bionicpro_telemetry_db",
        warehouse_conn_id: str = "bionicpro_clickhouse",
        program: str | None = None,
        env: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.arguments = list(arguments)
        self.run = run
        self.has_window = has_window
        self.crm_conn_id = crm_conn_id
        self.telemetry_conn_id = telemetry_conn_id
        self.warehouse_conn_id = warehouse_conn_id
        self.program = program
        self.env = dict(env or {})
        self._child: Child | None = None

    def execute(self, context: Context) -> Any:
        """Runs the step; returns its report: a few hundred bytes, never data."""
        asked = self.window(context)
        report = self.call(
            [*self.arguments, "--run", self.run_id(context), *(asked if self.has_window else [])]
        )
        self.tell_assets(context, report)
        return report

    def call(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Runs ``bionicpro etl`` and returns its report; raises the exception for its exit status."""
        program = self._find_program()
        env = self._environment()
        self._check_version(program, env)
        argv = [program, "etl", *arguments]
        self.log.info("%s", shlex.join(argv))
        self._child = Child(argv, env)
        forwarder = Forwarder(self.log)
        ended = self._child.run(forwarder)
        return outcome.result(ended, forwarder.last_words)

    def tell_assets(self, context: Context, report: Mapping[str, Any]) -> None:
        """Adds to the asset's event the parts of the report that DAGs scheduled on the mart may need."""
        of_interest = {name: report[name] for name in OF_INTEREST if name in report}
        for asset in self.outlets:
            context["outlet_events"][asset].extra = of_interest

    def on_kill(self) -> None:
        """Ends the child and its children; the next run completes the work that they had begun."""
        if self._child is not None:
            self._child.kill()

    def run_id(self, context: Context) -> str:
        """Returns the pipeline's id of this DAG run."""
        dag_run = context["dag_run"]
        return self.run or window.run_id(dag_run.dag_id, dag_run.run_id)

    def window(self, context: Context) -> list[str]:
        """Returns the range of this DAG run as arguments; every task validates it."""
        dag_run = context["dag_run"]
        interval = None
        if dag_run.run_type == "backfill" and dag_run.data_interval_start and dag_run.data_interval_end:
            interval = (dag_run.data_interval_start, dag_run.data_interval_end)
        try:
            return window.arguments(
                context["params"], dag_run.conf or {}, interval, declared=self.dag.params.keys()
            )
        except window.WindowError as error:
            raise AirflowFailException(str(error)) from None

    def _find_program(self) -> str:
        wanted = self.program or os.environ.get(PROGRAM_VARIABLE) or "bionicpro"
        found = shutil.which(wanted)
        if found is None:
            raise AirflowFailException(
                f"the program {wanted!r} is not on this worker, or may not be executed; "
                f"put it on the PATH, or name it in {PROGRAM_VARIABLE}"
            )
        return found

    def _check_version(self, program: str, env: Mapping[str, str]) -> None:
        """Checks the program's version: the reports and statuses of another may have another meaning."""
        try:
            asked = subprocess.run(
                [program, "--version"], env=env, capture_output=True, text=True, timeout=VERSION_TIMEOUT_S
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise AirflowFailException(f"{program} cannot be run here: {error}") from None
        said = asked.stdout.strip()
        if said != f"bionicpro {__version__}":
            raise AirflowFailException(
                f"{program} says {said or asked.stderr.strip()[:200]!r}, this package is for "
                f"'bionicpro {__version__}'; install both of the same release on every worker"
            )

    def _environment(self) -> dict[str, str]:
        env = {
            name: value
            for name, value in os.environ.items()
            if name in PASSED_ON or name.startswith(PASSED_ON_PREFIXES)
        }
        # Used by this package only; the program refuses unknown variables.
        env.pop(PROGRAM_VARIABLE, None)
        env |= self.env
        env["BIONICPRO_LOG_JSON"] = "true"
        try:
            env["BIONICPRO_CRM_URL"] = connections.postgres_url(self._connection(self.crm_conn_id))
            env["BIONICPRO_TELEMETRY_URL"] = connections.postgres_url(
                self._connection(self.telemetry_conn_id)
            )
            env |= connections.warehouse(self._connection(self.warehouse_conn_id))
        except connections.UnusableConnection as error:
            raise AirflowFailException(str(error)) from None
        return env

    @staticmethod
    def _connection(conn_id: str) -> Connection:
        try:
            connection = BaseHook.get_connection(conn_id)
        except AirflowNotFoundException:
            raise AirflowFailException(
                f"there is no connection {conn_id!r}; `airflow connections add {conn_id} …` makes it"
            ) from None
        for secret in connections.secrets(connection):
            mask_secret(secret)
        return connection
