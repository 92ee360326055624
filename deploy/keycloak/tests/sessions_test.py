"""Signing in and out through the application, with a real Keycloak on the other side."""

from __future__ import annotations

import json
import threading
import time
import urllib.parse
from collections import Counter
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from browser import Browser
from client import claims as _claims
from client import header as _header
from conftest import Site
from conftest import eventually as _eventually


def _signed_in(site: Site, username: str = "ivan.petrov") -> Browser:
    browser = site.browser()
    answer = browser.sign_in(username)
    assert browser.api("/auth/me").status == 200, f"{answer.url} {answer.status} {answer.text[:500]}"
    return browser


def _is_out(browser: Browser) -> bool:
    return browser.api("/auth/me").status == 401 and browser.api("/api/reports").status == 401


def a_person_signs_in_and_comes_back_to_the_page_they_asked_for(site: Site) -> None:
    browser = site.browser()
    answer = browser.sign_in("ivan.petrov", return_to="/day/2026-01-02")
    assert answer.url == f"{site.application}/day/2026-01-02"
    me = browser.api("/auth/me").json()
    assert (me["user"], me["name"], me["roles"]) == ("ivan.petrov", "Ivan Petrov", ["prothetic_user"])
    reports = browser.api("/api/reports")
    assert (reports.status, reports.json()["user"]) == (200, "ivan.petrov")


def b04_no_token_reaches_the_browser(site: Site) -> None:
    browser = site.browser()
    seen: list[str] = []
    send = browser.send

    def listen(*arguments: Any, **named: Any) -> Any:
        answer = send(*arguments, **named)
        if answer.url.startswith(site.application):
            seen.append(f"{answer.headers}{answer.text}")
        return answer

    browser.send = listen  # type: ignore[method-assign]
    browser.sign_in("ivan.petrov")
    browser.api("/api/reports")
    browser.api("/auth/sessions")
    own = [
        value for name, value in browser.cookies.items() if not name.startswith(("KEYCLOAK", "AUTH_", "KC_"))
    ]
    assert len(seen) >= 4 and own
    assert "eyJ" not in json.dumps(seen + own)


def a_wrong_password_signs_nobody_in(site: Site) -> None:
    browser = site.browser()
    answer = browser.sign_in("anna.schmidt", "wrong")
    assert answer.url.startswith(site.keycloak.url) and "kc-form-login" in answer.text
    assert browser.api("/auth/me").status == 401
    site.admin.forget_failures("anna.schmidt")


def who_is_signed_in_at_keycloak_is_not_asked_again(site: Site) -> None:
    browser = _signed_in(site)
    tab = browser.follow(browser.get(f"{site.application}/auth/login?return_to=/day/2026-01-02"))
    assert tab.url == f"{site.application}/day/2026-01-02"
    assert browser.api("/auth/me").json()["user"] == "ivan.petrov"


def b12_who_signs_in_again_goes_on_in_the_same_session_at_keycloak(site: Site) -> None:
    # The application asks for new tokens half a minute before the old ones end.
    with site.admin.changed_client(**{"access.token.lifespan": "40"}):
        browser = _signed_in(site)
        before = site.browser()
        before.cookies = dict(browser.cookies)
        browser.follow(browser.get(f"{site.application}/auth/login"))
        assert _is_out(before) and not _is_out(browser)
        time.sleep(11)
        assert browser.api("/api/reports").status == 200, "the new tokens have outlived the first"


def b13_signing_out_ends_the_session_here_and_at_keycloak(site: Site) -> None:
    site.admin.end_sessions("ivan.petrov")
    browser = _signed_in(site)
    before = dict(browser.cookies)
    assert len(site.admin.sessions("ivan.petrov")) == 1
    answer = browser.post(f"{site.application}/auth/logout", headers=browser.own_page())
    assert answer.status == 200, answer.text
    stolen = site.browser()
    stolen.cookies = before
    assert _is_out(stolen), "the cookie before is worth nothing at once"
    end = browser.follow(browser.get(answer.json()["location"]))
    assert end.url.startswith(f"{site.application}/signed-out"), f"{end.url} {end.status}"
    assert site.admin.sessions("ivan.petrov") == []
    page = browser.follow(browser.get(f"{site.application}/auth/login"))
    assert "kc-form-login" in page.text, "Keycloak asks for the password again"


def b15_an_administrator_ends_a_session_and_it_has_ended(site: Site) -> None:
    browser, other = _signed_in(site), _signed_in(site, "john.mueller")
    site.admin.end_sessions("ivan.petrov")
    _eventually("the session has ended here", lambda: _is_out(browser), 1)
    assert not _is_out(other)


