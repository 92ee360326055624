"""A long backfill on several workers: planned in pieces of whole days, which are distributed among lanes.

A lane is one mapped task that replaces its pieces sequentially, newest first. The number of lanes is the
number of workers in use, which each run may choose; a limit per mapped task is fixed when the DAG is
written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from bionicpro_airflow.operator import BionicproOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

Piece = Mapping[str, Any]

MOST_LANES = 32


class PlanBackfillOperator(BionicproOperator):
    """Counts the rows of each day and distributes the pieces; its XCom is a list of pieces for each lane."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(arguments=["run", "--dry-run"], has_window=True, **kwargs)

    def execute(self, context: Context) -> list[list[Piece]]:
        """Plans the backfill; raises ``AirflowSkipException`` if nothing is left to do."""
        plan = self.call([*self.arguments, "--run", self.run_id(context), *self.window(context)])
        lanes = share_out(plan["pieces"], context["params"]["lanes"])
        self.log.info(
            "%s rows, %s days in %s pieces, %s at once",
            plan["rows"],
            plan["days"],
            len(plan["pieces"]),
            len(lanes),
        )
        return lanes


class BackfillLaneOperator(BionicproOperator):
    """Replaces the pieces of one lane. A retry skips the pieces that are already loaded.

    :param pieces: the pieces, in their order: ``{"range": {"from": …, "to": …}, "rows": …, "days": …}``.
    """

    template_fields: Sequence[str] = (*BionicproOperator.template_fields, "pieces")

    def __init__(self, *, pieces: Sequence[Piece], **kwargs: Any) -> None:
        super().__init__(arguments=["run"], **kwargs)
        self.pieces = pieces

    def execute(self, context: Context) -> dict[str, int]:
        """Returns the counts, summed over the pieces."""
        asked, run = self.window(context), self.run_id(context)
        share = ["--source-share", str(context["params"]["source_share"])]
        left = self.pieces
        if context["ti"].try_number > 1:
            plan = self.call(["run", "--dry-run", "--run", run, *asked])
            starts = {piece["range"]["from"] for piece in plan["pieces"]}
            left = [piece for piece in self.pieces if piece["range"]["from"] in starts]
            self.log.info(
                "%s of %s pieces are loaded already", len(self.pieces) - len(left), len(self.pieces)
            )
        counts: dict[str, int] = {}
        for done, piece in enumerate(left):
            start, end = piece["range"]["from"], piece["range"]["to"]
            # The id that `etl run` gives a piece of a backfill, so that the ledger treats it as one.
            of_piece = f"{run}.{start[:10].replace('-', '')}"
            report = self.call([*self.arguments, "--run", of_piece, "--from", start, "--to", end, *share])
            for name, count in report["counts"].items():
                counts[name] = counts.get(name, 0) + count
            self.log.info("piece %s of %s is loaded: %s to %s", done + 1, len(left), start, end)
        self.tell_assets(context, {"run": run, "counts": counts})
        return counts


def share_out(pieces: Sequence[Piece], lanes: int) -> list[list[Piece]]:
    """Assigns each piece to the lane with the fewest rows so far; each lane keeps the order of the plan."""
    if not 1 <= lanes <= MOST_LANES:
        raise AirflowFailException(f"lanes is {lanes}; choose from 1 to {MOST_LANES}")
    shared: list[list[Piece]] = [[] for _ in range(min(lanes, len(pieces)))]
    rows = [0] * len(shared)
    for piece in pieces:
        lane = rows.index(min(rows))
        shared[lane].append(piece)
        # An empty piece has a cost too.
        rows[lane] += piece["rows"] + 1
    return shared
