"""The window and the id of a DAG run."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import pytest

from bionicpro_airflow import window
from bionicpro_airflow.window import WindowError

DECLARED = ("from", "to", "full")
QUARTER = (
    datetime(2024, 1, 15, 8, 15, tzinfo=timezone.utc),
    datetime(2024, 1, 15, 9, 30, tzinfo=timezone(timedelta(hours=1))),
)


def _arguments(conf: dict[str, object], backfill: tuple[datetime, datetime] | None = None) -> list[str]:
    params = {"from": None, "to": None, "full": False} | conf
    return window.arguments(params, conf, backfill, declared=DECLARED)


def a_scheduled_run_asks_for_what_is_new() -> None:
    assert _arguments({}) == []


def a_run_may_ask_for_a_range_or_for_everything_of_the_last_days() -> None:
    assert _arguments({"from": "2024-01-15", "to": "2024-01-16"}) == [
        "--from",
        "2024-01-15",
        "--to",
        "2024-01-16",
    ]
    assert _arguments({"full": True}) == ["--full"]


def a_backfill_asks_for_its_interval_in_utc() -> None:
    asked = ["--from", "2024-01-15T08:15:00Z", "--to", "2024-01-15T08:30:00Z"]
    assert _arguments({}, QUARTER) == asked
    assert _arguments({"full": True}, QUARTER) == asked, (
        "also of the daily DAG, whose runs are full by default"
    )


def a_range_that_is_asked_for_wins_over_the_interval_of_a_backfill() -> None:
    assert _arguments({"from": "2024-01-01", "to": "2024-01-02"}, QUARTER)[1] == "2024-01-01"


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({"form": "2024-01-15"}, "unknown keys: form; known are: from, full, to"),
        ({"from": "2024-01-15"}, "a range needs both"),
        ({"to": "2024-01-15"}, "a range needs both"),
        ({"from": "2024-01-16", "to": "2024-01-15"}, "ends before it begins"),
        ({"from": "2024-01-15", "to": "2024-01-15"}, "ends before it begins"),
        ({"from": "2024-01-15T08:00:00+02:00", "to": "2024-01-15T05:00:00Z"}, "ends before it begins"),
        ({"from": "2024-02-30", "to": "2024-03-01"}, "not a day or an instant: '2024-02-30'"),
        ({"from": "2024-01-15", "to": "2024-01-16", "full": True}, "leave it out"),
    ],
)
def what_cannot_be_is_refused(conf: dict[str, object], said: str) -> None:
    with pytest.raises(WindowError, match=re.escape(said)):
        _arguments(conf)


def an_id_of_airflow_stays_readable() -> None:
    wanted = "bionicpro_reports_etl.scheduled__2024-01-01T00:00:00+00:00"
    assert window.run_id("bionicpro_reports_etl", "scheduled__2024-01-01T00:00:00+00:00") == wanted


@pytest.mark.parametrize(
    "odd",
    ["", "../../etc/passwd", "a..b", "~root", "ünï", "x" * 250, "a b", "a/b", ".hidden", "..", "a\0b", "-rf"],
)
def any_id_is_safe_as_a_folder(odd: str) -> None:
    made = window.run_id("dag", odd)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,95}", made), made
    assert ".." not in made
    assert not made.endswith(".")


def two_odd_ids_never_become_one() -> None:
    odd = ["a b", "a/b", "a-b", "a~b", "a..b", "a.b", "x" * 250, "x" * 251, "é", "è"]
    assert len({window.run_id("dag", one) for one in odd}) == len(odd)
    assert window.run_id("one", "manual__1") != window.run_id("two", "manual__1")
