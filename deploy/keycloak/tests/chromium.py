"""A real Chromium without a window, steered over a pipe, and a device for passkeys that it plays itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

TIMEOUT_S = 60


def program() -> str | None:
    """Where Chromium is; nothing where there is none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(
        (found for name in names if (found := shutil.which(name))), None
    )


class Chromium:
    """One tab, and beside it a device that knows its owner's finger and keeps keys while the tab is open."""

    def __init__(self, path: str, folder: Path) -> None:
        to_browser, self._to = os.pipe()
        self._from, from_browser = os.pipe()
        flags = [
            "--headless=new",
            "--remote-debugging-pipe",
            "--window-size=1280,900",
            f"--user-data-dir={folder}",
        ]
        # Root, as in containers, has no sandbox of its own.
        flags += ["--no-sandbox"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(
            [
                "bash",
                "-c",
                f'exec "$@" 3<&{to_browser} 4>&{from_browser}',
                "bash",
                path,
                *flags,
                "about:blank",
            ],
            pass_fds=(to_browser, from_browser),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self._buffer = b""
        self._number = 0
        self._session = ""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._call("Page.enable")
        self._call("WebAuthn.enable")
        self._authenticator = self._call(
            "WebAuthn.addVirtualAuthenticator",
            options={
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                # Pages that take passkeys ask for one as they open; a person touches the device later.
                "automaticPresenceSimulation": False,
            },
        )["authenticatorId"]

    def close(self) -> None:
        """Ends the browser and waits for it."""
        self._process.terminate()
        self._process.wait(30)
        os.close(self._to)
        os.close(self._from)

    def open(self, url: str) -> None:
        """Goes to an address."""
        self._call("Page.navigate", url=url)

    def forget(self) -> None:
        """Makes it a browser that has been nowhere yet, with the same authenticator beside it."""
        self.open("about:blank")
        self._call("Network.clearBrowserCookies")

    def touch(self, is_owner: bool = True) -> None:
        """From now on a finger is on the device: its owner's, or somebody else's."""
        self._authenticator_call("setUserVerified", isUserVerified=is_owner)
        self._authenticator_call("setAutomaticPresenceSimulation", enabled=True)

    def release(self) -> None:
        """Nobody touches the device any more."""
        self._authenticator_call("setAutomaticPresenceSimulation", enabled=False)

    def passkeys(self) -> list[dict[str, Any]]:
        """What the device keeps."""
        return list(self._authenticator_call("getCredentials")["credentials"])

    def type(self, selector: str, text: str) -> None:
        """Types into a field, once it is there."""
        self._wait(selector)
        self.run(f"document.querySelector({json.dumps(selector)}).focus()")
        self._call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Clicks on something, once it is there."""
        self._wait(selector)
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def until(self, what: str, check: Callable[[], bool]) -> None:
        """Waits until something holds."""
        end = time.monotonic() + TIMEOUT_S
        while not check():
            # Asking the page also answers what it asks, whatever the check looks at.
            seen = f"{self.url()}\n{self.text()}"
            assert time.monotonic() < end, f"not in time: {what}\n{seen}"
            time.sleep(0.1)

    def shows(self, selector: str) -> bool:
        """Whether the page has such an element that can be seen, and has done what it does as it opens."""
        is_seen = f"document.querySelector({json.dumps(selector)})?.checkVisibility()"
        return bool(self.run(f"document.readyState === 'complete' && {is_seen}"))

    def url(self) -> str:
        """Where the browser is."""
        return str(self.run("location.href"))

    def text(self) -> str:
        """What can be read on the page."""
        return str(self.run("document.body?.innerText"))

    def html(self, selector: str) -> str:
        """An element as it stands in the page, once it is there."""
        self._wait(selector)
        return str(self.run(f"document.querySelector({json.dumps(selector)}).outerHTML"))

    def run(self, script: str) -> Any:
        """The value of an expression on the page; nothing while the page changes."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        return answer.get("result", {}).get("value")

    def _wait(self, selector: str) -> None:
        self.until(f"{selector} is there", lambda: self.shows(selector))

    def _authenticator_call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._call(f"WebAuthn.{method}", authenticatorId=self._authenticator, **parameters)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = self._send(method, parameters)
        while True:
            answer = self._read()
            if answer.get("method") == "Page.javascriptDialogOpening":
                # Keycloak asks for the name of a new passkey; its proposal is good.
                proposal = answer["params"].get("defaultPrompt", "")
                self._send("Page.handleJavaScriptDialog", {"accept": True, "promptText": proposal})
            if answer.get("id") == number:
                # A page that goes away while it is asked answers nothing.
                is_gone = "context" in answer.get("error", {}).get("message", "")
                assert "error" not in answer or is_gone, (method, answer)
                return dict(answer.get("result", {}))

    def _send(self, method: str, parameters: dict[str, Any]) -> int:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        return self._number

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._from, 65536)
            assert chunk, "Chromium has ended"
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(line))
