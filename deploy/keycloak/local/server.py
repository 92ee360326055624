"""A real Keycloak on loopback with the project's realm: for ``make keycloak`` and for the tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import BinaryIO

DEPLOY = Path(__file__).resolve().parents[1]
HOME = DEPLOY.parents[1] / ".tools/keycloak/server"
"""Where the Makefile unpacks and builds the server."""

ADMINISTRATOR = ("admin", "admin")
"""The server's own administrator. Loopback only; a production server gets another one."""

START_TIMEOUT_S = 300


class KeycloakError(Exception):
    """Keycloak did not start, or ended by itself."""


class Keycloak:
    """The server; its accounts and sessions live in memory and end with it."""

    def __init__(self, port: int, application: str, secret: str, log: Path) -> None:
        # By name, since passkeys belong to names: a browser makes none for an address.
        self.url = f"http://localhost:{port}"
        self.issuer = f"{self.url}/realms/reports-realm"
        self._port = port
        self._application = application
        self._secret = secret
        self._log_path = log
        self._log: BinaryIO | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts the server and returns when it can be asked."""
        with socket.socket() as free:
            if free.connect_ex(("127.0.0.1", self._port)) == 0:
                raise KeycloakError(
                    f"another program has port {self._port}: stop it, or choose another --port"
                )
        _write_realm(HOME / "data/import")
        self._log = self._log_path.open("wb")
        environment = os.environ | {
            "BIONICPRO_URL": self._application,
            "BIONICPRO_BACK_CHANNEL_URL": self._application,
            "BIONICPRO_CLIENT_SECRET": self._secret,
            "KC_BOOTSTRAP_ADMIN_USERNAME": ADMINISTRATOR[0],
            "KC_BOOTSTRAP_ADMIN_PASSWORD": ADMINISTRATOR[1],
            "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m",
        }
        command = [
            str(HOME / "bin/kc.sh"),
            "start",
            "--optimized",
            "--import-realm",
            "--http-enabled=true",
            "--http-host=127.0.0.1",
            f"--http-port={self._port}",
            f"--hostname={self.url}",
            "--cache=local",
        ]
        self._process = subprocess.Popen(
            command, env=environment, stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True
        )
        end = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            self.check()
            if time.monotonic() > end:
                self.stop()
                raise KeycloakError(f"Keycloak is not up after {START_TIMEOUT_S} s; log: {self._log_path}")
            time.sleep(0.2)

    def check(self) -> None:
        """Raises if the server has ended."""
        if self._process is not None and self._process.poll() is not None:
            status = self._process.returncode
            raise KeycloakError(f"Keycloak ended with status {status}; log: {self._log_path}")

    def stop(self) -> None:
        """Ends the server and waits for it."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        if self._log is not None:
            self._log.close()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.issuer}/.well-known/openid-configuration", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            return False


def _write_realm(folder: Path) -> None:
    """The realm with the demo accounts in it, where the server looks for it; written aside, then renamed."""
    realm = json.loads((DEPLOY / "realm.json").read_text())
    realm |= json.loads((DEPLOY / "demo-accounts.json").read_text())
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".reports-realm.{os.getpid()}"
    aside.write_text(json.dumps(realm))
    aside.replace(folder / "reports-realm-realm.json")
