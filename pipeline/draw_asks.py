"""Lets a reveal wait for rank intervals, and never for long: not every worker has the answers."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge, ChallengeState
from palio.challenges.rules import closes_at
from palio.core import db, queue
from palio.core.clock import database_now
from palio.leaderboard import chances
from palio.pipeline.bench import Bench
from palio.pipeline.contracts import Task
from palio.pipeline.models import BoardWork

PATIENCE = timedelta(minutes=10)
_SHOWN = (ChallengeState.REVEALED, ChallengeState.AWARDED)


def waits(session: Session, challenge: Challenge, *, now: datetime) -> bool:
    """Tell whether the reveal, otherwise due, waits for scores on resampled rows.

    The clock starts with the first question after the close.
    """
    if not chances.undrawn(session, challenge=challenge, now=now):
        return False
    return now < waits_until(session, challenge, now=now)


def waits_until(session: Session, challenge: Challenge, *, now: datetime) -> datetime:
    """Return when the reveal comes with or without rank intervals."""
    board = session.get(BoardWork, challenge.id, populate_existing=True)
    if board is None:
        raise LookupError(f"challenge {challenge.id} was launched without its board")
    if board.draws_until is None or board.draws_until <= closes_at(challenge):
        board.draws_until = now + PATIENCE
        session.flush()
    return board.draws_until


def ask_anew(session: Session, challenge: Challenge, *, now: datetime) -> None:
    """Ask for what a corrected private board lacks; its next version has it."""
    board = session.get(BoardWork, challenge.id, populate_existing=True)
    if board is not None and chances.undrawn(session, challenge=challenge, now=now):
        board.draws_until = now + PATIENCE
        session.flush()
        queue.enqueue(session, task=Task.SETTLE, id=challenge.id)


def is_asked(session: Session, challenge: Challenge, *, now: datetime) -> bool:
    """Tell whether a revealed board still waits for what it lacks."""
    board = session.get(BoardWork, challenge.id)
    until = None if board is None else board.draws_until
    return challenge.state in _SHOWN and until is not None and now < until


def stop_waiting(session: Session, challenge_id: str, *, now: datetime) -> None:
    """Let nothing wait any longer."""
    board = session.get(BoardWork, challenge_id, populate_existing=True)
    if board is not None and board.draws_until is not None:
        board.draws_until = min(board.draws_until, now)


def ask(bench: Bench) -> None:
    """Send the hint once more for every board that waits: a worker with the answers takes it."""
    with db.reading(bench.engine) as session:
        now = database_now(session)
        ended = [
            challenge_id
            for state in (ChallengeState.CLOSED, *_SHOWN)
            for challenge_id in challenges.ids_in_state(session, state)
        ]
        waiting = session.exec(
            select(BoardWork.challenge_id)
            .where(col(BoardWork.challenge_id).in_(ended))
            .where(col(BoardWork.draws_until) > now)
        ).all()
    for challenge_id in waiting:
        bench.send(queue.Message(task=Task.SETTLE, id=challenge_id))
