"""Shapes of a board's history: race, shake-up, explanation of a row."""

from datetime import datetime

from palio.leaderboard.contracts import Board
from palio.web.api.schemas import ID, NOW, View, example
from palio.web.api.schemas_boards import COLUMN, STANDING, ColumnView, StandingView
from palio.web.api.schemas_submissions import SCORE, ScoreView


class RacerView(View):
    """One team of a race; rank and score at each instant, null before its first row."""

    team: str
    team_id: str
    ranks: tuple[int | None, ...]
    scores: tuple[str | None, ...]


class RaceView(View):
    """How the teams that are best now came there, at most 60 instants of it."""

    model_config = example(
        {
            "board": "public",
            "version": 12,
            "instants": [NOW],
            "racers": [{"team": "ada", "team_id": ID, "ranks": [1], "scores": ["0.8972"]}],
        }
    )

    board: Board
    version: int
    instants: tuple[datetime, ...]
    racers: tuple[RacerView, ...]


class MoveView(View):
    """One team's rank on the public and on the private board."""

    team: str
    team_id: str
    public: int
    private: int


class ShakeupView(View):
    """What the reveal changed.

    `overall` is the mean of |private rank - public rank| / teams; `top` the same over the best
    tenth of the private board; `spearman` the correlation of the ranks. Null where undefined.
    """

    model_config = example(
        {
            "teams": 1200,
            "overall": 0.021,
            "top": 0.008,
            "spearman": 0.97,
            "moves": [{"team": "ada", "team_id": ID, "public": 4, "private": 1}],
        }
    )

    teams: int
    overall: float | None
    top: float | None
    spearman: float | None
    moves: tuple[MoveView, ...]


class GroupView(View):
    """Rows that are equal in all ordering columns, and how many there are."""

    values: tuple[str, ...]
    rows: int


class TieView(View):
    """Another row of the same rank; the earlier receipt stands first."""

    team: str
    received_at: datetime


class DeedView(View):
    """Something organizers or the platform did that touches the row."""

    at: datetime
    action: str
    words: str


class OwnEntryView(View):
    """One of the own team's scored submissions, with its scores on the part the board shows.

    `may_stand`: by the rule it may stand for the team, chosen or in place of a choice not made.
    `counts`: the row is this one.
    """

    id: str
    received_at: datetime
    scores: tuple[ScoreView, ...]
    is_chosen: bool
    may_stand: bool
    counts: bool


class ExplanationView(View):
    """Why a row stands where it does: its rank is one more than the rows in `better`.

    `values` are the row's in the columns of `order`. `submissions` are told to the team itself
    and to organizers alone.
    """

    model_config = example(
        {
            "board": "public",
            "version": 12,
            "made_at": NOW,
            "rule": "RMSE: lower is better, rounded to 4 decimals.",
            "order": [COLUMN],
            "row": {**STANDING, "rank": 2},
            "values": ["0.8972"],
            "better": [{"values": ["0.8970"], "rows": 1}],
            "ties": [{"team": "bob", "received_at": NOW}],
            "deeds": [{"at": NOW, "action": "challenges.extend", "words": "The close was moved."}],
            "submissions": [
                {
                    "id": ID,
                    "received_at": NOW,
                    "scores": [SCORE],
                    "is_chosen": True,
                    "may_stand": True,
                    "counts": True,
                }
            ],
        }
    )

    board: Board
    version: int
    made_at: datetime
    rule: str
    order: tuple[ColumnView, ...]
    row: StandingView
    values: tuple[str, ...]
    better: tuple[GroupView, ...]
    ties: tuple[TieView, ...]
    deeds: tuple[DeedView, ...]
    submissions: tuple[OwnEntryView, ...]
