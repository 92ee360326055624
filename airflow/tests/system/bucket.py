"""A real S3 server with one bucket. It is written in Go and needs Go to be built."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from pathlib import Path

from ports import free_port

SERVER = Path(os.environ.get("VERSITYGW", ".tools/bin/versitygw")).resolve()
STAGE_URL = "s3://stage/reports"


class Bucket:
    """The server, which stores objects as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "buckets"
        (self.folder / "stage").mkdir(parents=True)
        self._port = free_port()
        self.secret = secrets.token_urlsafe(24)
        self.env = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "stage",
            "AWS_SECRET_ACCESS_KEY": self.secret,
        }
        self._log = (folder / "bucket.log").open("wb")
        self.start()

    def start(self) -> None:
        """Starts the server and waits until it accepts connections."""
        env = {
            "PATH": os.environ["PATH"],
            "ROOT_ACCESS_KEY": self.env["AWS_ACCESS_KEY_ID"],
            "ROOT_SECRET_KEY": self.secret,
        }
        command = [SERVER, "--port", f"127.0.0.1:{self._port}", "--quiet", "posix", self.folder]
        self._process = subprocess.Popen(command, env=env, stdout=self._log, stderr=self._log)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self._port)) == 0:
                    return
            time.sleep(0.1)
        raise AssertionError("the S3 server does not answer")

    def stop(self) -> None:
        """Stops the server."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)

    def objects(self, run: str) -> set[str]:
        """Returns the names of a run's objects in the bucket."""
        return {path.name for path in (self.folder / "stage" / "reports" / run).iterdir()}
