"""Mapping of the exit status of ``bionicpro`` to Airflow's task states."""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from bionicpro_airflow.process import Ended

DONE = 0
USAGE = 2
UNREACHABLE = 3
DATA = 4
NOTHING_NEW = 99

_MEANING = {
    USAGE: "wrong usage or configuration; a retry cannot help",
    UNREACHABLE: "a database or store could not be reached; it is tried again",
    DATA: "the data violate a rule; a retry cannot help",
}


def result(ended: Ended, last_words: str) -> dict[str, Any]:
    """Returns the report of a successful step. ``last_words`` explain a failure if the report does not.

    Raises ``AirflowSkipException`` if there was nothing new, ``AirflowFailException`` if a retry cannot help,
    ``AirflowException`` if it may.
    """
    report = _report(ended.output)
    if ended.status == DONE:
        return report
    if ended.status == NOTHING_NEW:
        raise AirflowSkipException("nothing new")
    text = _sentence(ended.status, report, last_words)
    if ended.status in (USAGE, DATA):
        raise AirflowFailException(text)
    raise AirflowException(text)


def _report(output: str) -> dict[str, Any]:
    """Returns the last JSON line; an empty report if the child wrote none."""
    for line in reversed(output.splitlines()):
        try:
            report = json.loads(line)
        except ValueError:
            continue
        if isinstance(report, dict):
            return report
    return {}


def _sentence(status: int, report: dict[str, Any], last_words: str) -> str:
    if status < 0:
        return f"bionicpro was ended by signal {-status}; it is tried again"
    meaning = _MEANING.get(status, "an unexpected error; it is tried again")
    text = f"bionicpro ended with status {status}: {meaning}"
    error = report.get("error") or {}
    if not error:
        return f"{text}\n{last_words}".rstrip()
    text += f"\n  what failed: {error.get('message')}"
    if hint := error.get("hint"):
        text += f"\n  what to do: {hint}"
    return text
