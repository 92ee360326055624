"""Keys change on a Tuesday morning, and nobody notices."""

from __future__ import annotations

import http.client
import threading
import time
import urllib.parse
from collections import Counter

from client import header as _header
from conftest import Site

REFRESHES = "bionicpro_auth_key_refreshes_total"
FETCHED_AT = "bionicpro_auth_keys_fetched_at_seconds"

PEOPLE = 500
"""Requests with the new key at once."""


def j47_a_new_key_is_fetched_once_however_many_ask(site: Site) -> None:
    old = site.client().sign_in("ivan.petrov")["access_token"]
    assert site.bearer(old)[0] == 200
    made = site.admin.post(
        "/components",
        {
            "name": "tuesday",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": {"priority": ["200"], "algorithm": ["RS256"], "keySize": ["2048"]},
        },
    )
    try:
        # Somebody without a prosthesis: known by the token, refused before the warehouse is asked.
        new = site.client().sign_in("maria.sidorova")["access_token"]
        assert _header(new)["kid"] != _header(old)["kid"]
        # Unknown keys are looked up at most once in 30 s: the last fetch must be that old.
        while time.time() - site.metric(FETCHED_AT) < 31:
            time.sleep(0.5)
        before = site.metric(REFRESHES)
        statuses = _ask_at_once(site, new, PEOPLE)
        assert statuses == Counter({403: PEOPLE})
        assert site.metric(REFRESHES) - before == 1
        assert site.metric(REFRESHES, trigger="unknown_key", outcome="ok") >= 1
        assert site.bearer(old)[0] == 200, "what the old key has signed is still good"
    finally:
        site.admin.delete(f"/components/{made.rsplit('/', 1)[1]}")


def j45_a_key_that_nobody_has_costs_at_most_one_fetch(site: Site) -> None:
    token = site.client().sign_in("ivan.petrov")["access_token"]
    _, payload, signature = token.split(".")
    # {"alg":"RS256","typ":"at+jwt","kid":"nobody's"}
    first = "eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6Im5vYm9keSdzIn0"
    before = site.metric(REFRESHES)
    statuses = _ask_at_once(site, f"{first}.{payload}.{signature}", 100)
    assert statuses == Counter({401: 100})
    assert site.metric(REFRESHES) - before <= 1


def _ask_at_once(site: Site, token: str, count: int) -> Counter[int]:
    """The statuses of requests that are all on their way before the first is answered, or nearly so."""
    address = urllib.parse.urlsplit(site.api).netloc
    statuses: Counter[int] = Counter()
    lock = threading.Lock()
    gate = threading.Barrier(count)

    def ask() -> None:
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.connect()
        gate.wait()
        connection.request("GET", "/api/reports", headers={"authorization": f"Bearer {token}"})
        status = connection.getresponse().status
        connection.close()
        with lock:
            statuses[status] += 1

    threads = [threading.Thread(target=ask) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses
