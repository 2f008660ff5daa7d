"""Shapes of boards and awards."""

from datetime import datetime
from decimal import Decimal

from palio.leaderboard.contracts import Board, Line, LineKind, Snapshot, Standing
from palio.submissions.contracts import SubmissionKind
from palio.web.api.schemas import ID, NOW, View, example
from palio.web.api.schemas_submissions import SCORE, ScoreView

STANDING = {
    "rank": 1,
    "team": "Pragmatic Chaos",
    "team_id": ID,
    "members": ["ada", "grace"],
    "kind": "competitor",
    "score": "0.8972",
    "scores": [SCORE],
    "improvement": "5.71",
    "entries": 7,
    "received_at": NOW,
    "rank_low": 1,
    "rank_high": 3,
    "is_tied_with_first": True,
}
COLUMN = {"name": "rmse", "title": "rmse", "digits": 4, "is_lower_better": True, "order": 1}
LINE = {
    "kind": "prize",
    "title": "Grand prize",
    "score": "0.8563",
    "improvement": "10.00",
    "position": 0,
}


class StandingView(View):
    """One row of a board; baselines and host entries have no rank.

    `rank_low` and `rank_high` are the ranks it could have by chance, where that is known.
    On an anonymous board `team_id` names the row, not the team.
    """

    rank: int | None
    team: str
    team_id: str
    members: tuple[str, ...]
    kind: SubmissionKind
    score: str
    scores: tuple[ScoreView, ...]
    improvement: Decimal | None
    entries: int
    received_at: datetime
    rank_low: int | None
    rank_high: int | None
    is_tied_with_first: bool


class ColumnView(View):
    """A score column; `order` 1 ranks, 2, 3 … break ties, 0 is shown only."""

    name: str
    title: str
    digits: int
    is_lower_better: bool
    order: int


class LineView(View):
    """A line among the rows, such as a prize's; `position` rows of the board stand above it."""

    kind: LineKind
    title: str
    score: str
    improvement: Decimal | None
    position: int


class BoardView(View):
    """One page of a board; `rule` says in one sentence how it is ranked.

    Where phases have boards of their own, `phase` is this one's and `phases` are all there are.
    From `freezes_at` to the reveal the public board stands still. `chance_words` say on the private
    board how its rank intervals were worked out, or why there are none.
    """

    model_config = example(
        {
            "board": "public",
            "version": 12,
            "rule": "Ranked by RMSE, lower is better, rounded to 4 digits.",
            "made_at": NOW,
            "columns": [COLUMN],
            "items": [STANDING],
            "lines": [LINE],
            "phase": "",
            "phases": [],
            "is_anonymous": False,
            "chance_words": "",
            "freezes_at": None,
            "next_cursor": None,
        }
    )

    board: Board
    version: int
    rule: str
    made_at: datetime
    columns: tuple[ColumnView, ...]
    items: tuple[StandingView, ...]
    lines: tuple[LineView, ...]
    phase: str
    phases: tuple[str, ...]
    is_anonymous: bool
    chance_words: str
    freezes_at: datetime | None
    next_cursor: str | None


def standing_view(standing: Standing, *, is_anonymous: bool) -> StandingView:
    """Show one row."""
    return StandingView(
        rank=standing.rank,
        team=standing.name,
        team_id=shown_id(standing, is_anonymous=is_anonymous),
        members=standing.members,
        kind=standing.kind,
        score=str(standing.score),
        scores=tuple(ScoreView(metric=name, score=str(score)) for name, score in standing.scores),
        improvement=standing.improvement,
        entries=standing.entries,
        received_at=standing.received_at,
        rank_low=standing.rank_low,
        rank_high=standing.rank_high,
        is_tied_with_first=standing.is_tied_with_first,
    )


def shown_id(standing: Standing, *, is_anonymous: bool) -> str:
    """Return what names a row: the team's id, or on an anonymous board its made-up name."""
    if not is_anonymous or not standing.team_id:
        return standing.team_id
    return standing.name.lower().replace(" ", "-")


def columns_view(snapshot: Snapshot) -> tuple[ColumnView, ...]:
    """Show the columns of a board; those of the oldest versions are not known."""
    return tuple(ColumnView.model_validate(column) for column in snapshot.columns)


def line_view(line: Line) -> LineView:
    """Show one line."""
    return LineView(
        kind=line.kind,
        title=line.title,
        score=str(line.score),
        improvement=line.improvement,
        position=line.position,
    )
