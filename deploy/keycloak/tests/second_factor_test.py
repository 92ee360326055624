"""One-time codes and passkeys, for whoever wants them and for administrators in any case."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Answer, Browser
from chromium import Chromium
from chromium import program as _program
from client import Client
from client import claims as _claims
from conftest import Site
from phone import Phone

ADMINISTRATOR = "alexey.kozlov"
PERSON = "maria.sidorova"


@pytest.fixture(autouse=True)
def nobody_has_a_factor(site: Site) -> Iterator[None]:
    """Leaves the accounts as they were."""
    yield
    for username in (ADMINISTRATOR, PERSON):
        site.admin.remove_factors(username)
        site.admin.forget_failures(username)
        site.admin.end_sessions(username)


def _user(browser: Browser) -> str | None:
    """Who is signed in at the application."""
    answer = browser.api("/auth/me")
    return str(answer.json()["user"]) if answer.status == 200 else None


def _console(site: Site) -> Client:
    """Keycloak's page for one's own account."""
    return Client(site.keycloak.issuer, f"{site.keycloak.issuer}/account/", None, "account-console")


def _password(browser: Browser, page: Answer, username: str) -> Answer:
    return browser.follow(browser.post(page.form(), {"username": username, "password": "password123"}))


def _give_codes(site: Site, username: str) -> Phone:
    """Sets up codes as a person does in Keycloak's page for one's own account."""
    browser, phone = site.browser(), Phone()
    page = _console(site).ask(browser, "v" * 43, kc_action="CONFIGURE_TOTP")
    set_up = _password(browser, page, username)
    assert phone.set_up(browser, set_up).sent("kc_action_status") == "success"
    return phone


def an_administrator_with_a_password_alone_gets_nothing(site: Site) -> None:
    browser = site.browser()
    page = browser.sign_in(ADMINISTRATOR)
    form = page.form("kc-totp-settings-form")
    assert form.startswith(site.keycloak.url)
    assert _user(browser) is None
    for client in (site.client(), _console(site)):
        for changes in ({}, {"prompt": "none"}, {"prompt": "login"}, {"kc_action": "UPDATE_PASSWORD"}):
            answer = client.ask(browser, "v" * 43, **changes)
            assert answer.sent("code") is None, changes
            assert browser.follow(answer).sent("code") is None, changes
    page = site.browser().sign_in(ADMINISTRATOR)
    for fields in ({}, {"cancel-aia": "true"}, {"totp": "", "totpSecret": ""}):
        answer = browser.follow(browser.post(page.form("kc-totp-settings-form"), fields))
        assert answer.url.startswith(site.keycloak.url) and _user(browser) is None, fields
    assert site.admin.sessions(ADMINISTRATOR) == []
    assert site.admin.factors(ADMINISTRATOR) == []


def an_administrator_sets_up_codes_at_the_first_sign_in_and_is_asked_for_one_from_then_on(site: Site) -> None:
    first, phone = site.browser(), Phone()
    page = first.sign_in(ADMINISTRATOR)
    refused = phone.set_up(first, page, "12345")
    assert refused.form("kc-totp-settings-form") and site.admin.factors(ADMINISTRATOR) == []
    first.follow(phone.set_up(first, refused))
    assert _user(first) == ADMINISTRATOR and site.admin.factors(ADMINISTRATOR) == ["otp"]
    assert first.api("/api/staff/pipeline").status == 200
    second = site.browser()
    asked = second.sign_in(ADMINISTRATOR)
    assert asked.form("kc-otp-login-form") and _user(second) is None
    second.follow(phone.answer(second, asked))
    assert _user(second) == ADMINISTRATOR


def a_code_is_right_and_good_once(site: Site) -> None:
    phone = _give_codes(site, PERSON)
    code = phone.code()
    browser = site.browser()
    asked = browser.sign_in(PERSON)
    asked = phone.answer(browser, asked, phone.wrong_code())
    assert asked.form("kc-otp-login-form") and _user(browser) is None
    browser.follow(phone.answer(browser, asked, code))
    assert _user(browser) == PERSON
    site.admin.forget_failures(PERSON)
    thief = site.browser()
    again = phone.answer(thief, thief.sign_in(PERSON), code)
    assert again.form("kc-otp-login-form") and _user(thief) is None, "nobody uses a code that was seen"


def who_is_asked_to_sign_in_again_is_asked_for_both(site: Site) -> None:
    phone, browser = _give_codes(site, PERSON), site.browser()
    browser.follow(phone.answer(browser, browser.sign_in(PERSON)))
    page = site.client().ask(browser, "v" * 43, prompt="login")
    asked = browser.post(page.form(), {"username": PERSON, "password": "password123"})
    assert asked.sent("code") is None and asked.form("kc-otp-login-form")
    assert phone.answer(browser, asked).sent("code") is not None


def codes_are_not_guessed(site: Site) -> None:
    phone = _give_codes(site, PERSON)
    browser = site.browser()
    asked = browser.sign_in(PERSON)
    for _ in range(5):
        asked = phone.answer(browser, asked, phone.wrong_code())
        # Two failures within a second are a lock of their own: here it is their number that counts.
        time.sleep(1.1)
    assert site.admin.failures(PERSON)["disabled"] is True
    refused = phone.answer(browser, asked)
    assert refused.status == 200 and refused.sent("code") is None, "not even the right one is taken"
    other = site.browser()
    assert other.sign_in(PERSON).form(), "nor the right password"
    site.admin.forget_failures(PERSON)
    other.follow(phone.answer(other, other.sign_in(PERSON)))
    assert _user(other) == PERSON


def a_right_password_does_not_forget_wrong_codes(site: Site) -> None:
    phone = _give_codes(site, PERSON)
    for _ in range(3):
        browser = site.browser()
        phone.answer(browser, browser.sign_in(PERSON), phone.wrong_code())
        time.sleep(1.1)
    assert site.admin.failures(PERSON)["numFailures"] == 3


def a_second_factor_changes_no_token(site: Site) -> None:
    before = site.client().sign_in(PERSON)
    after = site.client().sign_in(PERSON, _give_codes(site, PERSON))
    administrator = site.client().sign_in(ADMINISTRATOR, Phone())
    for kind in ("access_token", "id_token"):
        names = set(_claims(before[kind]))
        assert set(_claims(after[kind])) == set(_claims(administrator[kind])) == names
        assert abs(len(after[kind]) - len(before[kind])) <= 4, "times have as many digits"
    assert _claims(administrator["access_token"])["realm_access"]["roles"] == ["administrator"]
    assert site.bearer(after["access_token"])[0] == 403
    assert site.bearer(administrator["access_token"], "/api/staff/pipeline")[0] == 200
    refreshed = site.client().token(grant_type="refresh_token", refresh_token=after["refresh_token"])
    assert set(_claims(refreshed.json()["access_token"])) == set(_claims(before["access_token"]))


def who_lost_the_phone_has_it_removed_and_an_administrator_sets_up_another(site: Site) -> None:
    _give_codes(site, PERSON)
    site.client().sign_in(ADMINISTRATOR, Phone())
    for username in (PERSON, ADMINISTRATOR):
        site.admin.remove_factors(username)
        site.admin.end_sessions(username)
    person, administrator = site.browser(), site.browser()
    person.sign_in(PERSON)
    assert _user(person) == PERSON
    assert administrator.sign_in(ADMINISTRATOR).form("kc-totp-settings-form")
    assert _user(administrator) is None


def who_becomes_an_administrator_by_a_group_is_signed_out_and_sets_up_codes(site: Site) -> None:
    browser = site.browser()
    browser.sign_in(PERSON)
    user = site.admin.user(PERSON)["id"]
    group = site.admin.post("/groups", {"name": "staff"}).rsplit("/", 1)[1]
    try:
        role = site.admin.get("/roles/administrator")
        site.admin.post(f"/groups/{group}/role-mappings/realm", [role])
        site.admin.put(f"/users/{user}/groups/{group}", None)
        site.admin.end_sessions(PERSON)
        assert browser.sign_in(PERSON).form("kc-totp-settings-form")
        assert _user(browser) is None
    finally:
        site.admin.delete(f"/groups/{group}")


def a_site_can_ask_everybody_for_a_second_factor(site: Site) -> None:
    steps = "/authentication/flows/sign-in/executions"
    (role,) = (step for step in site.admin.get(steps) if step.get("providerId") == "conditional-user-role")
    site.admin.put(steps, role | {"requirement": "DISABLED"})
    try:
        browser, phone = site.browser(), Phone()
        page = browser.sign_in(PERSON)
        assert page.form("kc-totp-settings-form") and _user(browser) is None
        browser.follow(phone.set_up(browser, page))
        assert _user(browser) == PERSON
    finally:
        site.admin.put(steps, role)


def a_client_that_is_switched_to_take_passwords_gets_no_tokens_for_them(site: Site) -> None:
    client = site.admin.client()
    site.admin.put(f"/clients/{client['id']}", client | {"directAccessGrantsEnabled": True})
    try:
        for username in (ADMINISTRATOR, PERSON):
            answer = site.client().token(grant_type="password", username=username, password="password123")
            assert (answer.status, "access_token" in answer.text) == (401, False)
    finally:
        site.admin.put(f"/clients/{client['id']}", client)


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chromium]:
    """A real browser, which nobody has used."""
    path = _program()
    if path is None:
        pytest.skip("there is no Chromium (as root: apt-get install chromium)")
    browser = Chromium(path, tmp_path / "profile")
    try:
        yield browser
    finally:
        browser.close()


def _give_password(chromium: Chromium, url: str, username: str) -> None:
    """Opens a page that asks who somebody is, and says so by the password."""
    chromium.open(url)
    chromium.type("#username", username)
    chromium.type("#password", "password123")
    chromium.click("#kc-login")


def _give_passkey(chromium: Chromium, site: Site, username: str) -> None:
    """Adds a passkey in Keycloak's page for one's own account, where somebody has signed in."""
    chromium.click('[data-testid="webauthn-passwordless/create"]')
    chromium.until("a passkey can be made", lambda: chromium.shows("#registerWebAuthn"))
    chromium.touch()
    chromium.click("#registerWebAuthn")
    kind = "webauthn-passwordless"
    chromium.until("Keycloak has the passkey", lambda: kind in site.admin.factors(username))
    chromium.release()


def _is_in(chromium: Chromium, site: Site, username: str) -> bool:
    """Whether the page is the application's and somebody is signed in there."""
    if not chromium.url().startswith(site.application):
        return False
    script = "fetch('/auth/me', {headers: {'X-CSRF': '1'}}).then((answer) => answer.text())"
    return f'"user":{json.dumps(username)}' in str(chromium.run(script))