def b15_one_of_two_browsers_is_signed_out_at_keycloak(site: Site) -> None:
    site.admin.end_sessions("ivan.petrov")
    first = _signed_in(site)
    (one,) = site.admin.sessions("ivan.petrov")
    second = _signed_in(site)
    site.admin.delete(f"/sessions/{one['id']}")
    _eventually("the first has ended", lambda: _is_out(first), 1)
    assert not _is_out(second)


def b15_an_administrator_ends_all_sessions_of_somebody_and_every_browser_is_out(site: Site) -> None:
    site.admin.end_sessions("ivan.petrov")
    first, second = _signed_in(site), _signed_in(site)
    assert len(site.admin.sessions("ivan.petrov")) == 2
    site.admin.end_sessions("ivan.petrov")
    _eventually("both have ended", lambda: _is_out(first) and _is_out(second), 1)


def j82_a_locked_account_is_out_at_once(site: Site) -> None:
    browser = _signed_in(site)
    site.admin.enable("ivan.petrov", False)
    try:
        site.admin.end_sessions("ivan.petrov")
        _eventually("the session has ended", lambda: _is_out(browser), 1)
        again = site.browser()
        assert "kc-form-login" in again.sign_in("ivan.petrov").text
        assert _is_out(again)
    finally:
        site.admin.enable("ivan.petrov", True)
    assert not _is_out(_signed_in(site))


def b18_a_locked_account_is_out_when_its_token_ends(site: Site) -> None:
    with site.admin.changed_client(**{"access.token.lifespan": "3"}):
        browser = _signed_in(site)
        assert browser.api("/api/reports").status == 200
        site.admin.enable("ivan.petrov", False)
        try:
            _eventually("the refresh is refused", lambda: browser.api("/api/reports").status == 401, 10)
            assert _is_out(browser)
        finally:
            site.admin.enable("ivan.petrov", True)
        assert _is_out(browser), "a session that has ended does not come back"


def b17_tokens_are_refreshed_once_however_many_ask(site: Site) -> None:
    # The application asks for new tokens half a minute before the old ones end.
    site.admin.keep_events("REFRESH_TOKEN", "REFRESH_TOKEN_ERROR")
    with site.admin.changed_client(**{"access.token.lifespan": "40"}):
        browser = _signed_in(site)
        began_ms = int(time.time() * 1000)
        time.sleep(11)
        statuses: Counter[int] = Counter()
        gate, lock = threading.Barrier(20), threading.Lock()

        def ask() -> None:
            own = site.browser()
            own.cookies = dict(browser.cookies)
            gate.wait()
            status = own.api("/api/reports").status
            with lock:
                statuses[status] += 1

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == Counter({200: 20})
        refreshed = site.admin.events("REFRESH_TOKEN", began_ms)
        failed = site.admin.events("REFRESH_TOKEN_ERROR", began_ms)
        assert (len(refreshed), len(failed)) == (1, 0)
        time.sleep(11)
        assert browser.api("/api/reports").status == 200, "the rotated token is good for the next time"


def j59_a_logout_token_opens_nothing_and_is_good_once(site: Site) -> None:
    told: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            told.append(urllib.parse.parse_qs(body)["logout_token"][0])
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    listener = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    site.admin.end_sessions("ivan.petrov")
    browser = _signed_in(site)
    url = f"http://127.0.0.1:{listener.server_port}/"
    try:
        with site.admin.changed_client(**{"backchannel.logout.url": url}):
            site.admin.end_sessions("ivan.petrov")
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
    (token,) = told
    assert _header(token)["typ"] == "logout+jwt"
    assert _claims(token)["typ"] == "Logout" and "nonce" not in _claims(token)
    assert site.bearer(token)[0] == 401
    assert not _is_out(browser), "nobody has told the application yet"

    def tell() -> int:
        url = f"{site.application}/auth/backchannel-logout"
        return Browser("").post(url, {"logout_token": token}).status

    assert tell() == 200
    assert _is_out(browser)
    assert tell() == 400, "a logout token is good once"


def j59_other_tokens_sign_nobody_out(site: Site) -> None:
    browser = _signed_in(site)
    tokens = site.client().sign_in("ivan.petrov")
    for token in (tokens["access_token"], tokens["id_token"], tokens["refresh_token"], "x", ""):
        url = f"{site.application}/auth/backchannel-logout"
        assert Browser("").post(url, {"logout_token": token}).status == 400
    assert not _is_out(browser)


def passwords_are_not_guessed(site: Site) -> None:
    try:
        for _ in range(5):
            assert "kc-form-login" in site.browser().sign_in("john.mueller", "wrong").text
        locked = site.browser()
        assert "kc-form-login" in locked.sign_in("john.mueller").text, "not even the right one is taken"
        assert _is_out(locked)
        assert site.admin.failures("john.mueller")["disabled"] is True
    finally:
        site.admin.forget_failures("john.mueller")
    assert not _is_out(_signed_in(site, "john.mueller"))
