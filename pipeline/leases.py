"""Who works on a job: a lease that ends by itself and a fence that voids late writes.

Each change is one conditional UPDATE, so that any number of workers may try at once.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, true, update
from sqlmodel import Session, col, select

from palio.core.clock import database_now
from palio.core.ids import new_id
from palio.core.queue import enqueue
from palio.pipeline import rules
from palio.pipeline.contracts import JOB_QUEUES, Claim, JobState, Queue
from palio.pipeline.models import Job

Work = Callable[[], AbstractContextManager[Session]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a claim holds without a sign of life, and how often a job is tried."""

    lease_seconds: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Need:
    """What a job needs of the machine it runs on."""

    delivery: str
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Able:
    """What one machine can run: deliveries by name, and memory."""

    deliveries: tuple[str, ...]
    memory_bytes: int


def add_job(
    session: Session,
    *,
    queue: Queue,
    submission_id: str,
    challenge_id: str,
    priority: int,
    now: datetime,
    need: Need | None = None,
) -> str:
    """Put a job into the queue, with the message that hints of it; return its id."""
    job = Job(
        id=new_id(),
        queue=queue,
        state=JobState.QUEUED,
        priority=priority,
        challenge_id=challenge_id,
        submission_id=submission_id,
        delivery=need.delivery if need else "",
        memory_bytes=need.memory_bytes if need else 0,
        created_at=now,
        not_before=now,
        lease_until=now,
    )
    session.add(job)
    session.flush()
    enqueue(session, task=JOB_QUEUES[queue], id=job.id)
    return job.id


def claim(
    session: Session,
    *,
    queue: Queue,
    worker: str,
    terms: Terms,
    now: datetime,
    able: Able | None = None,
) -> Claim | None:
    """Take the next job of the queue, or one whose worker is gone; None when there is nothing.

    Args:
        session: The unit of work.
        queue: Whose next job.
        worker: Who takes it.
        terms: How it is held.
        now: The database's time.
        able: What this machine can run; None = the queue's jobs need nothing special.

    """
    is_able = true() if able is None else _is_able(able)
    next_id = (
        select(Job.id)
        .where(col(Job.queue) == queue, is_able)
        .where(rules.is_claimable(Job, attempts=terms.attempts, now=now))
        .order_by(col(Job.priority), col(Job.id))
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    row = session.execute(
        update(Job)
        .where(col(Job.id) == next_id)
        .values(
            state=JobState.RUNNING,
            fence=Job.fence + 1,
            attempts=Job.attempts + 1,
            worker=worker,
            started_at=now,
            lease_until=now + timedelta(seconds=terms.lease_seconds),
        )
        .returning(col(Job.id))
        .execution_options(synchronize_session=False)
    ).first()
    return None if row is None else claim_of(session.get_one(Job, row[0], populate_existing=True))


def claim_of(job: Job) -> Claim:
    """Return the claim that a job's row describes."""
    return Claim(
        job_id=job.id,
        submission_id=job.submission_id,
        challenge_id=job.challenge_id,
        fence=job.fence,
        attempt=job.attempts,
        priority=job.priority,
        queue=Queue(job.queue),
        score_version_id=job.score_version_id,
    )


def _is_able(able: Able) -> ColumnElement[bool]:
    return and_(
        col(Job.delivery).in_(["", *able.deliveries]), col(Job.memory_bytes) <= able.memory_bytes
    )


def _holds(claim: Claim) -> ColumnElement[bool]:
    return and_(
        col(Job.id) == claim.job_id,
        col(Job.fence) == claim.fence,
        col(Job.state) == JobState.RUNNING,
    )


def _change(session: Session, claim: Claim, **values: object) -> bool:
    changed = session.execute(
        update(Job)
        .where(_holds(claim))
        .values(**values)
        .returning(col(Job.id))
        .execution_options(synchronize_session=False)
    ).first()
    return changed is not None


def renew(session: Session, *, claim: Claim, lease_seconds: int, now: datetime) -> bool:
    """Give a sign of life; False when the job is no longer ours."""
    return _change(session, claim, lease_until=now + timedelta(seconds=lease_seconds))


def is_held(session: Session, *, job_id: str, fence: int, now: datetime) -> bool:
    """Tell whether somebody works on a job under this fence."""
    job = session.get(Job, job_id, populate_existing=True)
    is_running = job is not None and job.fence == fence and job.state == JobState.RUNNING
    return job is not None and is_running and job.lease_until > now


def finish(
    session: Session, *, claim: Claim, state: JobState, now: datetime, error: str = ""
) -> bool:
    """End the job; False when it is no longer ours, and then nothing else may be written."""
    return _change(session, claim, state=state, ended_at=now, last_error=error)


def give_back(session: Session, *, claim: Claim, not_before: datetime, error: str) -> bool:
    """Put the job back into the queue for another try; False when it is no longer ours."""
    return _change(
        session,
        claim,
        state=JobState.QUEUED,
        not_before=not_before,
        last_error=error,
    )


def start_over(session: Session, *, claim: Claim, now: datetime, why: str) -> bool:
    """Put the job back as if this attempt had not been; False when it is no longer ours."""
    return _change(
        session,
        claim,
        state=JobState.QUEUED,
        attempts=claim.attempt - 1,
        not_before=now,
        last_error=why,
    )


@contextmanager
def kept_alive(
    work: Work, *, claim: Claim, lease_seconds: int, on_lost: Callable[[], None]
) -> Iterator[None]:
    """Renew the lease every quarter of its length while the block runs.

    Args:
        work: Opens a unit of work; used from another thread.
        claim: What is held.
        lease_seconds: Length of the lease.
        on_lost: Called once, from that thread, when the job is no longer ours.

    """
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(lease_seconds / 4):
            try:
                with work() as session:
                    now = database_now(session)
                    held = renew(session, claim=claim, lease_seconds=lease_seconds, now=now)
            except Exception:  # noqa: BLE001 (a thread that dies unseen would lose the lease)
                # A database that is away for a moment: the lease still runs, try again.
                _log.exception("could not renew the lease of job %s", claim.job_id)
                continue
            if not held:
                on_lost()
                return

    thread = threading.Thread(target=beat, name=f"lease {claim.job_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