def _status(chromium: Chromium, path: str) -> int:
    """The answer to a call as the page makes it: for the session that is signed in."""
    script = f"""
        fetch('/auth/me')
            .then((me) => me.json())
            .then(({{session}}) => ({{'X-CSRF': '1', 'X-Session': session}}))
            .then((headers) => fetch({json.dumps(path)}, {{headers}}))
            .then((answer) => answer.status)
    """
    return int(chromium.run(script))


def a_passkey_signs_its_owner_in_alone_and_is_asked_for_after_the_password(
    site: Site, chromium: Chromium
) -> None:
    application = f"{site.application}/auth/login"
    console = f"{site.keycloak.issuer}/account/account-security/signing-in"
    _give_password(chromium, console, PERSON)
    _give_passkey(chromium, site, PERSON)
    (passkey,) = chromium.passkeys()
    assert (passkey["rpId"], passkey["isResidentCredential"]) == ("localhost", True)

    chromium.forget()
    chromium.open(application)
    chromium.until("the sign-in page is there", lambda: chromium.shows("#authenticateWebAuthnButton"))
    assert not _is_in(chromium, site, PERSON), "a passkey that nobody touches signs nobody in"
    chromium.touch(is_owner=False)
    chromium.click("#authenticateWebAuthnButton")
    chromium.until("somebody else's finger is refused", lambda: "Failed to authenticate" in chromium.text())
    chromium.release()
    chromium.forget()
    chromium.open(application)
    chromium.touch()
    chromium.until("the passkey alone is enough", lambda: _is_in(chromium, site, PERSON))
    chromium.release()

    chromium.forget()
    _give_password(chromium, application, PERSON)
    chromium.until("the passkey is asked for", lambda: chromium.shows("#kc-form-webauthn"))
    assert not _is_in(chromium, site, PERSON) and not chromium.shows("#password")
    chromium.touch()
    chromium.click("#authenticateWebAuthnButton")
    chromium.until("both are enough", lambda: _is_in(chromium, site, PERSON))
    chromium.release()

    chromium.open(console)
    chromium.click('[data-testid="webauthn-passwordless/credential-list"] [data-testrole="remove"]')
    chromium.click("#kc-accept")
    chromium.until("it is removed by its owner", lambda: site.admin.factors(PERSON) == [])
    chromium.forget()
    _give_password(chromium, application, PERSON)
    chromium.until("the password is enough again", lambda: _is_in(chromium, site, PERSON))


