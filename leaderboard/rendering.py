"""A board as a CSV file that is safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime

from palio.leaderboard.contracts import Snapshot, Standing

# A spreadsheet runs a cell that begins with one of these (OWASP, "CSV injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_csv(snapshot: Snapshot) -> str:
    """Return the whole board, one line a row (RFC 4180: CRLF ends a line).

    Columns: rank (empty for a baseline), team, members, one for each metric with the ranking one
    first, improvement_percent, entries, received_at, kind. Text that people chose gets a ``'``
    in front where a spreadsheet would take it for a formula; numbers stay numbers.
    """
    file = io.StringIO()
    writer = csv.writer(file)
    metrics = [metric for metric, _ in snapshot.standings[0].scores] if snapshot.standings else []
    writer.writerow(
        [
            "rank",
            "team",
            "members",
            *metrics,
            "improvement_percent",
            "entries",
            "received_at",
            "kind",
        ]
    )
    for standing in snapshot.standings:
        writer.writerow(_cells(standing))
    return file.getvalue()


def _cells(standing: Standing) -> Iterator[object]:
    yield "" if standing.rank is None else standing.rank
    yield safe_cell(standing.name)
    yield safe_cell(" ".join(standing.members))
    yield from (score for _, score in standing.scores)
    yield "" if standing.improvement is None else standing.improvement
    yield standing.entries
    yield _iso(standing.received_at)
    yield standing.kind.value


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def safe_cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
