"""What happens to a submission after its receipt, as plain functions: score, publish, settle.

Each step may run any number of times, on any worker, and changes something at most once.
"""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Engine, update
from sqlmodel import Session, col

from palio.challenges import queries as challenges
from palio.challenges import service as challenge_service
from palio.core import db, queue
from palio.core.clock import database_now
from palio.core.errors import Finding
from palio.core.storage import Storage
from palio.datasets import queries as datasets
from palio.datasets import seal
from palio.datasets.contracts import AnswerKeyRef
from palio.leaderboard import service as leaderboard
from palio.pipeline import alarms, leases, queries, rules
from palio.pipeline.contracts import AlarmKind, Claim, JobState, Queue, Task
from palio.pipeline.models import BoardWork
from palio.prizes import service as prizes
from palio.scoring.card import NonFiniteScoreError, ScoreCard
from palio.scoring.engine import score_file
from palio.scoring.key import AnswerKey
from palio.scoring.refusal import PredictionsRefusedError
from palio.submissions import queries as submissions
from palio.submissions import service as submission_service

KEYS_KEPT_OPEN = 4

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bench:
    """What a worker works with; `worker` names its process."""

    engine: Engine
    send: Callable[[queue.Message], None]
    blobs: Storage
    terms: leases.Terms
    worker: str
    open_key: Callable[[AnswerKeyRef], AnswerKey]

    def work(self) -> AbstractContextManager[Session]:
        """Open one unit of work."""
        return db.unit_of_work(self.engine, send=self.send)


def make_bench(
    *,
    engine: Engine,
    send: Callable[[queue.Message], None],
    blobs: Storage,
    sealed: Storage,
    terms: leases.Terms,
    worker: str,
) -> Bench:
    """Lay out what one process needs; the keys of the latest challenges stay open."""

    @lru_cache(maxsize=KEYS_KEPT_OPEN)
    def open_key(key: AnswerKeyRef) -> AnswerKey:
        return seal.open_key(ids_storage=blobs, sealed_storage=sealed, key=key)

    return Bench(
        engine=engine, send=send, blobs=blobs, terms=terms, worker=worker, open_key=open_key
    )


@dataclass(frozen=True, slots=True)
class Scored:
    """The file has scores, by this version of the key and of the metric."""

    card: ScoreCard
    key_version: int
    metric_version: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The file is not sound."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Unscorable:
    """The file is sound and has no finite score."""

    reason: str


@dataclass(frozen=True, slots=True)
class OurFault:
    """Nothing is known about the file; `error` is for the operator."""

    error: str


Verdict = Scored | Refused | Unscorable | OurFault


def score_next(bench: Bench, *, on_lost: Callable[[], None]) -> bool:
    """Take the next submission from the queue and score it; False when there is none.

    Args:
        bench: What to work with.
        on_lost: Called from another thread when the job was given to somebody else meanwhile.

    """
    claim = _take(bench)
    if claim is None:
        return False
    with leases.kept_alive(
        bench.work, claim=claim, lease_seconds=bench.terms.lease_seconds, on_lost=on_lost
    ):
        verdict = judge(bench, claim)
    with bench.work() as session:
        hand_in(session, claim, verdict, terms=bench.terms)
    return True


def _take(bench: Bench) -> Claim | None:
    with bench.work() as session:
        now = database_now(session)
        claim = leases.claim(
            session, queue=Queue.SCORE, worker=bench.worker, terms=bench.terms, now=now
        )
        if claim is not None:
            submission_service.start(session, submission_id=claim.submission_id, now=now)
    return claim


def judge(bench: Bench, claim: Claim) -> Verdict:
    """Score the claimed submission's file; writes nothing and never raises."""
    try:
        return _score(bench, claim)
    except PredictionsRefusedError as error:
        return Refused(error.findings)
    except NonFiniteScoreError as error:
        return Unscorable(str(error))
    except Exception as error:  # noqa: BLE001 (whatever it is, it is not the participant's fault)
        _log.exception("attempt %d at job %s failed", claim.attempt, claim.job_id)
        return OurFault(f"{type(error).__name__}: {error}")


