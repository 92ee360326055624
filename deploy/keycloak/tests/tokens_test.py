"""Which of Keycloak's tokens open the Reports API. Names begin with the lines of the attack matrix."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser
from client import Client
from client import claims as _claims
from client import header as _header
from conftest import Site
from conftest import eventually as _eventually
from phone import Phone

REALM: dict[str, Any] = json.loads((Path(__file__).parents[1] / "realm.json").read_text())


@pytest.fixture(scope="module")
def tokens(site: Site) -> dict[str, Any]:
    """What the application gets when ivan.petrov signs in."""
    return site.client().sign_in("ivan.petrov")


def _refused(site: Site, token: str) -> None:
    status, problem = site.bearer(token)
    assert status == 401, problem
    assert problem["title"] == "Sign in again" and token not in json.dumps(problem)


def an_access_token_opens_the_api_for_its_person(site: Site, tokens: dict[str, Any]) -> None:
    token = tokens["access_token"]
    assert site.bearer(token) == (200, site.bearer(token)[1])
    assert site.bearer(token)[1]["user"] == "ivan.petrov"
    assert _header(token)["typ"] == "at+jwt"
    said = _claims(token)
    assert (said["aud"], said["azp"], said["typ"]) == ("bionicpro-auth", "bionicpro-auth", "Bearer")
    assert said["sub"] == "5b0a5c1e-5f0e-4f55-9d86-3c1c3f6f2a01"
    assert said["realm_access"]["roles"] == ["prothetic_user"], "full scope is off"
    assert said["exp"] - said["iat"] <= 300
    assert not {"name", "email", "given_name", "family_name"} & set(said), "the API needs no name"


def j43_somebody_who_wears_no_prosthesis_is_told_so(site: Site) -> None:
    status, _ = site.bearer(site.client().sign_in("maria.sidorova")["access_token"])
    assert status == 403


def i09_an_administrator_reads_nobodys_report(site: Site) -> None:
    try:
        token = site.client().sign_in("alexey.kozlov", Phone())["access_token"]
    finally:
        site.admin.remove_factors("alexey.kozlov")
    assert site.bearer(token)[0] == 403
    assert site.bearer(token, "/api/staff/pipeline")[0] == 200


def j57_an_id_token_is_no_access_token(site: Site, tokens: dict[str, Any]) -> None:
    assert _claims(tokens["id_token"])["typ"] == "ID"
    _refused(site, tokens["id_token"])


def j58_refresh_and_offline_tokens_are_no_access_tokens(site: Site, tokens: dict[str, Any]) -> None:
    assert _claims(tokens["refresh_token"])["typ"] == "Refresh"
    _refused(site, tokens["refresh_token"])
    client, scope = site.admin.client(), site.admin.scope("offline_access")
    refused = site.client().ask(site.browser(), "v" * 43, scope="openid offline_access")
    assert refused.sent("error") == "invalid_scope", "the realm gives no offline access"
    site.admin.put(f"/clients/{client['id']}/optional-client-scopes/{scope}", None)
    try:
        offline = site.client().sign_in("ivan.petrov", scope="openid offline_access")
    finally:
        site.admin.delete(f"/clients/{client['id']}/optional-client-scopes/{scope}")
    assert _claims(offline["refresh_token"])["typ"] == "Offline"
    _refused(site, offline["refresh_token"])


def j41_a_token_of_another_client_is_refused_even_with_our_audience(site: Site) -> None:
    client = {
        "clientId": "elsewhere",
        "publicClient": True,
        "redirectUris": ["http://127.0.0.1:1/"],
        "fullScopeAllowed": True,
        "defaultClientScopes": ["basic", "profile", "reports"],
    }
    location = site.admin.post("/clients", client)
    try:
        token = Client(site.keycloak.issuer, "http://127.0.0.1:1/", None, "elsewhere").sign_in("ivan.petrov")
    finally:
        site.admin.delete(f"/clients/{location.rsplit('/', 1)[1]}")
    assert _claims(token["access_token"])["aud"] == "bionicpro-auth"
    assert _claims(token["access_token"])["azp"] == "elsewhere"
    _refused(site, token["access_token"])


def j63_without_the_scope_basic_tokens_have_no_sub_and_nobody_gets_in(site: Site) -> None:
    client, scope = site.admin.client(), site.admin.scope("basic")
    site.admin.delete(f"/clients/{client['id']}/default-client-scopes/{scope}")
    try:
        token = site.client().sign_in("ivan.petrov")["access_token"]
        assert "sub" not in _claims(token)
        _refused(site, token)
        browser = site.browser()
        assert browser.sign_in("ivan.petrov").status >= 400
        assert browser.api("/auth/me").status == 401
    finally:
        site.admin.put(f"/clients/{client['id']}/default-client-scopes/{scope}", None)
    again = site.browser()
    again.sign_in("ivan.petrov")
    assert again.api("/auth/me").status == 200


def j80_a_service_account_has_no_reports(site: Site) -> None:
    client = {
        "clientId": "bionicpro-etl",
        "secret": "for a test, on loopback",
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": False,
        "defaultClientScopes": ["basic", "profile", "reports"],
    }
    location = site.admin.post("/clients", client)
    try:
        service = Client(site.keycloak.issuer, "", client["secret"], "bionicpro-etl")
        answer = service.token(grant_type="client_credentials").json()
    finally:
        site.admin.delete(f"/clients/{location.rsplit('/', 1)[1]}")
    assert _claims(answer["access_token"])["preferred_username"] == "service-account-bionicpro-etl"
    status, _ = site.bearer(answer["access_token"])
    assert status == 403


@pytest.fixture
def other_realm(site: Site, tmp_path: Path) -> Iterator[Client]:
    """Another realm of the same server, whose key is the very same one, so that the key's id is too."""
    key = tmp_path / "key.pem"
    made = subprocess.run(["openssl", "genrsa", "-out", key, "2048"], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("there is no openssl to make a key with")
    name = "other-realm"
    realm = json.loads(json.dumps(REALM).replace("${BIONICPRO_URL}", site.application)) | {"realm": name}
    realm["users"] = [
        {
            "username": "ivan.petrov",
            "email": "ivan@example.com",
            "firstName": "I",
            "lastName": "P",
            "enabled": True,
            "credentials": [{"type": "password", "value": "password123"}],
            "realmRoles": ["prothetic_user"],
        }
    ]
    clients = [_with_secret(realm["clients"][0], site.secret), *realm["clients"][1:]]
    site.admin.post("", realm | {"clients": clients}, realm="")
    component = {
        "name": "shared",
        "providerId": "rsa",
        "providerType": "org.keycloak.keys.KeyProvider",
        "config": {"privateKey": [key.read_text()], "priority": ["300"], "algorithm": ["RS256"]},
    }
    made_here = site.admin.post("/components", component)
    site.admin.post("/components", component, realm=name)
    try:
        yield Client(f"{site.keycloak.url}/realms/{name}", f"{site.application}/auth/callback", site.secret)
    finally:
        site.admin.delete(f"/components/{made_here.rsplit('/', 1)[1]}")
        site.admin.delete("", realm=name)


def _with_secret(client: dict[str, Any], secret: str) -> dict[str, Any]:
    attributes = client["attributes"] | {"backchannel.logout.url": ""}
    return client | {"secret": secret, "attributes": attributes}


def j34_another_realms_token_is_refused_though_its_key_has_our_keys_id(
    site: Site, other_realm: Client
) -> None:
    theirs = other_realm.sign_in("ivan.petrov")["access_token"]
    ours = site.client().sign_in("ivan.petrov")["access_token"]
    assert _header(theirs)["kid"] == _header(ours)["kid"]
    _eventually("the API knows the new key", lambda: site.bearer(ours)[0] == 200, 45)
    assert _claims(theirs)["iss"] != _claims(ours)["iss"]
    _refused(site, theirs)


def a_changed_token_is_refused(site: Site, tokens: dict[str, Any]) -> None:
    first, payload, signature = tokens["access_token"].split(".")
    _refused(site, f"{first}.{payload}.{signature[:-4]}AAAA")
    _refused(site, f"{first}.{payload}.")


def j82_a_token_in_somebodys_hands_lives_until_it_ends(site: Site) -> None:
    token = site.client().sign_in("john.mueller")["access_token"]
    site.admin.enable("john.mueller", False)
    try:
        assert site.bearer(token)[0] == 200
        page = site.client().ask(site.browser(), "v" * 43)
        answer = Browser("").post(page.form(), {"username": "john.mueller", "password": "password123"})
        assert answer.sent("code") is None
    finally:
        site.admin.enable("john.mueller", True)
    assert _claims(token)["exp"] - time.time() < 300


def the_client_gets_tokens_by_a_code_and_in_no_other_way(site: Site) -> None:
    client = site.client()
    by_password = client.token(grant_type="password", username="ivan.petrov", password="password123")
    assert by_password.status == 400 and by_password.json()["error"] == "unauthorized_client"
    alone = client.token(grant_type="client_credentials")
    assert alone.json()["error"] == "unauthorized_client"
    admin = Client(site.keycloak.issuer, "", None, "admin-cli")
    answer = admin.token(grant_type="password", username="ivan.petrov", password="password123")
    assert answer.json()["error"] in ("invalid_client", "unauthorized_client")
    wrong = Client(site.keycloak.issuer, client.redirect_uri, "wrong")
    assert wrong.token(grant_type="refresh_token", refresh_token="x").status == 401
    for changes in (
        {"response_type": "token"},
        {"response_type": "id_token"},
        {"code_challenge": "", "code_challenge_method": ""},
        {"code_challenge_method": "plain"},
    ):
        answer = client.ask(site.browser(), "v" * 43, **changes)
        assert answer.sent("code") is None and "error=" in answer.location, changes
    for uri in (f"{client.redirect_uri}/", f"{client.redirect_uri}?x=1", "https://evil.example/", ""):
        answer = client.ask(site.browser(), "v" * 43, redirect_uri=uri)
        assert answer.status == 400 and not answer.location, uri


def a_code_is_good_once(site: Site) -> None:
    client, browser = site.client(), site.browser()
    page = client.ask(browser, "v" * 43)
    code = browser.post(page.form(), {"username": "ivan.petrov", "password": "password123"}).sent("code")
    assert code is not None
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": "v" * 43,
    }
    first = client.token(**fields)
    assert first.status == 200, first.text
    assert client.token(**fields).json()["error"] == "invalid_grant"
    again = client.token(grant_type="refresh_token", refresh_token=first.json()["refresh_token"])
    assert again.json()["error"] == "invalid_grant", "the second use ends what the first has brought"


def a_refresh_token_is_good_once(site: Site, tokens: dict[str, Any]) -> None:
    client = site.client()
    own = client.sign_in("ivan.petrov")
    second = client.token(grant_type="refresh_token", refresh_token=own["refresh_token"])
    assert second.status == 200
    assert client.token(grant_type="refresh_token", refresh_token=own["refresh_token"]).status == 400
    after = client.token(grant_type="refresh_token", refresh_token=second.json()["refresh_token"])
    assert after.status == 400, "nobody knows who is the thief"
