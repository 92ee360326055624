"""What a person can change about their own account at Keycloak: the password, never the user name."""

from __future__ import annotations

import json

from browser import Browser
from client import Client
from conftest import Site


def a_person_cannot_give_themselves_another_user_name(site: Site) -> None:
    issuer = site.keycloak.issuer
    console = Client(issuer, f"{issuer}/account/", None, "account-console")
    token = console.sign_in("anna.schmidt")["access_token"]
    headers = {
        "authorization": f"Bearer {token}",
        "accept": "application/json",
        "content-type": "application/json",
    }
    own = Browser("").get(f"{issuer}/account/", headers)
    assert own.status == 200, f"the console does not work: {own.status} {own.text}"
    account = own.json()
    assert account["username"] == "anna.schmidt"

    def change(**fields: str) -> tuple[int, str]:
        body = json.dumps(account | fields).encode()
        answer = Browser("").send("POST", f"{issuer}/account/", body, headers)
        return answer.status, answer.text

    status, text = change(username="ivan.petrov2")
    assert status == 400 and "username" in text, (status, text)
    assert change()[0] in (200, 204), "the same without another name is taken"
    assert site.admin.user("anna.schmidt")["username"] == "anna.schmidt"
    site.admin.end_sessions("anna.schmidt")
