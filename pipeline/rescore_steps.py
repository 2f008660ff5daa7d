"""What a worker does for rescore sets: jobs for what is missing, each result once, in shadow.

New submissions go on under the active version meanwhile; whatever a set lacks then, its jobs are
added for, by the sweep and before it is applied.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, update
from sqlmodel import Session, col, select

from palio.challenges import queries as challenges
from palio.challenges.contracts import Delivery
from palio.challenges.errors import MetricFaultError
from palio.core import db
from palio.core.clock import database_now
from palio.core.ids import new_id
from palio.core.queue import enqueue
from palio.datasets import queries as datasets
from palio.datasets.contracts import AnswerKeyRef
from palio.pipeline import alarms, leases, rules
from palio.pipeline.bench import Bench
from palio.pipeline.contracts import JOB_QUEUES, AlarmKind, Claim, JobState, Priority
from palio.pipeline.endings import HostFault, OurFault, Refused
from palio.pipeline.models import Job
from palio.pipeline.one_by_one import each
from palio.pipeline.verdicts import Scored, Unscorable, Verdict
from palio.sandbox.outcome import Outcome
from palio.scoring.key import AnswerKey
from palio.submissions import queries as submissions
from palio.submissions import rescoring, run_words, versions
from palio.submissions.contracts import SubmissionState
from palio.submissions.version_contracts import (
    ScoreVersion,
    ShadowOutcome,
    VersionPair,
    VersionState,
)

HINTS_AT_ONCE = 50  # the sweep sends the messages of the others


def add_jobs(session: Session, version: ScoreVersion, *, now: datetime) -> int:
    """Put everything a set lacks into the queue, each at most once; return how many were new."""
    wanted = versions.missing_ids(session, version)
    states = dict(
        session.exec(
            select(Job.submission_id, Job.state).where(Job.score_version_id == version.id)
        ).all()
    )
    # Done without a result: the set was abandoned under way, and an undo opened it again.
    _queue_again(
        session, version, [one for one in wanted if states.get(one) == JobState.DONE], now=now
    )
    missing = [one for one in wanted if one not in states]
    plan = challenges.by_id(session, version.challenge_id).plan
    queue_name = rules.scoring_queue(plan)
    rows = [
        {
            "id": new_id(),
            "queue": queue_name,
            "state": JobState.QUEUED,
            "priority": Priority.RESCORE,
            "challenge_id": version.challenge_id,
            "submission_id": submission_id,
            "delivery": Delivery.PREDICTIONS,
            "memory_bytes": rules.memory_needed(plan, queue_name),
            "score_version_id": version.id,
            "fence": 0,
            "attempts": 0,
            "created_at": now,
            "not_before": now,
            "lease_until": now,
            "worker": "",
            "last_error": "",
        }
        for submission_id in missing
    ]
    if rows:
        session.execute(insert(Job), rows)
    for row in rows[:HINTS_AT_ONCE]:
        enqueue(session, task=JOB_QUEUES[queue_name], id=str(row["id"]))
    return len(rows)


def _queue_again(
    session: Session, version: ScoreVersion, submission_ids: Sequence[str], *, now: datetime
) -> None:
    for submission_id in submission_ids:
        session.execute(
            update(Job)
            .where(col(Job.score_version_id) == version.id)
            .where(col(Job.submission_id) == submission_id)
            .values(state=JobState.QUEUED, attempts=0, not_before=now, ended_at=None)
            .execution_options(synchronize_session=False)
        )


def top_up(bench: Bench) -> None:
    """Add the jobs that open sets of all challenges lack by now; make complete ones ready."""
    with db.reading(bench.engine) as session:
        found = versions.open_sets(session)
    each([version.id for version in found], lambda one: _top_up(bench, one), what="rescore set")


def _top_up(bench: Bench, version_id: str) -> None:
    with bench.work() as session:
        now = database_now(session)
        rescoring.prepare(session, version=versions.by_id(session, version_id), now=now)
        version = versions.by_id(session, version_id)  # as it is now that it is locked
        if version.state is VersionState.SHADOW:
            add_jobs(session, version, now=now)


def drop_jobs(session: Session, version: ScoreVersion) -> None:
    """Take back the jobs of an abandoned set that nobody has begun."""
    session.execute(
        delete(Job).where(
            col(Job.score_version_id) == version.id, col(Job.state) == JobState.QUEUED
        )
    )


def retry(session: Session, version: ScoreVersion, *, now: datetime) -> int:
    """Try the jobs of a set again that were given up; return how many."""
    again = session.execute(
        update(Job)
        .where(col(Job.score_version_id) == version.id, col(Job.state) == JobState.FAILED)
        .values(state=JobState.QUEUED, attempts=0, not_before=now, ended_at=None)
        .returning(col(Job.id), col(Job.queue))
        .execution_options(synchronize_session=False)
    ).all()
    for job_id, _ in again:
        alarms.end(session, kind=AlarmKind.JOB_GIVEN_UP, subject=job_id, now=now)
    for job_id, queue_name in again[:HINTS_AT_ONCE]:
        enqueue(session, task=JOB_QUEUES[queue_name], id=job_id)
    return len(again)


def given_up(session: Session, version: ScoreVersion) -> int:
    """Return how many jobs of a set used up their attempts by our fault."""
    failed = select(Job.id).where(Job.score_version_id == version.id, Job.state == JobState.FAILED)
    return len(session.exec(failed).all())


def scored_by(session: Session, claim: Claim) -> VersionPair:
    """Return by which versions a claimed submission is to be scored."""
    if claim.score_version_id:
        return versions.by_id(session, claim.score_version_id).pair
    return versions.active_pair(session, challenge_id=claim.challenge_id)


def key_before(session: Session, claim: Claim) -> AnswerKeyRef | None:
    """Return the key in force, where a set's claim is to be scored by another one."""
    if not claim.score_version_id:
        return None
    new = versions.by_id(session, claim.score_version_id).pair.key_version
    old = versions.active_pair(session, challenge_id=claim.challenge_id).key_version
    if new == old:
        return None
    return datasets.answer_key(session, challenge_id=claim.challenge_id, version=old)


