"""``make keycloak``: a real Keycloak beside the demo, which signs people in there. Ctrl-C stops both."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import subprocess
import sys
import threading
from pathlib import Path

from server import ADMINISTRATOR, HOME, Keycloak, KeycloakError

PORT = 8080
APPLICATION_PORT = 8000


def main() -> int:
    """Starts Keycloak, then the demo; waits until it is told to stop."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--program", type=Path, required=True, help="the program bionicpro")
    arguments.add_argument("--data", type=Path, default=Path("demo-data"), help="the folder of the demo")
    arguments.add_argument("--port", type=int, default=PORT, help="where Keycloak answers")
    arguments.add_argument("--bff-port", type=int, default=APPLICATION_PORT, help="where the web app answers")
    flags = arguments.parse_args()
    # For this account only, as all that the demo keeps.
    os.umask(0o077)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    if not (HOME / "bin/kc.sh").exists():
        print(
            "error: Keycloak was not fetched: it needs a JDK and Maven (see the lines above)", file=sys.stderr
        )
        return 1
    folder = flags.data / "keycloak"
    folder.mkdir(parents=True, exist_ok=True)
    secret_file = folder / "client-secret"
    keycloak = Keycloak(
        port=flags.port,
        application=f"http://127.0.0.1:{flags.bff_port}",
        secret=_secret(secret_file),
        log=folder / "keycloak.log",
    )
    demo = None
    try:
        print("  starting Keycloak", flush=True)
        keycloak.start()
        print(PAGE.format(url=keycloak.url, admin=ADMINISTRATOR[0], password=ADMINISTRATOR[1]), flush=True)
        demo = _start_demo(flags, keycloak.issuer, secret_file)
        while not stop.wait(1.0):
            keycloak.check()
            if demo.poll() is not None:
                raise KeycloakError(f"the demo ended with status {demo.returncode}")
    except KeycloakError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        if demo is not None and demo.poll() is None:
            demo.send_signal(signal.SIGTERM)
            demo.wait()
        keycloak.stop()
    return 0


PAGE = """
Keycloak answers at {url}  administrator {admin}, password {password}
Its accounts are the demo's and live in memory: they are new at each start. One of them is an administrator
of the application, alexey.kozlov: sign-in begins with setting up one-time codes in an authenticator app.
Everybody else may, or may make a passkey: {url}/realms/reports-realm/account
"""


def _secret(path: Path) -> str:
    """What the application proves itself with at Keycloak: made once, readable by its owner only."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    return path.read_text().strip()


def _start_demo(flags: argparse.Namespace, issuer: str, secret_file: Path) -> subprocess.Popen[bytes]:
    """The demo in a process group of its own: Ctrl-C stops it before Keycloak."""
    command = [
        str(flags.program.resolve()),
        "demo",
        "--data",
        str(flags.data),
        "--bff-port",
        str(flags.bff_port),
        "--issuer",
        issuer,
        "--client-secret-file",
        str(secret_file),
    ]
    return subprocess.Popen(command, start_new_session=True)


if __name__ == "__main__":
    sys.exit(main())
