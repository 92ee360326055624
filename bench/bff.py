"""The BFF against the API behind it: one person's day, by the cookie of a real sign-in and by a token."""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, ProxyHandler, Request, build_opener

from api import load
from measure import middle, note
from processes import PROGRAM, output_of, ready_by_line

PERSON = "ivan.petrov"
CONNECTIONS = 8


@dataclass(frozen=True)
class Site:
    """A running demo, and one person's credentials for its BFF and API."""

    web: str
    api: str
    token: str
    cookie: str

    @property
    def session(self) -> str:
        """The session's name, as the BFF gives it to the owner of the cookie."""
        return str(json.loads(ask(f"{self.web}/auth/me", {"Cookie": self.cookie}))["session"])

    def newest_day(self) -> str:
        """Returns the path of the newest day with data."""
        found = ask(f"{self.api}/api/reports?limit=1", {"Authorization": f"Bearer {self.token}"})
        return f"/api/reports/{json.loads(found)['reports'][0]['date']}"


def bff(requests: int, repeat: int) -> dict:
    """Measures the same requests through the BFF and directly to the API; the order alternates by round."""
    note(f"bff: {requests:,} requests of one person, through it and straight to the API")
    found: dict[str, list[dict]] = {"through": [], "straight": []}
    with (
        tempfile.TemporaryDirectory(prefix="bionicpro-bench-") as folder,
        site(Path(folder) / "data") as demo,
    ):
        scratch, path = Path(folder), demo.newest_day()
        headers = scratch / "headers"
        own_page = f"x-csrf: 1\nx-session: {demo.session}\nsec-fetch-site: same-origin"
        headers.write_text(f"cookie: {demo.cookie}\n{own_page}\n")
        headers.chmod(0o600)
        doors = {
            "through": (demo.web, [path], ("--headers", str(headers))),
            "straight": (demo.api, [f"{path}\t{demo.token}"], ()),
        }
        same = [ask(demo.web + path, dict(line.split(": ", 1) for line in headers.read_text().splitlines()))]
        same.append(ask(demo.api + path, {"Authorization": f"Bearer {demo.token}"}))
        if same[0] != same[1]:
            raise SystemExit("bench: the BFF and the API give different answers")
        for url, targets, more in doors.values():
            load(scratch, url, targets, CONNECTIONS, requests // 10, more)
        for number in range(repeat):
            for name in sorted(doors, reverse=number % 2 == 1):
                url, targets, more = doors[name]
                found[name].append(load(scratch, url, targets, CONNECTIONS, requests, more))
            rates = {name: figures[-1]["requests_per_second"] for name, figures in found.items()}
            note(f"  {rates['through']:,.0f}/s through it, {rates['straight']:,.0f}/s straight")
    return {name: summary(figures) for name, figures in found.items()} | {"connections": CONNECTIONS}


def summary(figures: list[dict]) -> dict:
    """Returns the median and range of the rates and tails."""
    return {
        "requests_per_second": middle([one["requests_per_second"] for one in figures]),
        "p99_ms": middle([one["latency_us"]["p99"] / 1000 for one in figures]),
    }


@contextmanager
def site(data: Path) -> Iterator[Site]:
    """Starts the whole demo in one process, idle: without simulated movements and without runs."""
    # An engine that drops its privileges must be able to reach its data.
    data.parent.chmod(0o755)
    flags = ["--json", "--ports", "auto", "--data", str(data), "--days", "7", "--rate", "0", "--no-schedule"]
    # One person sends thousands of requests to both servers.
    environment = {"BIONICPRO_API_REQUESTS_PER_MINUTE": "4000000000"}
    with ready_by_line([PROGRAM, "demo", *flags], environment) as (_, ready):
        web, api, issuer = (ready[part]["url"] for part in ("web", "api", "issuer"))
        token = output_of([PROGRAM, "demo", "token", PERSON, "--data", str(data)])
        yield Site(web, api, token, sign_in(web, issuer))


def sign_in(web: str, issuer: str) -> str:
    """Signs in as a browser does, by the issuer's page; returns the session's cookie."""
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar), ProxyHandler({}))
    with browser.open(f"{web}/auth/login", timeout=30) as page:
        request = re.search(r'name="request" value="([^"]+)"', page.read().decode())[1]
    form = urlencode({"request": request, "account": PERSON}).encode()
    with browser.open(f"{issuer}/login-actions/authenticate", form, timeout=30) as home:
        if not home.url.startswith(web):
            raise SystemExit("bench: the sign-in does not come back")
    sessions = [f"{cookie.name}={cookie.value}" for cookie in jar if cookie.name == "bionicpro-sid"]
    if len(sessions) != 1:
        raise SystemExit("bench: the sign-in gives no session")
    return sessions[0]


def ask(url: str, headers: dict[str, str]) -> str:
    """Returns a response's body; an error status ends the bench."""
    with build_opener(ProxyHandler({})).open(Request(url, headers=headers), timeout=30) as response:
        return response.read().decode()
