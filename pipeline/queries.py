"""What the host and the health check read about the queue, its workers and its alarms."""

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from palio.pipeline import rules
from palio.pipeline.contracts import AlarmKind, AlarmView, JobState, Queue, WorkerView
from palio.pipeline.models import Alarm, Job, WorkerSeen

WORKER_FORGOTTEN_HOURS = 24


def job_counts(session: Session, *, challenge_id: str) -> dict[JobState, int]:
    """Return how many jobs of a challenge are in each state."""
    rows = session.execute(
        select(Job.state, func.count())
        .where(Job.challenge_id == challenge_id)
        .group_by(col(Job.state))
    ).all()
    found = {JobState(state): int(count) for state, count in rows}
    return {state: found.get(state, 0) for state in JobState}


def open_alarms(session: Session, *, challenge_id: str | None = None) -> tuple[AlarmView, ...]:
    """Return alarms that are not cleared, oldest first.

    With a challenge, only those about it and about the platform as a whole.
    """
    query = select(Alarm).where(col(Alarm.cleared_at).is_(None))
    if challenge_id is not None:
        query = query.where(
            (col(Alarm.challenge_id) == challenge_id) | col(Alarm.challenge_id).is_(None)
        )
    return tuple(
        AlarmView(
            id=row.id,
            kind=AlarmKind(row.kind),
            challenge_id=row.challenge_id,
            words=row.words,
            raised_at=row.raised_at,
        )
        for row in session.exec(query.order_by(col(Alarm.raised_at), col(Alarm.id)))
    )


def workers(session: Session, *, now: datetime) -> tuple[WorkerView, ...]:
    """Return the workers seen within a day, the latest first."""
    since = now - timedelta(hours=WORKER_FORGOTTEN_HOURS)
    rows = session.exec(
        select(WorkerSeen)
        .where(col(WorkerSeen.seen_at) >= since)
        .order_by(col(WorkerSeen.seen_at).desc(), col(WorkerSeen.name))
    )
    return tuple(
        WorkerView(
            name=row.name, processes=row.processes, started_at=row.started_at, seen_at=row.seen_at
        )
        for row in rows
    )


def quiet_words(session: Session, *, queue: Queue, quiet_seconds: int, now: datetime) -> str | None:
    """Say that jobs wait and no worker takes them; None while all is well.

    The web asks too: where no worker lives, no worker can raise an alarm.
    """
    since = now - timedelta(seconds=quiet_seconds)
    of_queue = col(Job.queue) == queue
    oldest: datetime | None = session.execute(
        select(func.min(Job.not_before)).where(of_queue, rules.is_due(Job, now=now))
    ).scalar_one()
    if oldest is None or oldest > since:
        return None
    looked = session.execute(
        select(Job.id)
        .where(of_queue)
        .where(
            (col(Job.started_at) > since)
            | ((col(Job.state) == JobState.RUNNING) & (col(Job.lease_until) > now))
        )
        .limit(1)
    ).first()
    if looked is not None:
        return None
    minutes = max(1, round((now - oldest).total_seconds() / 60))
    return (
        f"No worker has taken a submission for {minutes} min while some wait. "
        "Nothing is lost; see that a worker runs (`palio worker`)."
    )
