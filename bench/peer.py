"""dlt for comparison: one of its pipelines with its own cursor and state, run as a cron job would."""

from dataclasses import dataclass

from engines import Engines
from measure import Measured, run
from processes import DLT_PYTHON, ROOT

DLT_FORM = str(ROOT / "bench" / "dlt_form.py")


@dataclass(frozen=True)
class Dlt:
    """One dlt pipeline; its name is also that of the warehouse's database that it fills."""

    engines: Engines
    name: str
    cursor: str
    lag_s: int | None = None

    def tick(self) -> Measured:
        """Loads the rows since its last run, or all rows in its first run."""
        folder = self.engines.stage.parent / "dlt"
        folder.mkdir(exist_ok=True)
        command = [DLT_PYTHON, DLT_FORM, "--name", self.name, "--cursor", self.cursor, "--state", str(folder)]
        if self.lag_s is not None:
            command += ["--lag", str(self.lag_s)]
        # dlt's data, otherwise in the home folder, are removed with the measurement's.
        return run(command, self.engines.environment | {"DLT_DATA_DIR": str(folder)})
