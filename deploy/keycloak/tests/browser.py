"""A browser without a window: cookies, forms and redirects, one step at a time or all the way."""

from __future__ import annotations

import html
import http.client
import json
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_HOPS = 10


@dataclass
class Answer:
    """What came back."""

    url: str
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def location(self) -> str:
        """Where the browser is sent; empty where it is not."""
        return urllib.parse.urljoin(self.url, self.headers["location"]) if "location" in self.headers else ""

    def sent(self, name: str) -> str | None:
        """A parameter of where the browser is sent."""
        values = urllib.parse.parse_qs(urllib.parse.urlsplit(self.location).query).get(name)
        return values[0] if values else None

    def form(self, name: str = "kc-form-login") -> str:
        """Where a form of the page goes; the one for signing in unless told otherwise."""
        return self._address("form", name, "action")

    def link(self, name: str) -> str:
        """Where a link of the page goes."""
        return self._address("a", name, "href")

    def hidden(self) -> dict[str, str]:
        """What the page's forms send without anybody typing it."""
        inputs = re.findall(r'<input type="hidden"[^>]+name="([^"]+)" value="([^"]*)"', self.text)
        return {name: html.unescape(value) for name, value in inputs}

    def _address(self, element: str, name: str, attribute: str) -> str:
        tags = re.findall(rf"<{element}\s[^>]+>", self.text)
        found = next((tag for tag in tags if f'id="{name}"' in tag), None)
        assert found is not None, f"no {element} {name}: {self.status} {self.url} {self.text[:2000]}"
        (address,) = re.findall(rf'{attribute}="([^"]+)"', found)
        return urllib.parse.urljoin(self.url, html.unescape(address))


class Browser:
    """Keeps the cookies of both hosts together, and sends `Secure` ones to loopback as browsers do."""

    def __init__(self, application: str) -> None:
        self.application = application
        self.cookies: dict[str, str] = {}

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """One request; nothing is followed."""
        return self.send("GET", url, headers=headers)

    def post(
        self, url: str, fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Sends a form."""
        body = urllib.parse.urlencode(fields or {}).encode()
        kind = {"content-type": "application/x-www-form-urlencoded"} if fields is not None else {}
        return self.send("POST", url, body, kind | dict(headers or {}))

    def send(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request with the cookies; takes what the answer sets."""
        parts = urllib.parse.urlsplit(url)
        assert parts.hostname in ("127.0.0.1", "localhost"), url
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        try:
            sent = ({"cookie": cookie} if cookie else {}) | dict(headers or {})
            connection.request(method, target, body, sent)
            response = connection.getresponse()
            answer = Answer(url, response.status, response.headers, response.read())
        finally:
            connection.close()
        for line in answer.headers.get_all("set-cookie") or []:
            pair, _, attributes = line.partition(";")
            name, _, value = pair.partition("=")
            if "max-age=0" in attributes.lower() or value == "":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def follow(self, answer: Answer) -> Answer:
        """Goes where the answers send it until one does not."""
        for _ in range(MAX_HOPS):
            if not answer.location:
                return answer
            answer = self.get(answer.location)
        raise AssertionError(f"sent around in circles: {answer.url}")

    def sign_in(self, username: str, password: str = "password123", return_to: str = "/") -> Answer:
        """Signs in at the application through Keycloak's page; the last answer."""
        page = self.follow(
            self.get(f"{self.application}/auth/login?{urllib.parse.urlencode({'return_to': return_to})}")
        )
        return self.follow(self.post(page.form(), {"username": username, "password": password}))

    def own_page(self) -> dict[str, str]:
        """What a page of the application sends that was opened in the session of now."""
        me = self.get(f"{self.application}/auth/me")
        session = {"x-session": me.json()["session"]} if me.status == 200 else {}
        return {"x-csrf": "1", "origin": self.application} | session

    def api(self, path: str) -> Answer:
        """Asks the application as its own page does."""
        return self.get(f"{self.application}{path}", self.own_page())
