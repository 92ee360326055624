"""The engines of one measurement: started in a temporary folder, stopped and removed with it."""

import json
import os
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from measure import high_water_kb
from processes import PROGRAM, ready_by_line


@dataclass(frozen=True)
class Engines:
    """The addresses of the engines, which contain credentials and are never printed."""

    crm: str
    telemetry: str
    warehouse: str
    stage: Path
    data: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point `bionicpro` at these engines."""
        return {
            "BIONICPRO_CRM_URL": self.crm,
            "BIONICPRO_TELEMETRY_URL": self.telemetry,
            "BIONICPRO_WAREHOUSE_URL": self.warehouse,
            "BIONICPRO_STAGE_URL": self.stage.as_uri(),
        }

    def warehouse_peak_mb(self) -> float:
        """Returns the peak memory of the warehouse's engine, which writes its process id to its folder."""
        status = (self.data / "warehouse/engine/status").read_text()
        return (high_water_kb(int(status.split("PID: ")[1].split()[0])) or 0) / 1024

    def query(self, sql: str, **settings: str) -> list[dict]:
        """Runs a query in the warehouse; returns its rows as dictionaries, with numbers as numbers."""
        url = urlsplit(self.warehouse)
        options = {
            "default_format": "JSONEachRow",
            "output_format_json_quote_64bit_integers": "0",
            **settings,
        }
        request = urllib.request.Request(
            f"http://{url.hostname}:{url.port}/?{urlencode(options)}",
            data=sql.encode(),
            headers={
                "Authorization": f"Basic {b64encode(f'{url.username}:{url.password}'.encode()).decode()}"
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=600) as response:
                return [json.loads(line) for line in response.read().splitlines()]
        except urllib.error.HTTPError as error:
            raise SystemExit(
                f"bench: the warehouse refused: {error.read().decode(errors='replace')}"
            ) from None

    def settle(self) -> None:
        """Waits until the warehouse has no merges, so that no measurement pays for the one before."""
        deadline = time.monotonic() + 60
        while self.query("SELECT count() AS n FROM system.merges")[0]["n"] and time.monotonic() < deadline:
            time.sleep(0.1)


@contextmanager
def engines() -> Iterator[Engines]:
    """Starts both databases and the warehouse on free loopback ports."""
    with tempfile.TemporaryDirectory(prefix="bionicpro-bench-") as folder:
        # An engine that drops its privileges must be able to reach its data.
        os.chmod(folder, 0o755)
        data = Path(folder) / "data"
        flags = ["--engines-only", "--json", "--ports", "auto", "--data", str(data)]
        with ready_by_line([PROGRAM, "demo", *flags]) as (_, ready):
            yield Engines(
                crm=ready["crm"]["url"],
                telemetry=ready["telemetry"]["url"],
                warehouse=ready["warehouse"]["url"],
                stage=Path(folder) / "stage",
                data=data,
            )
