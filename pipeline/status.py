"""What a participant is told about a submission: its place, what runs, or why it ended."""

import math
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from palio.pipeline import queries, rules
from palio.pipeline.contracts import JobState, JobView, Queue, QueueStatus, Typical
from palio.pipeline.models import Job
from palio.submissions.contracts import Submission, SubmissionState

HISTORY_JOBS = 200


def queue_status(session: Session, *, submission: Submission, now: datetime) -> QueueStatus:
    """Say where a submission stands, with numbers and in words."""
    job = _job_of(session, submission.id)
    is_waiting = job is not None and job.state is JobState.QUEUED
    is_running = job is not None and job.state is JobState.RUNNING
    position = _position(session, job, now=now) if job and is_waiting else None
    running = _seconds(job.started_at, now) if job and is_running else None
    queue = Queue.SCORE if job is None else job.queue
    alive = workers_alive(session, now=now, queue=queue)
    times = typical(session, queue=queue)
    return QueueStatus(
        position=position,
        running_seconds=running,
        workers_alive=alive,
        typical=times,
        words=words(
            submission,
            job,
            position=position,
            running_seconds=running,
            workers=alive,
            typical=times,
        ),
    )


def words(
    submission: Submission,
    job: JobView | None,
    *,
    position: int | None,
    running_seconds: float | None,
    workers: int,
    typical: Typical,
) -> str:
    """Put a submission's status into one or two sentences. Pure."""
    if submission.state is SubmissionState.SCORED:
        return "Scored."
    if submission.state not in (SubmissionState.RECEIVED, SubmissionState.RUNNING):
        return submission.reason
    if job is None:
        return "Received."
    tries = f" (attempt {job.attempts})" if job.attempts > 1 else ""
    if running_seconds is not None:
        return f"Being scored for {span(running_seconds)}{tries}."
    return _waiting_words(job, position=position, workers=workers, typical=typical)


def _waiting_words(job: JobView, *, position: int | None, workers: int, typical: Typical) -> str:
    place = "Waiting" if position is None else f"Waiting at place {position} of the queue"
    if job.attempts:
        place += " for another attempt: the last one failed on our side and costs you nothing"
    if workers == 0:
        return (
            f"{place}. No worker is running at this moment; "
            "your submission is safe and is scored when one is back."
        )
    if typical.wait_p90 is None or typical.run_p90 is None:
        return f"{place}."
    usual = span(typical.wait_p90 + typical.run_p90)
    return f"{place}. Nine of ten lately were scored within {usual}."


def span(seconds: float) -> str:
    """Write a duration for a person: ``less than a second``, ``12 s``, ``5 min``, ``2 h``."""
    if seconds < 1:
        return "less than a second"
    if seconds < 90:  # noqa: PLR2004 (up to there seconds read better)
        return f"{math.ceil(seconds)} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{math.ceil(minutes / 60)} h"  # noqa: PLR2004 (same)


def typical(session: Session, *, queue: Queue) -> Typical:
    """Return the typical wait and run times of the latest jobs that needed one attempt."""
    rows = session.execute(
        select(Job.created_at, Job.started_at, Job.ended_at)
        .where(col(Job.queue) == queue, col(Job.state) == JobState.DONE, col(Job.attempts) == 1)
        .order_by(col(Job.ended_at).desc())
        .limit(HISTORY_JOBS)
    ).all()
    waits = [_seconds(created, started) for created, started, _ in rows]
    runs = [_seconds(started, ended) for _, started, ended in rows]
    return Typical(
        wait_p50=percentile(waits, 50),
        wait_p90=percentile(waits, 90),
        run_p50=percentile(runs, 50),
        run_p90=percentile(runs, 90),
    )


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the smallest value that `percent` of the values do not exceed (nearest rank)."""
    if not values:
        return None
    rank = max(1, math.ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]


def workers_alive(session: Session, *, now: datetime, queue: Queue = Queue.SCORE) -> int:
    """Return how many processes for a queue gave a sign of life lately."""
    return sum(worker.processes for worker in queries.alive(session, queue=queue, now=now))


def _job_of(session: Session, submission_id: str) -> JobView | None:
    job = session.exec(
        select(Job)
        .where(Job.submission_id == submission_id)
        .order_by(col(Job.id).desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()
    return None if job is None else view(job)


def view(job: Job) -> JobView:
    """Turn a row into what others may hold."""
    return JobView(
        id=job.id,
        submission_id=job.submission_id,
        queue=Queue(job.queue),
        state=JobState(job.state),
        priority=job.priority,
        attempts=job.attempts,
        created_at=job.created_at,
        not_before=job.not_before,
        started_at=job.started_at,
        ended_at=job.ended_at,
    )


def _position(session: Session, job: JobView, *, now: datetime) -> int:
    """Count the jobs that go before this one, and itself."""
    is_before = or_(
        col(Job.priority) < job.priority,
        and_(col(Job.priority) == job.priority, col(Job.id) < job.id),
    )
    before = session.execute(
        select(func.count())
        .select_from(Job)
        .where(col(Job.queue) == job.queue, rules.is_due(Job, now=now), is_before)
    ).scalar_one()
    return int(before) + 1


def _seconds(start: datetime | None, end: datetime | None) -> float:
    if start is None or end is None:
        return 0.0
    return max(0.0, (end - start).total_seconds())
