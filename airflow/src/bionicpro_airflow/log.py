"""Forwards the child's log lines to the task's log, each with its level."""

from __future__ import annotations

import json
import logging
from collections import deque
from typing import Any

_LEVELS = {
    "ERROR": logging.ERROR,
    "WARN": logging.WARNING,
    "INFO": logging.INFO,
    "DEBUG": logging.DEBUG,
    "TRACE": logging.DEBUG,
}


LAST_WORDS = 20
"""The number of lines kept of the program's output outside its log."""


class Forwarder:
    """Forwards the child's standard error, line by line."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._last_words: deque[str] = deque(maxlen=LAST_WORDS)

    def __call__(self, line: str) -> None:
        """Forwards one line: a JSON object, or text that is logged unchanged."""
        if line:
            self._forward(line)

    @property
    def last_words(self) -> str:
        """The last lines that the program wrote outside its log: its error, or the reason for a crash."""
        return "\n".join(self._last_words)

    def _forward(self, line: str) -> None:
        try:
            fields = dict(json.loads(line))
            level = _LEVELS[fields.pop("level")]
        except (ValueError, KeyError, TypeError):
            self._last_words.append(line)
            self._log.error("%s", line)
            return
        message = str(fields.pop("message", ""))
        # The task's log has its own timestamps and already names the run and the step.
        for known in ("timestamp", "target", "run", "step"):
            fields.pop(known, None)
        rest = " ".join(f"{name}={value}" for name, value in fields.items())
        self._log.log(level, "%s", f"{message} {rest}".strip())
