"""What the sweep does about numbers: it shows scores that are told daily, and measures boards."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import or_, update
from sqlmodel import Session, col

from palio.challenges import queries as challenges
from palio.challenges.board_contracts import Release
from palio.challenges.contracts import ChallengeState
from palio.core import db
from palio.core.clock import database_now
from palio.pipeline import board_steps
from palio.pipeline.bench import Bench
from palio.pipeline.models import BoardWork
from palio.pipeline.one_by_one import each
from palio.submissions import release_lines


def tell_due(bench: Bench) -> None:
    """Ask for a new public board wherever scores have become visible by time alone."""
    with db.reading(bench.engine) as session:
        now = database_now(session)
        found = [
            (challenge_id, release_lines.last_told_at(session, challenge_id=challenge_id, now=now))
            for challenge_id in _told_daily(session)
        ]
    told = [(challenge_id, at) for challenge_id, at in found if at is not None]
    each(told, lambda one: _tell(bench, *one), what="scores of the day")


def next_told_at(session: Session, *, after: datetime) -> datetime | None:
    """Return the first instant later than `after` at which scores become visible."""
    times = [
        release_lines.next_told_at(session, challenge_id=challenge_id, after=after)
        for challenge_id in _told_daily(session)
    ]
    return min((time for time in times if time), default=None)


def _told_daily(session: Session) -> Iterator[str]:
    for state in (ChallengeState.OPEN, ChallengeState.CLOSED):
        for challenge_id in challenges.ids_in_state(session, state):
            plan = challenges.by_id(session, challenge_id).plan
            if plan.board.release.kind is Release.DAILY:
                yield challenge_id


def _tell(bench: Bench, challenge_id: str, at: datetime) -> None:
    until = col(BoardWork.told_until)
    with bench.work() as session:
        changed = session.execute(
            update(BoardWork)
            .where(col(BoardWork.challenge_id) == challenge_id, or_(until.is_(None), until < at))
            .values(told_until=at)
            .returning(col(BoardWork.challenge_id))
            .execution_options(synchronize_session=False)
        ).first()
        if changed is not None:
            board_steps.note_change(session, challenge_id)
