"""Progress prizes: judged at declared dates while the challenge runs, on the private part.

Only who won is told, with the public score. Each date is judged once, in order: a date waits until
the award of the one before is decided, since its bar is the last verified winner.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.challenges.prize_contracts import PrizeKind, PrizePlan
from palio.core import audit
from palio.leaderboard import progress as boards
from palio.leaderboard import rules as board_rules
from palio.leaderboard import service as board_service
from palio.leaderboard.contracts import Board
from palio.prizes import moves, offers, queries, states
from palio.prizes.allocation import Allocation
from palio.prizes.contracts import AwardState
from palio.prizes.models import AwardRow, ProgressRow
from palio.submissions import exclusions
from palio.submissions import queries as submissions

_S = AwardState


def due_dates(challenge: Challenge, *, now: datetime) -> tuple[tuple[int, datetime], ...]:
    """Return prize number and date of all that could be judged at `now`, oldest date first.

    A date after the close is none any more: a last call ended the challenge before it.
    """
    closes_at = challenge.phases[-1].closes_at
    found = [
        (date, number)
        for number, prize in enumerate(challenge.plan.prizes)
        if prize.kind is PrizeKind.PROGRESS
        for date in prize.dates
        if date <= min(now, closes_at)
    ]
    return tuple((number, date) for date, number in sorted(found))


def pot_of(number: int, date: datetime) -> str:
    """Return the pot of one date of the n-th prize (from 0)."""
    return f"{PrizeKind.PROGRESS.value}:{number}:{date.isoformat()}"


def judge_due(session: Session, *, challenge_id: str, now: datetime) -> bool:
    """Judge the dates that have come, as far as everything received before them is scored.

    Doing it again changes nothing. Returns whether a date was judged.
    """
    challenge = challenges.lock_challenge(session, challenge_id)
    has_judged = False
    for number, date in due_dates(challenge, now=now):
        pot = pot_of(number, date)
        if session.get(ProgressRow, (challenge.id, pot)) is not None:
            continue
        if _is_waiting(session, challenge, date=date):
            break
        session.add(ProgressRow(challenge_id=challenge.id, pot=pot, date=date, at=now))
        session.flush()
        _offer(session, challenge, number=number, date=date, now=now)
        has_judged = True
    return has_judged


def offer_again(session: Session, challenge: Challenge, *, now: datetime) -> bool:
    """Offer the progress prizes that were lost to the next team; tell whether there was one."""
    has_changed = False
    rows = queries.rows_of(session, challenge_id=challenge.id)
    _mark_lines(session, challenge, rows, now=now)
    for number, date in due_dates(challenge, now=now):
        own = [row for row in rows if row.pot == pot_of(number, date)]
        if own and all(AwardState(row.state) in states.LOST for row in own):
            has_changed |= _offer(session, challenge, number=number, date=date, now=now)
    return has_changed


def follow(session: Session, challenge: Challenge, *, by: str, now: datetime) -> None:
    """Judge again what is judged and not given yet: scores, or who takes part, have changed.

    What is given stays as it was decided, and the bar that it set with it.
    """
    for number, date in due_dates(challenge, now=now):
        rows = queries.rows_of(session, challenge_id=challenge.id)
        _mark_lines(session, challenge, rows, now=now)
        own = [row for row in rows if row.pot == pot_of(number, date)]
        is_judged = session.get(ProgressRow, (challenge.id, pot_of(number, date))) is not None
        if is_judged and not any(AwardState(row.state) in states.GIVEN for row in own):
            _offer(session, challenge, number=number, date=date, by=by, now=now)


def _mark_lines(
    session: Session, challenge: Challenge, rows: Iterable[AwardRow], *, now: datetime
) -> None:
    """Let the line of every winner stand on the board, and of nobody who lost the prize again."""
    own = [row for row in rows if row.kind == PrizeKind.PROGRESS.value]
    given = [row for row in own if AwardState(row.state) in states.GIVEN]
    kept = {row.submission_id for row in given}
    for row in own:
        if AwardState(row.state) in states.LOST and row.submission_id not in kept:
            board_service.unmark_verified(
                session, challenge=challenge, submission_id=row.submission_id
            )
    for row in given:
        board_service.mark_verified(
            session,
            challenge=challenge,
            submission_id=row.submission_id,
            title=_line_title(challenge, row),
            now=now,
        )


def _line_title(challenge: Challenge, row: AwardRow) -> str:
    """Name the winner where the board names teams."""
    is_hidden = board_rules.is_anonymous(challenge, board=Board.PUBLIC)
    return row.title if is_hidden else f"{row.title}: {row.team_name}"


def has_unjudged(session: Session, challenge: Challenge, *, now: datetime) -> bool:
    """Tell whether a date that has come is not judged yet."""
    return any(
        session.get(ProgressRow, (challenge.id, pot_of(number, date))) is None
        for number, date in due_dates(challenge, now=now)
    )


def _is_waiting(session: Session, challenge: Challenge, *, date: datetime) -> bool:
    """Tell whether an award of an earlier date is undecided, or an entry has no score yet."""
    rows = queries.rows_of(session, challenge_id=challenge.id)
    is_open = any(
        row.kind == PrizeKind.PROGRESS.value and AwardState(row.state) in states.UNDECIDED
        for row in rows
    )
    return is_open or submissions.has_pending_before(
        session, challenge_id=challenge.id, before=date
    )


def _offer(
    session: Session,
    challenge: Challenge,
    *,
    number: int,
    date: datetime,
    now: datetime,
    by: str = moves.SYSTEM,
) -> bool:
    """Offer the prize of a date to who leads, and end the open award of who does not any more."""
    prize: PrizePlan = challenge.plan.prizes[number]
    if prize.improvement is None:
        return False
    pot = pot_of(number, date)
    before = [row for row in queries.rows_of(session, challenge_id=challenge.id) if row.pot == pot]
    out = exclusions.disqualified_team_ids(session, challenge_id=challenge.id)
    lost = offers.passed_over(before, out=out)
    lost = frozenset(accounts.current_team_id(session, team_id) for team_id in lost)
    open_teams = {row.team_id for row in before if AwardState(row.state) in states.UNDECIDED}
    if open_teams & (lost - out):
        return False  # it merged with a team that had lost the prize, and keeps its own
    leader = boards.leader_before(
        session,
        challenge=challenge,
        before=date,
        improvement=prize.improvement,
        passed_over=lost,
    )
    is_ended = _end_others(session, challenge, before, leader, by=by, now=now)
    if leader is None:
        if not before:
            _audit_nobody(session, challenge, pot=pot, now=now)
        return is_ended
    before.sort(key=lambda row: AwardState(row.state) in states.LOST)
    own = next((row for row in before if row.team_id == leader.team_id), None)
    name = accounts.team(session, leader.team_id).name if own is None else own.team_name
    allocation = _allocation(prize, leader, date=date, pot=pot, team_name=name)
    return offers.offer(session, own, allocation, challenge=challenge, by=by, now=now) or is_ended


def _allocation(
    prize: PrizePlan, leader: boards.Leader, *, date: datetime, pot: str, team_name: str
) -> Allocation:
    return Allocation(
        place=1,
        title=f"{prize.title} {date:%Y}",
        money=prize.money,
        team_id=leader.team_id,
        team_name=team_name,
        score=leader.public,
        submission_id=leader.submission_id,
        kind=PrizeKind.PROGRESS,
        pot=pot,
    )


def _end_others(
    session: Session,
    challenge: Challenge,
    rows: Iterable[AwardRow],
    leader: boards.Leader | None,
    *,
    by: str,
    now: datetime,
) -> bool:
    ended = [
        row
        for row in rows
        if AwardState(row.state) in states.UNDECIDED
        and (leader is None or row.team_id != leader.team_id)
    ]
    for row in ended:
        moves.enter(session, row, _S.SUPERSEDED, challenge=challenge, by=by, now=now)
    return bool(ended)


def _audit_nobody(session: Session, challenge: Challenge, *, pot: str, now: datetime) -> None:
    audit.record(
        session,
        actor_id=moves.SYSTEM,
        action="prizes.no_progress",
        subject_id=challenge.id,
        challenge_id=challenge.id,
        detail={"pot": pot},
        now=now,
    )