def check_same_split(old: AnswerKey, new: AnswerKey) -> None:
    """Let answers be corrected, and rows become ignored, but none move between the parts.

    Raises:
        MetricFaultError: For the host. Only a worker sees both keys.

    """
    before, after = _parts(old), _parts(new)
    moved = (before != after) & (before < _IGNORED) & (after < _IGNORED)
    if moved.any():
        words = (
            f"The corrected answers move {int(moved.sum())} rows between the public and the "
            "private part. Keep the split; rows without a right answer can be Ignored."
        )
        raise MetricFaultError(words, for_host=words, outcome=Outcome.FINISHED)


_IGNORED = 2


def _parts(key: AnswerKey) -> NDArray[np.int8]:
    """Return for each row 0 = public, 1 = private, 2 = ignored."""
    slots = np.asarray(key.placement)
    edges = np.array([key.public_rows, key.public_rows + key.private_rows])
    return np.searchsorted(edges, slots, side="right").astype(np.int8)


def is_overtaken(session: Session, claim: Claim) -> bool:
    """Tell whether another version became active while a new submission was being scored."""
    now_active = versions.active_pair(session, challenge_id=claim.challenge_id)
    return claim.scored_by is not None and claim.scored_by != now_active


def start_over(session: Session, claim: Claim, *, now: datetime) -> bool:
    """Score a new submission by the version that is active now; it costs no attempt."""
    return leases.start_over(session, claim=claim, now=now, why="another version became active")


def hand_in(session: Session, claim: Claim, verdict: Verdict, *, now: datetime) -> bool:
    """Keep what became of a submission under a set's version; nobody but the hosts sees it.

    Returns:
        False when the job was no longer ours; then nothing is written.

    """
    if not leases.finish(session, claim=claim, state=JobState.DONE, now=now):
        return False
    outcome, words = _outcome(session, claim, verdict)
    rescoring.record(
        session,
        version_id=claim.score_version_id,
        submission_id=claim.submission_id,
        outcome=outcome,
        card=verdict.card if isinstance(verdict, Scored) else None,
        words=words,
        now=now,
    )
    return True


def _outcome(session: Session, claim: Claim, verdict: Verdict) -> tuple[ShadowOutcome, str]:
    submission = submissions.submission(session, claim.submission_id)
    match verdict:
        case Scored():
            return ShadowOutcome.SCORED, ""
        case Unscorable():
            is_told = verdict.is_by_host and submission.delivery is not Delivery.PREDICTIONS
            return ShadowOutcome.NO_SCORE, run_words.HIDDEN_REFUSAL if is_told else verdict.reason
        case Refused():
            # Its ids are the same as before, so a file once sound stays so.
            was_sound = submission.state is SubmissionState.SCORED
            outcome = ShadowOutcome.METRIC_FAULT if was_sound else ShadowOutcome.NO_SCORE
            return outcome, verdict.findings[0].text
        case HostFault():
            return ShadowOutcome.METRIC_FAULT, verdict.error
        case OurFault():
            raise ValueError("a fault of ours is no outcome")
