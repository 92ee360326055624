"""One Keycloak and one demo for all tests: starting them takes longer than any of them."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "local")]

from admin import Admin  # noqa: E402
from browser import Browser  # noqa: E402
from client import Client  # noqa: E402
from server import HOME, Keycloak  # noqa: E402

PROGRAM = Path(os.environ.get("BIONICPRO_BIN", "target/debug/bionicpro")).resolve()


@dataclass
class Site:
    """Where everything answers."""

    keycloak: Keycloak
    admin: Admin
    application: str
    api: str
    metrics: str
    secret: str

    def browser(self) -> Browser:
        """A browser that has been nowhere yet."""
        return Browser(self.application)

    def client(self) -> Client:
        """The application's client, in the hands of a test."""
        return Client(self.keycloak.issuer, f"{self.application}/auth/callback", self.secret)

    def bearer(self, token: str, path: str = "/api/reports") -> tuple[int, dict[str, Any]]:
        """Shows a token to the Reports API."""
        answer = Browser("").get(f"{self.api}{path}", {"authorization": f"Bearer {token}"})
        return answer.status, answer.json()

    def metric(self, name: str, **labels: str) -> float:
        """The value of a metric; 0 where it has not been counted yet."""
        with urllib.request.urlopen(self.metrics, timeout=10) as answer:
            lines = answer.read().decode().splitlines()
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        found = [line for line in lines if line.startswith(name) and all(label in line for label in wanted)]
        return sum(float(line.rsplit(" ", 1)[1]) for line in found)


def eventually(what: str, check: Callable[[], bool], seconds: float = 10) -> None:
    """Waits until something holds."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.05)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A real Keycloak, and the demo that signs people in there."""
    if not (HOME / "bin/kc.sh").exists():
        pytest.skip("there is no Keycloak: it needs a JDK and Maven (`make keycloak-tests` fetches it)")
    folder = tmp_path_factory.mktemp("site")
    names = ("keycloak", "bff", "api", "warehouse", "postgres", "metrics")
    ports = dict(zip(names, _free_ports(len(names)), strict=True))
    secret_file = folder / "client-secret"
    secret_file.write_text(secrets.token_urlsafe(32))
    application = f"http://127.0.0.1:{ports['bff']}"
    with ExitStack() as stack:
        keycloak = Keycloak(ports["keycloak"], application, secret_file.read_text(), folder / "keycloak.log")
        stack.callback(keycloak.stop)
        keycloak.start()
        _start_demo(stack, folder, ports, keycloak.issuer, secret_file)
        yield Site(
            keycloak=keycloak,
            admin=Admin(keycloak.url),
            application=application,
            api=f"http://127.0.0.1:{ports['api']}",
            metrics=f"http://127.0.0.1:{ports['metrics']}/metrics",
            secret=secret_file.read_text(),
        )


def _start_demo(
    stack: ExitStack, folder: Path, ports: dict[str, int], issuer: str, secret_file: Path
) -> None:
    command = [str(PROGRAM), "demo", "--json", "--data", str(folder / "demo"), "--users", "5", "--days", "3"]
    command += ["--rate", "0", "--issuer", issuer, "--client-secret-file", str(secret_file)]
    for part in ("bff", "api", "warehouse", "postgres", "metrics"):
        command += [f"--{part}-port", str(ports[part])]
    # The program refuses variables that it does not know. Its limits are for people, not for tests.
    environment = {name: value for name, value in os.environ.items() if name != "BIONICPRO_BIN"}
    environment |= {
        "BIONICPRO_API_REQUESTS_PER_MINUTE": "100000",
        "BIONICPRO_API_UNAUTHENTICATED_PER_MINUTE": "100000",
        "BIONICPRO_API_MAX_CONNECTIONS_PER_ADDRESS": "1024",
        "BIONICPRO_BFF_SIGN_INS_PER_MINUTE": "1000",
    }
    log = stack.enter_context((folder / "demo.err").open("wb"))
    demo = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=log, start_new_session=True
    )
    stack.callback(demo.wait, 60)
    stack.callback(demo.send_signal, signal.SIGTERM)
    assert demo.stdout is not None
    line = demo.stdout.readline()
    assert line, (folder / "demo.err").read_text()
    json.loads(line)


def _free_ports(count: int) -> list[int]:
    """Below those that the system gives to whoever asks for any: nobody has them when they are used."""
    found: list[int] = []
    while len(found) < count:
        port = secrets.choice(range(20_000, 32_000))
        with socket.socket() as free:
            if port not in found and free.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
    return found
