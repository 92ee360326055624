"""The alert for a late mart. Runs in the triggerer."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger(__name__)


async def mart_is_late(after: str, **kwargs: Any) -> None:
    """Logs an error in the triggerer's log. May be replaced by a notifier of your own."""
    dag_run = (kwargs.get("context") or {}).get("dag_run") or {}
    log.error(
        "the mart is late: run %s of %s has not ended %s after it was queued; look at the DAG's page",
        dag_run.get("dag_run_id"),
        dag_run.get("dag_id"),
        after,
    )
