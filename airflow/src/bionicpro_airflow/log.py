"""Passes the child's log lines on to the task's log, each with its level."""

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
"""How many lines of the program's own last words are kept."""


class Forwarder:
    """Takes the child's standard error, line by line."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self._last_words: deque[str] = deque(maxlen=LAST_WORDS)

    def __call__(self, line: str) -> None:
        """One line: a JSON object, or text that is shown as it is."""
        if line:
            self._forward(line)

    @property
    def last_words(self) -> str:
        """What the program said outside of its log: why it failed, or why it broke."""
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
        # The task's log has its own time, and knows whose line it is.
        for known in ("timestamp", "target", "run", "step"):
            fields.pop(known, None)
        rest = " ".join(f"{name}={value}" for name, value in fields.items())
        self._log.log(level, "%s", f"{message} {rest}".strip())
