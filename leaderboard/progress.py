"""Who leads at a declared date, on the private part, before anybody may see a private score.

What is told is one entry or none: its team and its public score. Private scores stay in here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session

from palio.challenges import service as challenges
from palio.challenges.board_contracts import BoardColumn
from palio.challenges.contracts import Challenge
from palio.leaderboard import making, ranking
from palio.leaderboard.contracts import Board
from palio.leaderboard.lines import line_score, reaches, rounded
from palio.leaderboard.views import direction_of
from palio.submissions import private
from palio.submissions.contracts import SubmissionKind


@dataclass(frozen=True, slots=True)
class Leader:
    """The entry that wins a progress prize.

    Attributes:
        public: Its score on the public board.

    """

    submission_id: str
    team_id: str
    public: Decimal


def leader_before(
    session: Session,
    *,
    challenge: Challenge,
    before: datetime,
    improvement: Decimal,
    passed_over: Collection[str] = (),
) -> Leader | None:
    """Return the best entry received before an instant, if it is good enough for the prize.

    Good enough is so many percent better than the last entry that was verified for a progress
    prize, or before there is one than the baseline; both on the private part, the line rounded
    half to even (integrity.md §1.5). None where nobody is, or there is nothing to compare with.

    Args:
        session: The caller's transaction.
        challenge: Scored as far as entries received before the instant go.
        before: The declared date.
        improvement: Percent.
        passed_over: Ids of teams that do not take the prize.

    """
    challenge = challenges.lock_challenge_shared(session, challenge.id)
    view = making.view_of(session, challenge=challenge, board=Board.PRIVATE, now=before)
    entries = private.private_scored_entries(session, challenge_id=challenge.id)
    known = [
        entry
        for entry in entries
        if entry.kind is SubmissionKind.BASELINE or entry.received_at < before
    ]
    rows = ranking.rank(known, view=view).rows
    column = view.column(view.order[0])
    reference = _reference(session, challenge, rows, column)
    if reference is None:
        return None
    towards = direction_of(column)
    line = line_score(reference, percent=improvement, digits=column.digits, direction=towards)
    for row in rows:
        if row.rank is None or row.entry.team_id in passed_over:
            continue
        if not reaches(row.score, line=line, direction=towards):
            return None
        return Leader(row.entry.submission_id, row.entry.team_id, row.entry.public)
    return None


def _reference(
    session: Session,
    challenge: Challenge,
    rows: Collection[ranking.Row],
    column: BoardColumn,
) -> Decimal | None:
    """Return what is to be improved on; a winner who withdraws the entry does not move it."""
    for won in reversed(making.verified_entries(session, challenge_id=challenge.id)):
        score = private.score_of_winner(
            session, submission_id=won.submission_id, metric=column.of[0]
        )
        if score is not None:
            return rounded(score, digits=column.digits)
    zero = [
        row
        for row in rows
        if row.entry.kind is SubmissionKind.BASELINE and row.improvement in (None, 0)
    ]
    named = (row for row in zero if row.entry.label.casefold() == ranking.BASELINE_LABEL)
    found = next(named, zero[0] if zero else None)
    return None if found is None else found.score
