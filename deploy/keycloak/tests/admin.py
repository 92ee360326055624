"""Keycloak's administrator, by the admin REST API."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

from server import ADMINISTRATOR

REALM = "reports-realm"


class Admin:
    """What an administrator does by hand in the console."""

    def __init__(self, keycloak: str) -> None:
        self._keycloak = keycloak
        self._token = ""
        self._token_ends = 0.0

    def get(self, path: str, realm: str = REALM) -> Any:
        """Reads."""
        return self._call("GET", path, None, realm)

    def post(self, path: str, value: Any = None, realm: str = REALM) -> Any:
        """Makes, or does."""
        return self._call("POST", path, value, realm)

    def put(self, path: str, value: Any, realm: str = REALM) -> Any:
        """Changes."""
        return self._call("PUT", path, value, realm)

    def delete(self, path: str, realm: str = REALM) -> Any:
        """Removes."""
        return self._call("DELETE", path, None, realm)

    def user(self, username: str) -> dict[str, Any]:
        """An account."""
        (found,) = self.get(f"/users?exact=true&username={username}")
        return dict(found)

    def client(self, client_id: str = "bionicpro-auth") -> dict[str, Any]:
        """A client."""
        (found,) = self.get(f"/clients?clientId={client_id}")
        return dict(found)

    def scope(self, name: str) -> str:
        """The id of a client scope."""
        return str(next(scope["id"] for scope in self.get("/client-scopes") if scope["name"] == name))

    def end_sessions(self, username: str) -> None:
        """Signs an account out everywhere."""
        self.post(f"/users/{self.user(username)['id']}/logout")

    def enable(self, username: str, enabled: bool) -> None:
        """Locks an account, or lets it in again."""
        user = self.user(username)
        self.put(f"/users/{user['id']}", user | {"enabled": enabled})

    def sessions(self, username: str) -> list[dict[str, Any]]:
        """Where an account is signed in."""
        return list(self.get(f"/users/{self.user(username)['id']}/sessions"))

    def factors(self, username: str) -> list[str]:
        """What an account has beside the password."""
        kinds = [credential["type"] for credential in self._credentials(username)]
        return sorted(kind for kind in kinds if kind != "password")

    def remove_factors(self, username: str, *kinds: str) -> None:
        """What the help desk does for somebody who has lost them; all of them, unless told which."""
        for credential in self._credentials(username):
            if credential["type"] in (kinds or ("otp", "webauthn-passwordless")):
                self.delete(f"/users/{self.user(username)['id']}/credentials/{credential['id']}")

    def failures(self, username: str) -> dict[str, Any]:
        """What the lock against guessing knows of an account."""
        return dict(self.get(f"/attack-detection/brute-force/users/{self.user(username)['id']}"))

    def forget_failures(self, username: str) -> None:
        """Unlocks an account."""
        self.delete(f"/attack-detection/brute-force/users/{self.user(username)['id']}")

    @contextlib.contextmanager
    def changed_client(self, **attributes: str) -> Iterator[None]:
        """Changes attributes of the application's client for a while."""
        client = self.client()
        self.put(f"/clients/{client['id']}", client | {"attributes": client["attributes"] | attributes})
        try:
            yield
        finally:
            # An attribute that was not there is taken away by an empty text.
            back = {name: "" for name in attributes} | client["attributes"]
            self.put(f"/clients/{client['id']}", client | {"attributes": back})

    def keep_events(self, *kinds: str) -> None:
        """Has Keycloak write down events that it does not by default."""
        config = self.get("/events/config")
        kept = sorted({*config["enabledEventTypes"], *kinds})
        self.put("/events/config", config | {"enabledEventTypes": kept})

    def events(self, kind: str, since_ms: int) -> list[dict[str, Any]]:
        """What Keycloak has written down of one kind since a moment."""
        return [event for event in self.get(f"/events?type={kind}&max=1000") if event["time"] >= since_ms]

    def _credentials(self, username: str) -> list[dict[str, Any]]:
        return list(self.get(f"/users/{self.user(username)['id']}/credentials"))

    def _call(self, method: str, path: str, value: Any, realm: str) -> Any:
        url = f"{self._keycloak}/admin/realms{'/' + realm if realm else ''}{path}"
        body = None if value is None else json.dumps(value).encode()
        headers = {"authorization": f"Bearer {self._bearer()}", "content-type": "application/json"}
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
                return json.loads(text) if text else answer.headers["location"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from error

    def _bearer(self) -> str:
        if time.monotonic() > self._token_ends:
            fields = {
                "grant_type": "password",
                "client_id": "admin-cli",
                "username": ADMINISTRATOR[0],
                "password": ADMINISTRATOR[1],
            }
            url = f"{self._keycloak}/realms/master/protocol/openid-connect/token"
            with urllib.request.urlopen(url, urllib.parse.urlencode(fields).encode(), timeout=30) as answer:
                tokens = json.load(answer)
            self._token = tokens["access_token"]
            self._token_ends = time.monotonic() + tokens["expires_in"] / 2
        return self._token
