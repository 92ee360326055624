"""The requests of the API's bench, and its comparison of days."""

import json
from datetime import date, timedelta

import api
import pytest


def _day(zone: str, movements: int = 5, errors: int = 0) -> bytes:
    summary = {"total_movements": 5, "total_errors": 0, "uptime_hours": 1}
    hour = {"hour": f"2026-01-01T06:00:00{zone}", "movements_count": movements, "error_count": errors}
    return json.dumps({"summary": summary, "hourly_data": [hour]}).encode()


def the_same_day_in_other_words_agrees():
    api.agree(_day("Z"), _day(""))


@pytest.mark.parametrize("other", [{"movements": 6}, {"errors": 1}])
def an_hour_with_another_number_does_not(other):
    with pytest.raises(SystemExit, match="different days"):
        api.agree(_day("Z"), _day("", **other))


def a_visit_keeps_the_pages_of_a_person_together():
    dates = [(date(2026, 3, 2) - timedelta(days=back)).isoformat() for back in range(3)]
    load = api.visits(api.Doors("ours", "audited", {}, "bare"), dates, ["one", "two"])
    assert load.flags == ("--group", "10") and load.requests == len(load.targets) == 20
    assert [target.split("\t")[1] for target in load.targets] == ["one"] * 10 + ["two"] * 10
    # Yesterday is the newest day; a comparison covers the last seven complete days.
    assert load.targets[4] == "/api/reports/2026-03-02?tz=UTC\tone"
    weeks = "a_from=2026-02-17&a_to=2026-02-24&b_from=2026-02-24&b_to=2026-03-03"
    assert load.targets[9] == f"/api/reports/compare?{weeks}&tz=UTC\tone"
