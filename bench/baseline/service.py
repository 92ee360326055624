"""The baseline implementation of the Reports API: one endpoint, as a competent team first writes it.

FastAPI queries the warehouse for one person's day and returns its hours and their sums. Signatures are
checked with the issuer's key set, which is fetched once; connections to the warehouse are reused. The
omissions are in its favour: it does not filter replaced and deleted rows, supports no time zone but UTC, and
does not report the age of the data.
"""

import json
import os
from datetime import date
from functools import cache
from typing import Annotated
from urllib.parse import urlsplit
from urllib.request import urlopen

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from jose import JWTError, jwt

AUDIENCE = "bionicpro-auth"
ROLE = "prothetic_user"

HOURS = f"""
SELECT hour, movements_count, avg_response_time, avg_battery_level, error_count, prosthesis_model, chip_id
FROM {os.environ["BASELINE_TABLE"]}
WHERE ldap_username = {{login:String}} AND date = {{day:Date}}
ORDER BY hour
"""

app = FastAPI()


@cache
def keys() -> dict:
    """Returns the issuer's key set."""
    with urlopen(os.environ["BIONICPRO_OIDC_JWKS_URL"], timeout=10) as response:
        return json.load(response)


@cache
def warehouse() -> Client:
    """Returns the client for all requests, without a server session, so that they can query concurrently."""
    url = urlsplit(os.environ["BIONICPRO_WAREHOUSE_URL"])
    return clickhouse_connect.get_client(
        host=url.hostname,
        port=url.port,
        username=url.username,
        password=url.password,
        autogenerate_session_id=False,
    )


def login(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    """Returns the login name of the caller, who must be a wearer."""
    try:
        claims = jwt.decode(
            credentials.credentials,
            keys(),
            algorithms=["RS256"],
            audience=AUDIENCE,
            issuer=os.environ["BIONICPRO_OIDC_ISSUER"],
        )
    except JWTError:
        raise HTTPException(401, "The access token is not valid") from None
    if ROLE not in claims.get("realm_access", {}).get("roles", []):
        raise HTTPException(403, "Reports are for people who wear a prosthesis")
    return claims["preferred_username"]


@app.get("/api/reports/{day}")
def report(day: date, user: Annotated[str, Depends(login)]) -> dict:
    """Returns the caller's hours of one day, and their sums."""
    hours = list(warehouse().query(HOURS, parameters={"login": user, "day": day}).named_results())
    if not hours:
        raise HTTPException(404, "There is no report for this day")
    movements = sum(hour["movements_count"] for hour in hours)
    return {
        "date": day,
        "user": user,
        "prosthesis_model": hours[-1]["prosthesis_model"],
        "chip_id": hours[-1]["chip_id"],
        "summary": {
            "total_movements": movements,
            "avg_response_time_ms": mean(hours, "avg_response_time"),
            "avg_battery_level": mean(hours, "avg_battery_level"),
            "total_errors": sum(hour["error_count"] for hour in hours),
            "uptime_hours": sum(hour["movements_count"] > 0 for hour in hours),
        },
        "hourly_data": [
            {
                "hour": hour["hour"],
                "movements_count": hour["movements_count"],
                "avg_response_time": hour["avg_response_time"],
                "battery_level": hour["avg_battery_level"],
                "error_count": hour["error_count"],
            }
            for hour in hours
        ],
    }


def mean(hours: list[dict], name: str) -> float | None:
    """Returns the mean over the hours that have the value, weighted by movements."""
    known = [(hour[name], hour["movements_count"]) for hour in hours if hour[name] is not None]
    weight = sum(count for _, count in known)
    return round(sum(value * count for value, count in known) / weight, 1) if weight else None


@app.get("/health")
def health() -> dict:
    """Checks that the warehouse responds."""
    warehouse().command("SELECT 1")
    return {"status": "ok"}
