"""How a board is kept: canonical bytes, their digest, and a small store of parsed boards."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from threading import Lock
from typing import Any

from palio.leaderboard import views
from palio.leaderboard.contracts import Column, Line, LineKind, PhaseBoard, Snapshot, Standing
from palio.leaderboard.views import PlannedLine
from palio.submissions.contracts import SubmissionKind

KEPT_IN_MEMORY = 32
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Content:
    """What a board says, without when and under which number it was made.

    Attributes:
        planned: What its lines were made from, so that it can be ranked again as it was.

    """

    rule: str
    standings: tuple[Standing, ...]
    columns: tuple[Column, ...] = ()
    lines: tuple[Line, ...] = ()
    phase: str = ""
    earlier: tuple[PhaseBoard, ...] = ()
    is_anonymous: bool = False
    chance_words: str = ""
    planned: tuple[PlannedLine, ...] = ()


def to_bytes(content: Content) -> bytes:
    """Write a board so that equal boards are equal bytes."""
    body: dict[str, Any] = {
        "format": FORMAT,
        "rule": content.rule,
        "columns": [_column_to_list(column) for column in content.columns],
        "is_anonymous": content.is_anonymous,
        "phase": content.phase,
        "rows": [_to_list(standing) for standing in content.standings],
        "lines": [_line_to_list(line) for line in content.lines],
        "earlier": [
            {
                "phase": board.phase,
                "rows": [_to_list(standing) for standing in board.standings],
                "lines": [_line_to_list(line) for line in board.lines],
            }
            for board in content.earlier
        ],
    }
    if content.planned:
        body["planned"] = views.lines_to_json(content.planned)
    if content.chance_words:
        body["chance_words"] = content.chance_words
    return json.dumps(body, separators=(",", ":")).encode()


def from_bytes(body: bytes) -> Content:
    """Read what `to_bytes` wrote, now or in an earlier version."""
    read = json.loads(body)
    if "format" not in read:  # 1: rule and rows alone
        return Content(rule=read["rule"], standings=_standings(read["lines"]))
    return Content(
        rule=read["rule"],
        columns=tuple(Column(*column) for column in read["columns"]),
        is_anonymous=read["is_anonymous"],
        phase=read["phase"],
        standings=_standings(read["rows"]),
        lines=_lines(read["lines"]),
        earlier=tuple(
            PhaseBoard(board["phase"], _standings(board["rows"]), _lines(board["lines"]))
            for board in read["earlier"]
        ),
        chance_words=read.get("chance_words", ""),
        planned=views.lines_from_json(read.get("planned", ())),
    )


def ranks_of(body: bytes) -> dict[str, tuple[int, str, str]]:
    """Return rank, name and score of every ranked team's best row: all a race needs of a board."""
    read = json.loads(body)
    best: dict[str, tuple[int, str, str]] = {}
    for rank, team_id, name, _, _, score, *_ in read["rows" if "format" in read else "lines"]:
        if rank is not None and team_id not in best:
            best[team_id] = (rank, name, score)
    return best


def etag_of(body: bytes) -> str:
    """Return a digest of the content alone: another board has another etag, an equal one not."""
    return hashlib.sha256(body).hexdigest()[:32]


def _column_to_list(column: Column) -> list[Any]:
    return [column.name, column.title, column.digits, column.is_lower_better, column.order]


def _line_to_list(line: Line) -> list[Any]:
    gain = line.improvement
    return [
        line.kind,
        line.title,
        str(line.score),
        gain if gain is None else str(gain),
        line.position,
    ]


def _lines(lines: Sequence[Sequence[Any]]) -> tuple[Line, ...]:
    return tuple(
        Line(
            LineKind(kind), title, Decimal(score), None if gain is None else Decimal(gain), position
        )
        for kind, title, score, gain, position in lines
    )


def _to_list(standing: Standing) -> list[Any]:
    gain = standing.improvement
    return [
        standing.rank,
        standing.team_id,
        standing.name,
        standing.members,
        standing.kind.value,
        str(standing.score),
        [(column, str(score)) for column, score in standing.scores],
        None if gain is None else str(gain),
        standing.entries,
        standing.submission_id,
        standing.received_at.isoformat(),
        standing.rank_low,
        standing.rank_high,
        standing.is_tied_with_first,
        standing.is_measure,
    ]


def _standings(rows: Sequence[Sequence[Any]]) -> tuple[Standing, ...]:
    return tuple(_from_list(*row) for row in rows)


def _from_list(  # noqa: PLR0913, PLR0917 (the fields of a standing, in the order written above)
    rank: int | None,
    team_id: str,
    name: str,
    members: Sequence[str],
    kind: str,
    score: str,
    scores: Sequence[tuple[str, str]],
    improvement: str | None,
    entries: int,
    submission_id: str,
    received_at: str,
    rank_low: int | None = None,
    rank_high: int | None = None,
    is_tied_with_first: bool = False,  # noqa: FBT001, FBT002 (a value read, no switch)
    is_measure: bool = False,  # noqa: FBT001, FBT002 (the same)
) -> Standing:
    return Standing(
        rank=rank,
        team_id=team_id,
        name=name,
        members=tuple(members),
        kind=SubmissionKind(kind),
        score=Decimal(score),
        scores=tuple((column, Decimal(value)) for column, value in scores),
        improvement=None if improvement is None else Decimal(improvement),
        entries=entries,
        submission_id=submission_id,
        received_at=datetime.fromisoformat(received_at),
        rank_low=rank_low,
        rank_high=rank_high,
        is_tied_with_first=is_tied_with_first,
        is_measure=is_measure,
    )


class SnapshotStore:
    """The boards parsed last, by the id of their row: a page of a board parses nothing.

    Rows never change and ids are never used again, so nothing in here goes stale.
    """

    def __init__(self, *, size: int = KEPT_IN_MEMORY) -> None:
        self._size = size
        self._kept: OrderedDict[str, Snapshot] = OrderedDict()
        self._lock = Lock()

    def get(self, snapshot_id: str) -> Snapshot | None:
        """Return the board if it is here."""
        with self._lock:
            snapshot = self._kept.get(snapshot_id)
            if snapshot is not None:
                self._kept.move_to_end(snapshot_id)
            return snapshot

    def put(self, snapshot_id: str, snapshot: Snapshot) -> None:
        """Keep a board, and let go of the one not asked for longest."""
        with self._lock:
            self._kept[snapshot_id] = snapshot
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
