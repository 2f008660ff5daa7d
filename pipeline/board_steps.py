"""What happens to a challenge as scores come and time passes: the public board, the reveal."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col

from palio.challenges import queries as challenges
from palio.challenges import service as challenge_service
from palio.challenges.contracts import Challenge, ChallengeState
from palio.challenges.rules import closes_at
from palio.core import db, queue
from palio.core.clock import database_now
from palio.escrow import funding
from palio.leaderboard import service as leaderboard
from palio.pipeline import draw_asks, prize_steps, queries, rules
from palio.pipeline.bench import Bench
from palio.pipeline.contracts import JobState, Task
from palio.pipeline.models import BoardWork
from palio.prizes import service as prizes
from palio.submissions import queries as submissions


def note_change(session: Session, challenge_id: str) -> None:
    """Count one more score, and ask for a new public board."""
    changed = session.execute(
        update(BoardWork)
        .where(col(BoardWork.challenge_id) == challenge_id)
        .values(changes=BoardWork.changes + 1)
        .returning(col(BoardWork.challenge_id))
        .execution_options(synchronize_session=False)
    ).first()
    if changed is None:
        raise LookupError(f"challenge {challenge_id} was launched without its board")
    queue.enqueue(session, task=Task.PUBLISH, id=challenge_id)


def publish(bench: Bench, challenge_id: str, *, at_once: bool = False) -> bool:
    """Make the public board anew when scores changed since the last time.

    Args:
        bench: What to work with.
        challenge_id: Whose board.
        at_once: Do not wait for submissions that are about to be scored.

    """
    with db.reading(bench.engine) as session:  # most messages of a burst find it made already
        board = session.get(BoardWork, challenge_id)
        if board is None or not rules.is_stale(board):
            return False
        waiting = queries.job_counts(session, challenge_id=challenge_id)[JobState.QUEUED]
        if not (at_once or rules.is_worth_showing(board, waiting=waiting)):
            return False
    with bench.work() as session:
        is_new = _publish(session, challenge_id, now=database_now(session))
    # In a transaction of its own: it locks the challenge against everybody, publishing does not.
    prize_steps.call_last(bench, challenge_id)
    return is_new


def _publish(session: Session, challenge_id: str, *, now: datetime) -> bool:
    board = session.get(BoardWork, challenge_id, populate_existing=True)
    if board is None or not rules.is_stale(board):
        return False
    changes = board.changes  # those that come while we rank are for the next time
    challenge = challenges.by_id(session, challenge_id)
    leaderboard.publish(session, challenge=challenge, now=now)
    session.execute(
        update(BoardWork)
        .where(col(BoardWork.challenge_id) == challenge_id, col(BoardWork.shown) < changes)
        .values(shown=changes)
        .execution_options(synchronize_session=False)
    )
    return True


def settle(bench: Bench, challenge_id: str) -> bool:
    """Move a challenge as far as time allows: open, close, and when all is scored, reveal.

    The last public board, the private board, the state and the proposed awards come in one
    transaction, under the challenge's lock: whoever looks sees all of it or nothing. Where rank
    intervals take the answers, it waits for them a while (`draw_asks`).
    """
    _prepare_reveal(bench, challenge_id)
    with bench.work() as session:
        now = database_now(session)
        challenge = challenge_service.lock_challenge(session, challenge_id)
        funding.advance(session, challenge=challenge, now=now)
        challenge = challenge_service.lock_challenge(session, challenge_id)
        pending = submissions.pending_count(session, challenge_id=challenge_id)
        if not rules.may_reveal(challenge, pending=pending, now=now):
            return False
        if draw_asks.waits(session, challenge, now=now):
            return False
        _publish(session, challenge_id, now=now)
        board = leaderboard.reveal(session, challenge=challenge, now=now)
        draw_asks.stop_waiting(session, challenge_id, now=now)
        prizes.propose(
            session,
            challenge=challenge,
            standings=board.standings,
            columns=board.columns,
            now=now,
        )
    return True


def due_for_reveal(session: Session, challenge_id: str, *, now: datetime) -> Challenge | None:
    """Return the challenge as the reveal will find it; None when it is not due."""
    challenge = challenges.by_id(session, challenge_id)
    pending = submissions.pending_count(session, challenge_id=challenge_id)
    if challenge.state is ChallengeState.OPEN and closes_at(challenge) <= now:
        challenge = replace(challenge, state=ChallengeState.CLOSED)
    return challenge if rules.may_reveal(challenge, pending=pending, now=now) else None


def _prepare_reveal(bench: Bench, challenge_id: str) -> None:
    """Hold no lock while thousands of scores are compared: the reveal finds the result made."""
    with db.reading(bench.engine) as session:
        now = database_now(session)
        challenge = due_for_reveal(session, challenge_id, now=now)
        if challenge is not None:
            leaderboard.prepare_reveal(session, challenge=challenge, now=now)
