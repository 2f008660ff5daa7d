"""Last call: a public score reaches the line of a threshold prize, and everybody has N days left.

The close is counted from the receipt of the submission that reached the line, to the second, as on
netflixprize.com (integrity.md §1.6). At most once each time the challenge is open.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlmodel import Session

from palio.accounts import messages
from palio.accounts import queries as accounts
from palio.challenges import schedule
from palio.challenges import service as challenges
from palio.challenges.board_columns import ranking_column
from palio.challenges.board_contracts import Audience, ColumnKind
from palio.challenges.contracts import Challenge, ChallengePlan, ChallengeState
from palio.challenges.prize_contracts import PrizeKind, PrizePlan
from palio.challenges.rules import in_words
from palio.leaderboard import queries as boards
from palio.leaderboard import rules as board_rules
from palio.leaderboard.contracts import Standing
from palio.prizes import queries, thresholds
from palio.prizes.contracts import LastCall
from palio.prizes.models import LastCallRow
from palio.submissions import queries as submissions
from palio.submissions.contracts import SubmissionKind


@dataclass(frozen=True, slots=True)
class _Reached:
    prize: PrizePlan
    line: Decimal
    score: Decimal
    team_id: str
    submission_id: str
    received_at: datetime


def may_call(challenge: Challenge) -> bool:
    """Tell whether the challenge runs and has a prize that ends it."""
    return challenge.state is ChallengeState.OPEN and any(_calling(challenge.plan))


def call_if_reached(session: Session, *, challenge_id: str, now: datetime) -> LastCall | None:
    """Begin the last call if a public score has reached a line; None when it does not begin now.

    Only scores as released count, of entries received in the last phase, while the challenge runs.
    Where the time counted from the receipt is over already, the challenge closes within a second.
    """
    challenge = challenges.lock_challenge(session, challenge_id)
    if not may_call(challenge):
        return None
    if queries.last_call(session, challenge_id=challenge.id, round=challenge.round) is not None:
        return None
    found = _first_reached(session, challenge, now=now)
    if found is None:
        return None
    days = timedelta(days=found.prize.last_call_days or 0)
    closes_at = max(found.received_at + days, now + timedelta(seconds=1))
    words = _words(challenge, found, closes_at=closes_at)
    schedule.set_last_call(
        session, challenge_id=challenge.id, closes_at=closes_at, reason=words, now=now
    )
    _keep(session, challenge, found, closes_at=closes_at, now=now)
    _tell(session, challenge, words, now=now)
    return queries.last_call(session, challenge_id=challenge.id, round=challenge.round)


def _calling(plan: ChallengePlan) -> Iterator[PrizePlan]:
    for prize in plan.prizes:
        if prize.kind is PrizeKind.THRESHOLD and prize.last_call_days is not None:
            yield prize


def _first_reached(session: Session, challenge: Challenge, *, now: datetime) -> _Reached | None:
    """Return the earliest entry that is as good as a line, on any prize that calls."""
    board = boards.latest(session, challenge_id=challenge.id)
    reference = None if board is None else thresholds.baseline_score(board.standings)
    if board is None or reference is None:
        return None
    begins_at = challenge.phases[-1].opens_at
    found = [
        _Reached(prize, line, score, team_id, submission_id, received_at)
        for prize in _calling(challenge.plan)
        if (line := thresholds.line_of(challenge.plan, prize, reference=reference)) is not None
        for score, team_id, submission_id, received_at in _scores(
            session, challenge, board.standings, now=now
        )
        if received_at >= begins_at and thresholds.is_reached(challenge.plan, score, line=line)
    ]
    return min(found, key=lambda one: (one.received_at, one.submission_id), default=None)


def _scores(
    session: Session, challenge: Challenge, standings: tuple[Standing, ...], *, now: datetime
) -> Iterator[tuple[Decimal, str, str, datetime]]:
    """Yield the released public scores: of every entry, or of rows where a column is computed."""
    column = ranking_column(challenge.plan)
    if column.kind is not ColumnKind.METRIC:
        for line in standings:
            if line.kind is SubmissionKind.COMPETITOR:
                yield line.score, line.team_id, line.submission_id, line.received_at
        return
    frozen_since = board_rules.frozen_since(challenge, now=now)
    for entry in submissions.scored_entries(session, challenge_id=challenge.id):
        is_shown = frozen_since is None or entry.received_at < frozen_since
        score = dict(entry.all_rounded).get(column.of[0])
        if entry.kind is SubmissionKind.COMPETITOR and is_shown and score is not None:
            rounded = thresholds.rounded(score, column)
            yield rounded, entry.team_id, entry.submission_id, entry.received_at


def _words(challenge: Challenge, found: _Reached, *, closes_at: datetime) -> str:
    """Say it to everybody, with the numbers where everybody sees the board."""
    is_open = challenge.plan.board.audience is Audience.EVERYBODY
    score, line = (f" of {found.score}", f" of {found.line}") if is_open else ("", "")
    return (
        f"Last call: a public score{score} has reached the line{line} for"
        f" {found.prize.title}, so the challenge closes for everybody on {in_words(closes_at)}."
    )


def _keep(
    session: Session, challenge: Challenge, found: _Reached, *, closes_at: datetime, now: datetime
) -> None:
    session.add(
        LastCallRow(
            challenge_id=challenge.id,
            round=challenge.round,
            prize_title=found.prize.title,
            team_id=found.team_id,
            submission_id=found.submission_id,
            line=str(found.line),
            score=str(found.score),
            reached_at=found.received_at,
            closes_at=closes_at,
            made_at=now,
        )
    )
    session.flush()


def _tell(session: Session, challenge: Challenge, words: str, *, now: datetime) -> None:
    teams = accounts.teams(session, challenge_id=challenge.id).values()
    messages.send(
        session,
        person_ids=[member.person_id for team in teams for member in team.members],
        challenge_id=challenge.id,
        kind="prizes.last_call",
        text=f"{challenge.plan.title}. {words}",
        now=now,
    )