def _score(bench: Bench, claim: Claim) -> Scored:
    with db.reading(bench.engine) as session:
        submission = submissions.submission(session, claim.submission_id)
        challenge = challenges.by_id(session, claim.challenge_id)
        key = datasets.answer_key(session, challenge_id=challenge.id)
    if key is None:
        raise LookupError(f"challenge {challenge.id} has no answer key")
    card = score_file(
        bench.blobs.path(submission.sha256),
        form=challenge.plan.form,
        key=bench.open_key(key),
        metrics=challenge.plan.metrics,
    )
    return Scored(card, key_version=key.version, metric_version=challenge.metric_version)


def hand_in(session: Session, claim: Claim, verdict: Verdict, *, terms: leases.Terms) -> bool:
    """Write what came out, with the end of the job and the next messages, in one transaction.

    Returns:
        False when the job was no longer ours; then nothing is written.

    """
    now = database_now(session)
    if isinstance(verdict, OurFault):
        return _try_again(session, claim, verdict, terms=terms, now=now)
    if not leases.finish(session, claim=claim, state=JobState.DONE, now=now):
        return False
    match verdict:
        case Scored():
            is_new = submission_service.record_scores(
                session,
                submission_id=claim.submission_id,
                card=verdict.card,
                key_version=verdict.key_version,
                metric_version=verdict.metric_version,
                now=now,
            )
            if is_new:
                _note_change(session, claim.challenge_id)
        case Refused():
            submission_service.refuse(
                session, submission_id=claim.submission_id, findings=verdict.findings, now=now
            )
        case Unscorable():
            submission_service.fail(
                session, submission_id=claim.submission_id, reason=verdict.reason, now=now
            )
    _settle_soon(session, claim.challenge_id, now=now)
    return True


def _try_again(
    session: Session, claim: Claim, fault: OurFault, *, terms: leases.Terms, now: datetime
) -> bool:
    if claim.attempt >= terms.attempts:
        return give_up(session, claim, error=fault.error, now=now)
    not_before = now + rules.back_off(claim.attempt)
    if not leases.give_back(session, claim=claim, not_before=not_before, error=fault.error):
        return False
    submission_service.back_to_queue(session, submission_id=claim.submission_id)
    return True


def give_up(session: Session, claim: Claim, *, error: str, now: datetime) -> bool:
    """End a job that failed too often by our fault: words, the try given back, an alarm."""
    if not leases.finish(session, claim=claim, state=JobState.FAILED, now=now, error=error):
        return False
    submission_service.error(
        session,
        submission_id=claim.submission_id,
        reason=(
            f"We tried {claim.attempt} times and could not score this file. The fault is ours: "
            "it costs you no try, and the organizer has been told."
        ),
        now=now,
    )
    alarms.raise_alarm(
        session,
        kind=AlarmKind.JOB_GIVEN_UP,
        subject=claim.job_id,
        challenge_id=claim.challenge_id,
        words=f"Submission {claim.submission_id} could not be scored: {error}",
        now=now,
    )
    _settle_soon(session, claim.challenge_id, now=now)
    return True


def _note_change(session: Session, challenge_id: str) -> None:
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


def _settle_soon(session: Session, challenge_id: str, *, now: datetime) -> None:
    """Ask for the reveal when this may have been the last submission it waited for."""
    if challenges.by_id(session, challenge_id).phases[-1].closes_at <= now:
        queue.enqueue(session, task=Task.SETTLE, id=challenge_id)


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
        return _publish(session, challenge_id, now=database_now(session))


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
    transaction, under the challenge's lock: whoever looks sees all of it or nothing.
    """
    with bench.work() as session:
        now = database_now(session)
        challenge_service.advance(session, challenge_id=challenge_id, now=now)
        challenge = challenge_service.lock_challenge(session, challenge_id)
        pending = submissions.pending_count(session, challenge_id=challenge_id)
        if not rules.may_reveal(challenge, pending=pending, now=now):
            return False
        _publish(session, challenge_id, now=now)
        board = leaderboard.reveal(session, challenge=challenge, now=now)
        challenge_service.mark_revealed(session, challenge_id=challenge_id, now=now)
        prizes.propose(session, challenge=challenge, standings=board.standings, now=now)
    return True
