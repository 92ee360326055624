"""The window of a DAG run: an incremental run, a full run over the lookback, or a range of time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import datetime, timezone
from typing import Any

RUN_ID_LENGTH = 96
"""The longest run id. The program accepts 128 characters; a backfill appends the day of each piece."""


class WindowError(Exception):
    """An invalid window; the message says what to write instead."""


def arguments(
    params: Mapping[str, Any],
    conf: Mapping[str, Any],
    backfill: tuple[datetime, datetime] | None,
    declared: Collection[str],
) -> list[str]:
    """Returns the arguments for an extraction.

    ``declared`` are the params of the DAG: Airflow itself accepts any other key of ``conf`` too.
    ``backfill`` is the data interval of a run of ``airflow backfill``; a scheduled run has none, because
    new rows may belong to any hour.
    """
    unknown = sorted(set(conf) - set(declared))
    if unknown:
        raise WindowError(
            f"conf has unknown keys: {', '.join(unknown)}; known are: {', '.join(sorted(declared))}"
        )
    start, end, full = params.get("from"), params.get("to"), bool(params.get("full"))
    if (start is None) != (end is None):
        raise WindowError('a range needs both: conf {"from": "2024-01-15", "to": "2024-01-16"}')
    if start is not None and end is not None:
        if full:
            raise WindowError("'full' recomputes the last days; leave it out of a run over a range")
        if _instant(start) >= _instant(end):
            raise WindowError(
                f"the range ends before it begins: from {start} to {end}; 'to' is not part of it"
            )
        return ["--from", start, "--to", end]
    if backfill is not None:
        return ["--from", *_texts(backfill[:1]), "--to", *_texts(backfill[1:])]
    return ["--full"] if full else []


def run_id(dag_id: str, dag_run_id: str) -> str:
    """Returns the pipeline's id of a DAG run, which is also a folder name and unique to the run.

    Characters that the program does not accept are replaced; a digest then keeps such ids distinct.
    """
    wanted = f"{dag_id}.{dag_run_id}"
    safe = re.sub(r"\.{2,}", ".", re.sub(r"[^A-Za-z0-9_.:+-]", "-", wanted))
    if safe == wanted and len(safe) <= RUN_ID_LENGTH and safe[0].isalnum() and not safe.endswith("."):
        return safe
    digest = hashlib.sha256(wanted.encode()).hexdigest()[:12]
    return f"{safe.lstrip('_.:+-')[: RUN_ID_LENGTH - 13].rstrip('.')}-{digest}".lstrip("-")


def _texts(instants: tuple[datetime, ...]) -> list[str]:
    return [instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ") for instant in instants]


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise WindowError(
            f"not a day or an instant: {text!r}; write 2024-01-15 or 2024-01-15T08:00:00Z"
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)
