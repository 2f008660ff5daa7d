"""Who leads at a declared date, on the private part, before anybody may see a private score.

What is told is one entry or none: its team and its public score. Private scores stay in here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session

from palio.challenges import service as challenges
from palio.challenges.board_contracts import RANK_KINDS, BoardColumn
from palio.challenges.contracts import Challenge
from palio.leaderboard import columns, making, ranking
from palio.leaderboard.contracts import Board
from palio.leaderboard.lines import line_score, reaches
from palio.leaderboard.views import direction_of
from palio.submissions import private
from palio.submissions import queries as submissions
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
    line = _line(session, challenge, rows, column=view.first, percent=improvement, before=before)
    if line is None:
        return None
    towards = direction_of(view.first)
    for row in rows:
        if row.rank is None or row.entry.team_id in passed_over:
            continue
        if not reaches(row.score, line=line, direction=towards):
            return None
        return Leader(row.entry.submission_id, row.entry.team_id, row.entry.public)
    return None


def _line(
    session: Session,
    challenge: Challenge,
    rows: Collection[ranking.Row],
    *,
    column: BoardColumn,
    percent: Decimal,
    before: datetime,
) -> Decimal | None:
    if column.kind in RANK_KINDS:
        return None
    over = _reference(session, challenge, rows, column, before=before)
    if over is None:
        return None
    return line_score(over, percent=percent, digits=column.digits, direction=direction_of(column))


def _reference(
    session: Session,
    challenge: Challenge,
    rows: Collection[ranking.Row],
    column: BoardColumn,
    *,
    before: datetime,
) -> Decimal | None:
    """Return what is to be improved on; a winner who withdraws the entry does not move it.

    Nor does the winner of a later date move the bar of one that is judged again.
    """
    for won in reversed(making.verified_entries(session, challenge_id=challenge.id)):
        if submissions.submission(session, won.submission_id).received_at >= before:
            continue
        scores = private.scores_of_winner(session, submission_id=won.submission_id)
        if dict(scores).keys() >= {*column.of}:
            return columns.own_value(scores, column)
    return next((row.score for row in rows if row.is_measure), None)
