"""Shapes of boards and awards."""

from datetime import datetime
from decimal import Decimal

from palio.leaderboard.contracts import Board, Standing
from palio.prizes.contracts import Award, AwardState
from palio.submissions.contracts import SubmissionKind
from palio.web.api.schemas import ID, MONEY, NOW, MoneyView, View, example, money_view
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
}
AWARD = {
    "id": ID,
    "place": 1,
    "title": "First prize",
    "money": MONEY,
    "team": "Pragmatic Chaos",
    "team_id": ID,
    "score": "0.8972",
    "state": "provisional",
    "made_at": NOW,
    "decided_at": None,
}


class StandingView(View):
    """One row of a board; a baseline line has no rank."""

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


class BoardView(View):
    """One page of a board; `rule` says in one sentence how it is ranked."""

    model_config = example(
        {
            "board": "public",
            "version": 12,
            "rule": "Ranked by RMSE, lower is better, rounded to 4 digits.",
            "made_at": NOW,
            "items": [STANDING],
            "next_cursor": None,
        }
    )

    board: Board
    version: int
    rule: str
    made_at: datetime
    items: tuple[StandingView, ...]
    next_cursor: str | None


class AwardView(View):
    """A prize and the team it is offered or given to."""

    model_config = example(AWARD)

    id: str
    place: int
    title: str
    money: MoneyView
    team: str
    team_id: str
    score: str
    state: AwardState
    made_at: datetime
    decided_at: datetime | None


class AwardsView(View):
    """The awards of a challenge; none before the reveal."""

    model_config = example({"items": [AWARD]})

    items: tuple[AwardView, ...]


def standing_view(standing: Standing) -> StandingView:
    """Show one row."""
    return StandingView(
        rank=standing.rank,
        team=standing.name,
        team_id=standing.team_id,
        members=standing.members,
        kind=standing.kind,
        score=str(standing.score),
        scores=tuple(ScoreView(metric=name, score=str(score)) for name, score in standing.scores),
        improvement=standing.improvement,
        entries=standing.entries,
        received_at=standing.received_at,
    )


def award_view(award: Award) -> AwardView:
    """Show one award."""
    return AwardView(
        id=award.id,
        place=award.place,
        title=award.title,
        money=money_view(award.money),
        team=award.team_name,
        team_id=award.team_id,
        score=str(award.score),
        state=award.state,
        made_at=award.made_at,
        decided_at=award.decided_at,
    )
