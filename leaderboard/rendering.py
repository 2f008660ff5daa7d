"""A board as a CSV file that is safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime

from palio.leaderboard.contracts import Line, Snapshot, Standing

# A spreadsheet runs a cell that begins with one of these (OWASP, "CSV injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def to_csv(snapshot: Snapshot, *, phase: str = "") -> str:
    """Return the whole board, one line a row (RFC 4180: CRLF ends a line).

    Columns: rank (empty for rows that are not ranked), team, members, one for each score column,
    improvement_percent, entries, received_at, kind (``line`` and its kind for lines among the
    rows), rank_low, rank_high, tied_with_first. Text that people chose gets a ``'`` in front
    where a spreadsheet would take it for a formula; numbers stay numbers.

    Args:
        snapshot: The board.
        phase: An earlier phase, where phases stand apart; the last one otherwise.

    """
    rows, lines = snapshot.standings, snapshot.lines
    for earlier in snapshot.earlier:
        if earlier.phase == phase:
            rows, lines = earlier.standings, earlier.lines
    names = [column.name for column in snapshot.columns]
    if not names and rows:
        names = [name for name, _ in rows[0].scores]
    ranking = next((column.name for column in snapshot.columns if column.order == 1), "")
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(
        [
            "rank",
            "team",
            "members",
            *(safe_cell(name) for name in names),
            "improvement_percent",
            "entries",
            "received_at",
            "kind",
            "rank_low",
            "rank_high",
            "tied_with_first",
        ]
    )
    for place in range(len(rows) + 1):
        here = (line for line in lines if line.position == place)
        writer.writerows(list(_line_cells(line, names, ranking)) for line in here)
        if place < len(rows):
            writer.writerow(list(_cells(rows[place], names)))
    return file.getvalue()


def _cells(standing: Standing, names: Sequence[str]) -> Iterator[object]:
    scores = dict(standing.scores)
    yield _or_empty(standing.rank)
    yield safe_cell(standing.name)
    yield safe_cell(" ".join(standing.members))
    yield from (_or_empty(scores.get(name)) for name in names)
    yield _or_empty(standing.improvement)
    yield standing.entries
    yield _iso(standing.received_at)
    yield standing.kind.value
    yield _or_empty(standing.rank_low)
    yield _or_empty(standing.rank_high)
    yield "yes" if standing.is_tied_with_first else ""


def _line_cells(line: Line, names: Sequence[str], ranking: str) -> Iterator[object]:
    yield ""
    yield safe_cell(line.title)
    yield ""
    yield from (line.score if name == ranking else "" for name in names)
    yield _or_empty(line.improvement)
    yield from ("", "", f"line {line.kind}", "", "", "")


def _or_empty(value: object) -> object:
    return "" if value is None else value


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


def safe_cell(text: str) -> str:
    """Return text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
