"""What a worker with the answers does: it scores predictions, sent as a file or by a model.

Each step may run any number of times, on any worker, and changes something at most once.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from palio.challenges import queries as challenges
from palio.challenges import service as challenge_service
from palio.challenges.contracts import ChallengePlan, Delivery
from palio.challenges.errors import MetricFaultError, MetricRefusalError
from palio.challenges.metric_box import MetricResult
from palio.core import db, queue
from palio.core.clock import database_now
from palio.core.storage import Storage
from palio.datasets import challenge_secrets, seal
from palio.datasets import queries as datasets
from palio.datasets.contracts import AnswerKeyRef, Package, PackageKind
from palio.pipeline import board_steps, endings, leases, metric_steps, rescore_steps
from palio.pipeline.bench import Bench, Boxes, no_boxes
from palio.pipeline.contracts import Claim, JobState, Queue
from palio.pipeline.endings import HostFault, OurFault, Refused
from palio.pipeline.verdicts import Scored, Unscorable, Verdict
from palio.sandbox.outcome import Box
from palio.scoring.card import NonFiniteScoreError
from palio.scoring.engine import score_file
from palio.scoring.key import AnswerKey
from palio.scoring.refusal import PredictionsRefusedError
from palio.submissions import queries as submissions
from palio.submissions import release_book, run_words, runs, versions
from palio.submissions import service as submission_service
from palio.submissions.contracts import RunRef

KEYS_KEPT_OPEN = 4

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ScoringBench(Bench):
    """A bench with the answers."""

    open_key: Callable[[AnswerKeyRef], AnswerKey]
    sealed_path: Callable[[str], Path]


def make_bench(
    *,
    engine: Engine,
    send: Callable[[queue.Message], None],
    blobs: Storage,
    sealed: Storage,
    terms: leases.Terms,
    worker: str,
    boxes: Callable[[], Boxes | None] = no_boxes,
) -> ScoringBench:
    """Lay out what one process needs; the keys of the latest challenges stay open."""

    @lru_cache(maxsize=KEYS_KEPT_OPEN)
    def open_key(key: AnswerKeyRef) -> AnswerKey:
        return seal.open_key(ids_storage=blobs, sealed_storage=sealed, key=key)

    return ScoringBench(
        engine=engine,
        send=send,
        blobs=blobs,
        terms=terms,
        worker=worker,
        open_key=open_key,
        sealed_path=sealed.path,
        boxes=boxes,
    )


def score_next(
    bench: ScoringBench, *, on_lost: Callable[[], None], queue_name: Queue = Queue.SCORE
) -> bool:
    """Take the next submission from the queue and score it; False when there is none.

    Args:
        bench: What to work with.
        queue_name: SCORE or METRIC.
        on_lost: Called from another thread when the job was given to somebody else meanwhile.

    """
    claim = _take(bench, queue_name)
    if claim is None:
        return False
    with leases.kept_alive(
        bench.work, claim=claim, lease_seconds=bench.terms.lease_seconds, on_lost=on_lost
    ):
        verdict = judge(bench, claim)
    with bench.work() as session:
        hand_in(session, claim, verdict, terms=bench.terms)
    return True


def _take(bench: ScoringBench, queue_name: Queue) -> Claim | None:
    able = None
    if queue_name is Queue.METRIC:
        boxes = bench.boxes()
        if boxes is None or boxes.metric is None:
            return None
        able = leases.Able((Delivery.PREDICTIONS,), boxes.abilities.memory_bytes)
    with bench.work() as session:
        now = database_now(session)
        claim = leases.claim(
            session, queue=queue_name, worker=bench.worker, terms=bench.terms, now=now, able=able
        )
        if claim is None:
            return None
        if not claim.score_version_id:
            submission_service.start(session, submission_id=claim.submission_id, now=now)
        return replace(claim, scored_by=rescore_steps.scored_by(session, claim))


def judge(bench: ScoringBench, claim: Claim) -> Verdict:
    """Score the claimed submission's file; writes nothing and never raises."""
    try:
        return _score(bench, claim)
    except PredictionsRefusedError as error:
        return Refused(error.findings)
    except NonFiniteScoreError as error:
        return Unscorable(str(error))
    except MetricRefusalError as error:
        return Unscorable(error.detail, is_by_host=True)
    except MetricFaultError as error:
        return HostFault(error.for_host)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is not the participant's fault)
        _log.exception("attempt %d at job %s failed", claim.attempt, claim.job_id)
        return OurFault(f"{type(error).__name__}: {error}")


