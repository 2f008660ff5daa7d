"""What the host and the health check read about the queue, its workers and its alarms."""

from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from palio.challenges.contracts import ChallengePlan, Delivery, ModelRules
from palio.core.errors import AppError
from palio.pipeline.contracts import (
    Abilities,
    AlarmKind,
    AlarmView,
    JobState,
    Offer,
    Queue,
    WorkerView,
)
from palio.pipeline.models import Alarm, Job, WorkerSeen
from palio.sandbox.spec import Level

WORKER_FORGOTTEN_HOURS = 24
ALIVE_SECONDS = 30


class NotOfferedError(AppError):
    """The challenge takes it, and no worker can run it at this moment."""

    code = "not_offered"
    status = 409


def job_counts(session: Session, *, challenge_id: str) -> dict[JobState, int]:
    """Return how many jobs of a challenge are in each state; those of rescore sets apart."""
    rows = session.execute(
        select(Job.state, func.count())
        .where(Job.challenge_id == challenge_id, Job.score_version_id == "")
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
            name=row.name,
            processes=row.processes,
            queues=tuple(Queue(name) for name in row.queues.split()),
            abilities=Abilities(
                code=Level(row.code_level),
                image=Level(row.image_level),
                metric=Level(row.metric_level),
                memory_bytes=row.memory_bytes,
                words=row.words,
            ),
            started_at=row.started_at,
            seen_at=row.seen_at,
        )
        for row in rows
    )


def alive(session: Session, *, queue: Queue, now: datetime) -> tuple[WorkerView, ...]:
    """Return the workers that take a queue and gave a sign of life lately."""
    since = now - timedelta(seconds=ALIVE_SECONDS)
    return tuple(
        worker
        for worker in workers(session, now=now)
        if worker.seen_at >= since and queue in worker.queues
    )


def offers(session: Session, *, plan: ChallengePlan, now: datetime) -> tuple[Offer, ...]:
    """Say of each thing a challenge takes whether it can be taken now; predictions always can."""
    found = alive(session, queue=Queue.MODEL, now=now)
    return tuple(offer(each, models=plan.models, workers=found) for each in plan.deliveries)


def offer(
    delivery: Delivery, *, models: ModelRules | None, workers: tuple[WorkerView, ...]
) -> Offer:
    """Judge by the workers alive that run programs. Pure; without proof the answer is no."""
    if delivery is Delivery.PREDICTIONS:
        return Offer(delivery, is_offered=True, level=Level.NONE, words="")
    if models is None:
        return _no(delivery, "this challenge declares no limits for programs")
    if not workers:
        return _no(delivery, "no worker that runs programs is up at this moment")
    is_code = delivery is Delivery.CODE
    able = [worker.abilities for worker in workers if worker.abilities.memory_bytes]
    levels = {one.code if is_code else one.image for one in able}
    if not levels - {Level.NONE}:
        return _no(delivery, "this server has no box that is strong enough for it")
    fitting = {
        one.code if is_code else one.image
        for one in able
        if one.memory_bytes >= models.memory_bytes
    } - {Level.NONE}
    if not fitting:
        return _no(delivery, "no machine of this server has the memory this challenge allows")
    # The weakest of those that may get it: nothing stronger is promised.
    level = next(level for level in Level if level in fitting)
    return Offer(delivery, is_offered=True, level=level, words="")


def _no(delivery: Delivery, why: str) -> Offer:
    what = "Code" if delivery is Delivery.CODE else "A container image"
    return Offer(
        delivery,
        is_offered=False,
        level=Level.NONE,
        words=f"{what} cannot be taken now: {why}. Nothing was charged; prediction files work.",
    )


def check_offered(
    session: Session, *, plan: ChallengePlan, delivery: Delivery, now: datetime
) -> None:
    """Let an upload through that some worker can run.

    Raises:
        NotOfferedError: None can, in words.

    """
    for each in offers(session, plan=plan, now=now):
        if each.delivery is delivery and not each.is_offered:
            raise NotOfferedError(each.words)
