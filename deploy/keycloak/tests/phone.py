"""An authenticator app: one-time codes by RFC 6238, with the key that Keycloak's page shows."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time

from browser import Answer, Browser

PERIOD_S = 30


class Phone:
    """Knows one account's key, once it has been set up for it."""

    def __init__(self) -> None:
        self._key = b""
        self._used: set[int] = set()

    def set_up(self, browser: Browser, page: Answer, code: str | None = None) -> Answer:
        """Reads the key off the page and types a code into it; what comes back."""
        is_picture = 'id="mode-manual"' in page.text
        by_hand = browser.get(page.link("mode-manual")) if is_picture else page
        self.read(by_hand.text)
        fields = by_hand.hidden() | {"totp": code or self.code(), "userLabel": "a phone"}
        return browser.post(by_hand.form("kc-totp-settings-form"), fields)

    def read(self, page: str) -> None:
        """Takes the key that stands on the page."""
        shown = re.search(r'id="kc-totp-secret-key"[^>]*>([A-Z2-7 ]+)<', page)
        assert shown is not None, page
        text = shown.group(1).replace(" ", "")
        self._key = base64.b32decode(text + "=" * (-len(text) % 8))

    def answer(self, browser: Browser, page: Answer, code: str | None = None) -> Answer:
        """Types a code into the page that asks for one; what comes back."""
        return browser.post(page.form("kc-otp-login-form"), {"otp": code or self.code()})

    def code(self) -> str:
        """A code that nobody has seen: the present one, or one that clocks a little apart would show."""
        while True:
            now = int(time.time() / PERIOD_S)
            fresh = [step for step in (now, now + 1) if step not in self._used]
            if fresh:
                self._used.add(fresh[0])
                return self._at(fresh[0])
            time.sleep(0.5)

    def wrong_code(self) -> str:
        """One that is none of those that are good now or soon."""
        now = int(time.time() / PERIOD_S)
        good = {self._at(step) for step in range(now - 3, now + 6)} if self._key else set()
        return next(code for code in (f"{number:06}" for number in range(100_000)) if code not in good)

    def _at(self, step: int) -> str:
        digest = hmac.new(self._key, struct.pack(">Q", step), hashlib.sha1).digest()
        start = digest[-1] & 15
        number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
        return f"{number % 1_000_000:06}"