def _score(bench: ScoringBench, claim: Claim) -> Scored:
    with db.reading(bench.engine) as session:
        sha256 = submissions.file_to_score(session, claim.submission_id)
        challenge = challenges.by_id(session, claim.challenge_id)
        pair = claim.scored_by or rescore_steps.scored_by(session, claim)
        version = versions.of_pair(session, challenge=challenge, pair=pair)
        key = datasets.answer_key(session, challenge_id=challenge.id, version=pair.key_version)
        own = datasets.package(
            session,
            challenge_id=challenge.id,
            kind=PackageKind.METRIC,
            version=version.package_version,
        )
        before = rescore_steps.key_before(session, claim)
        secret = challenge_secrets.find(session, challenge_id=challenge.id)
    if key is None or sha256 is None:
        raise LookupError(f"challenge {challenge.id} has no answer key, or there is no file")
    if before is not None:
        rescore_steps.check_same_split(bench.open_key(before), bench.open_key(key))
    path, plan = bench.blobs.path(sha256), replace(challenge.plan, metrics=version.metrics)
    for_host = ""
    if plan.own_metric is None:
        card = score_file(
            path, form=plan.form, key=bench.open_key(key), metrics=plan.metrics, secret=secret
        )
    else:
        found = _score_own(bench, claim, path, plan=plan, key=key, own=own, secret=secret)
        card, for_host = found.card, found.for_host
    return Scored(card, pair.key_version, pair.metric_version, for_host)


def _score_own(
    bench: ScoringBench,
    claim: Claim,
    path: Path,
    *,
    plan: ChallengePlan,
    key: AnswerKeyRef,
    own: Package | None,
    secret: bytes | None,
) -> MetricResult:
    boxes = bench.boxes()
    if own is None or boxes is None:
        raise LookupError(f"the metric of {plan.slug} is not stored, or there is no box for it")
    return metric_steps.score(
        path,
        plan=plan,
        key=bench.open_key(key),
        metric=bench.sealed_path(own.sha256),
        metric_sha256=own.sha256,
        boxes=boxes,
        claim=claim,
        secret=secret,
    )


def hand_in(session: Session, claim: Claim, verdict: Verdict, *, terms: leases.Terms) -> bool:
    """Write what came out, with the end of the job and the next messages, in one transaction.

    Returns:
        False when the job was no longer ours; then nothing is written.

    """
    if isinstance(verdict, Scored):
        release_book.lock(session, submission_id=claim.submission_id)
    challenge_service.lock_challenge_shared(session, claim.challenge_id)  # another version waits
    now = database_now(session)
    if isinstance(verdict, OurFault):
        return endings.try_again(session, claim, verdict, terms=terms, now=now)
    if claim.score_version_id:
        return rescore_steps.hand_in(session, claim, verdict, now=now)
    if rescore_steps.is_overtaken(session, claim):
        return rescore_steps.start_over(session, claim, now=now)
    if not leases.finish(session, claim=claim, state=JobState.DONE, now=now):
        return False
    _write(session, claim, verdict, now=now)
    endings.settle_soon(session, claim.challenge_id, now=now)
    return True


def _write(
    session: Session,
    claim: Claim,
    verdict: Scored | Refused | Unscorable | HostFault,
    *,
    now: datetime,
) -> None:
    match verdict:
        case Scored():
            _record(session, claim, verdict, now=now)
        case Refused():
            _refuse(session, claim, verdict, now=now)
        case Unscorable():
            _fail(session, claim, verdict, now=now)
        case HostFault():
            endings.blame_host(session, claim, verdict, now=now)


def _record(session: Session, claim: Claim, verdict: Scored, *, now: datetime) -> None:
    is_new = submission_service.record_scores(
        session,
        submission_id=claim.submission_id,
        card=verdict.card,
        key_version=verdict.key_version,
        metric_version=verdict.metric_version,
        now=now,
    )
    if is_new:
        board_steps.note_change(session, claim.challenge_id)
        if verdict.for_host:
            endings.alarm_host(
                session, claim, box="metric-private", words=verdict.for_host, now=now
            )


def _fail(session: Session, claim: Claim, verdict: Unscorable, *, now: datetime) -> None:
    reason = verdict.reason
    submission = submissions.submission(session, claim.submission_id)
    if verdict.is_by_host and submission.delivery is not Delivery.PREDICTIONS:
        endings.tell_host(session, claim, box="refusal", words=reason, now=now)
        reason = run_words.HIDDEN_REFUSAL
    submission_service.fail(session, submission_id=claim.submission_id, reason=reason, now=now)


def _refuse(session: Session, claim: Claim, verdict: Refused, *, now: datetime) -> None:
    """Give the try back for a file; not for what a model wrote on hidden data."""
    submission = submissions.submission(session, claim.submission_id)
    if submission.delivery is Delivery.PREDICTIONS:
        submission_service.refuse(
            session, submission_id=claim.submission_id, findings=verdict.findings, now=now
        )
        return
    run = RunRef(claim.submission_id, stage=Box.METRIC, attempt=claim.fence)
    runs.refuse_predictions(session, run=run, findings=verdict.findings, now=now)