def an_administrator_with_a_passkey_needs_no_code(site: Site, chromium: Chromium) -> None:
    application = f"{site.application}/auth/login"
    console = f"{site.keycloak.issuer}/account/account-security/signing-in"
    _give_password(chromium, console, ADMINISTRATOR)
    chromium.until("codes are to be set up", lambda: chromium.shows("#kc-totp-settings-form"))
    chromium.click("#mode-manual")
    phone = Phone()
    phone.read(chromium.html("#kc-totp-secret-key"))
    chromium.type("#totp", phone.code())
    chromium.click("#saveTOTPBtn")
    _give_passkey(chromium, site, ADMINISTRATOR)
    assert site.admin.factors(ADMINISTRATOR) == ["otp", "webauthn-passwordless"]

    chromium.forget()
    chromium.open(application)
    chromium.touch()
    chromium.until("the passkey alone is enough", lambda: _is_in(chromium, site, ADMINISTRATOR))
    assert _status(chromium, "/api/staff/pipeline") == 200
    chromium.release()

    site.admin.remove_factors(ADMINISTRATOR, "otp")
    chromium.forget()
    _give_password(chromium, application, ADMINISTRATOR)
    chromium.until("the passkey is asked for", lambda: chromium.shows("#kc-form-webauthn"))
    assert not _is_in(chromium, site, ADMINISTRATOR)
    chromium.touch()
    chromium.click("#authenticateWebAuthnButton")
    chromium.until("it is no other than the owner", lambda: _is_in(chromium, site, ADMINISTRATOR))
