"""What a participant is told about a submission: its place, what runs, or why it ended."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, func, or_
from sqlmodel import Session, col, select

from palio.challenges import queries as challenges
from palio.challenges.contracts import Delivery
from palio.pipeline import queries, rules
from palio.pipeline.contracts import Abilities, JobState, JobView, Queue, QueueStatus, Typical
from palio.pipeline.models import Job
from palio.sandbox.outcome import Level, Outcome
from palio.submissions import runs
from palio.submissions.contracts import ModelRuns, Submission, SubmissionState

HISTORY_JOBS = 200
NO_WORKER: Final = {
    Queue.SCORE: "No worker is running",
    Queue.METRIC: "No worker that can run the organizer's metric is up",
    Queue.MODEL: "No worker that can run your program is up",
}


def queue_status(session: Session, *, submission: Submission, now: datetime) -> QueueStatus:
    """Say where a submission stands, with numbers and in words."""
    job = _job_of(session, submission.id)
    is_waiting = job is not None and job.state is JobState.QUEUED
    is_running = job is not None and job.state is JobState.RUNNING
    position = _position(session, job, now=now) if job and is_waiting else None
    running = _seconds(job.started_at, now) if job and is_running else None
    queue = Queue.SCORE if job is None else job.queue
    alive = _processes_for(session, queue=queue, delivery=submission.delivery, now=now)
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
            program=_program(session, submission, now=now),
        ),
    )


@dataclass(frozen=True, slots=True)
class Program:
    """How far a submitted program is.

    Attributes:
        runs: Its latest runs.
        seconds: Since when the latest run goes on; None when none does.
        most_seconds: How long each may go on.

    """

    runs: ModelRuns
    seconds: float | None
    most_seconds: int


def _program(session: Session, submission: Submission, *, now: datetime) -> Program | None:
    if submission.delivery is Delivery.PREDICTIONS:
        return None
    models = challenges.by_id(session, submission.challenge_id).plan.models
    found = runs.of_submission(session, submission.id)
    latest = found.hidden or found.smoke
    is_going_on = latest is not None and latest.ended_at is None
    return Program(
        runs=found,
        seconds=_seconds(latest.started_at, now) if latest and is_going_on else None,
        most_seconds=models.seconds if models else 0,
    )


def _processes_for(session: Session, *, queue: Queue, delivery: Delivery, now: datetime) -> int:
    """Count the processes alive that can do what the submission needs next."""
    return sum(
        worker.processes
        for worker in queries.alive(session, queue=queue, now=now)
        if _is_able(worker.abilities, queue=queue, delivery=delivery)
    )


def _is_able(abilities: Abilities, *, queue: Queue, delivery: Delivery) -> bool:
    if queue is Queue.METRIC:
        return abilities.metric is not Level.NONE
    if queue is Queue.MODEL:
        level = abilities.code if delivery is Delivery.CODE else abilities.image
        return level is not Level.NONE
    return True


def words(
    submission: Submission,
    job: JobView | None,
    *,
    position: int | None,
    running_seconds: float | None,
    workers: int,
    typical: Typical,
    program: Program | None = None,
) -> str:
    """Put a submission's status into one or two sentences. Pure."""
    if submission.state is SubmissionState.SCORED:
        return "Scored."
    if submission.state not in (SubmissionState.RECEIVED, SubmissionState.RUNNING):
        return submission.reason
    if job is None:
        return "Received."
    tries = f" (attempt {job.attempts})" if job.attempts > 1 else ""
    so_far = "" if program is None else _so_far(program)
    if running_seconds is not None:
        if program is not None and job.queue is Queue.MODEL:
            return f"{so_far}{_running_words(program)}{tries}."
        return f"{so_far}Being scored for {span(running_seconds)}{tries}."
    return so_far + _waiting_words(job, position=position, workers=workers, typical=typical)


def _so_far(program: Program) -> str:
    smoke, hidden = program.runs.smoke, program.runs.hidden
    if hidden is not None and hidden.outcome is Outcome.FINISHED:
        return "Your program ran well on the hidden data. "
    if smoke is not None and smoke.outcome is Outcome.FINISHED:
        return "The smoke run passed. "
    return ""


def _running_words(program: Program) -> str:
    if program.seconds is None:
        return "Being checked and made ready"
    on = "the public sample" if program.runs.hidden is None else "the hidden data"
    most = span(program.most_seconds)
    return f"Running on {on} for {span(program.seconds)} of at most {most}"


def _waiting_words(job: JobView, *, position: int | None, workers: int, typical: Typical) -> str:
    place = "Waiting" if position is None else f"Waiting at place {position} of the queue"
    if job.attempts:
        place += " for another attempt: the last one failed on our side and costs you nothing"
    done = "run" if job.queue is Queue.MODEL else "scored"
    if workers == 0:
        return (
            f"{place}. {NO_WORKER[job.queue]} at this moment; "
            f"your submission is safe and is {done} when one is back."
        )
    if typical.wait_p90 is None or typical.run_p90 is None:
        return f"{place}."
    usual = span(typical.wait_p90 + typical.run_p90)
    return f"{place}. Nine of ten lately were {done} within {usual}."


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
        .where(col(Job.score_version_id) == "")
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
        .where(Job.submission_id == submission_id, Job.score_version_id == "")
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
