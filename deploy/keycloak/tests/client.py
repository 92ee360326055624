"""The application's own client in the hands of a test: it gets real tokens, to show them anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import urllib.parse
from typing import Any

from browser import Answer, Browser
from phone import Phone


class Client:
    """A client of a realm; the code comes to an address where nobody listens to it but the test."""

    def __init__(
        self, issuer: str, redirect_uri: str, secret: str | None, client_id: str = "bionicpro-auth"
    ) -> None:
        self.issuer = issuer
        self.redirect_uri = redirect_uri
        self._secret = secret
        self._client_id = client_id

    def endpoint(self, name: str) -> str:
        """One of the realm's addresses."""
        return f"{self.issuer}/protocol/openid-connect/{name}"

    def ask(self, browser: Browser, verifier: str, **changes: str) -> Answer:
        """Sends a browser to Keycloak with the usual request, some of whose fields are others or empty."""
        digest = hashlib.sha256(verifier.encode()).digest()
        fields = {
            "client_id": self._client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "state": "s",
            "nonce": "n",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        } | changes
        query = urllib.parse.urlencode({name: value for name, value in fields.items() if value})
        return browser.get(f"{self.endpoint('auth')}?{query}")

    def sign_in(self, username: str, phone: Phone | None = None, **changes: str) -> dict[str, Any]:
        """Signs somebody in, who has a phone for codes or is about to set one up, and redeems the code."""
        browser, verifier = Browser(""), secrets.token_urlsafe(48)
        page = self.ask(browser, verifier, **changes)
        back = browser.post(page.form(), {"username": username, "password": "password123"})
        if phone is not None:
            is_new = "CONFIGURE_TOTP" in back.location
            back = (
                phone.set_up(browser, browser.get(back.location)) if is_new else phone.answer(browser, back)
            )
        code = back.sent("code")
        assert code is not None, f"{back.status} {back.location} {back.text[:1000]}"
        answer = self.token(
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=self.redirect_uri,
        )
        assert answer.status == 200, answer.text
        return dict(answer.json())

    def token(self, **fields: str) -> Answer:
        """Calls the token endpoint as this client."""
        own = {"client_id": self._client_id} | ({"client_secret": self._secret} if self._secret else {})
        return Browser("").post(self.endpoint("token"), own | fields)


def claims(token: str) -> dict[str, Any]:
    """The claims of a token, not verified."""
    return _part(token, 1)


def header(token: str) -> dict[str, Any]:
    """The header of a token, not verified."""
    return _part(token, 0)


def _part(token: str, number: int) -> dict[str, Any]:
    text = token.split(".")[number]
    return dict(json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))
