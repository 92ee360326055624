"""The mapping of the program's exit status to task states, and its lines in the task's log."""

from __future__ import annotations

import json
import logging

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from bionicpro_airflow import outcome
from bionicpro_airflow.log import Forwarder
from bionicpro_airflow.process import Ended

FAILED = json.dumps(
    {"state": "failed", "error": {"kind": "data", "message": "two cells differ", "hint": "look"}}
)


def a_step_that_was_done_returns_its_report() -> None:
    assert outcome.result(Ended(0, 'noise\n{"run": "r", "state": "done"}\n'), "") == {
        "run": "r",
        "state": "done",
    }


def nothing_new_is_a_skip() -> None:
    with pytest.raises(AirflowSkipException):
        outcome.result(Ended(99, "{}"), "")


@pytest.mark.parametrize("status", [2, 4])
def what_a_retry_cannot_mend_is_not_retried(status: int) -> None:
    with pytest.raises(AirflowFailException, match=f"status {status}") as failed:
        outcome.result(Ended(status, FAILED), "")
    assert "what failed: two cells differ" in str(failed.value)
    assert "what to do: look" in str(failed.value)


@pytest.mark.parametrize("status", [1, 3, 101, -9, -15])
def anything_else_is_retried(status: int) -> None:
    with pytest.raises(AirflowException) as failed:
        outcome.result(Ended(status, FAILED), "")
    assert not isinstance(failed.value, AirflowFailException | AirflowSkipException)


def the_programs_last_words_stand_in_for_a_report() -> None:
    with pytest.raises(AirflowFailException, match="error: no such key"):
        outcome.result(Ended(2, ""), "error: no such key\n  what to do: look")


def each_line_arrives_with_its_level(caplog: pytest.LogCaptureFixture) -> None:
    forward = Forwarder(logging.getLogger("task"))
    caplog.set_level(logging.DEBUG)
    forward(
        '{"timestamp":"2024-01-15T08:00:00Z","level":"WARN","message":"held back","age_s":900,"target":"x"}'
    )
    forward('{"timestamp":"2024-01-15T08:00:00Z","level":"INFO","message":"100 % done"}')
    forward("thread 'main' panicked")
    forward("")
    forward('["no", "object"]')
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "held back age_s=900"),
        ("INFO", "100 % done"),
        ("ERROR", "thread 'main' panicked"),
        ("ERROR", '["no", "object"]'),
    ]
    assert forward.last_words == "thread 'main' panicked\n" + '["no", "object"]'
