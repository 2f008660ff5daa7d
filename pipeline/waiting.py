"""What is said when jobs wait and nobody takes them: no worker lives, or none that is able."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func
from sqlmodel import Session, col, select

from palio.challenges.contracts import Delivery
from palio.pipeline import queries, rules
from palio.pipeline.contracts import Abilities, JobState, Queue
from palio.pipeline.models import Job
from palio.sandbox.spec import Level

OF_QUEUE: Final = {
    Queue.SCORE: "",
    Queue.METRIC: " that an own metric scores",
    Queue.MODEL: " of code or an image",
}
COMMAND_OF: Final = {
    Queue.SCORE: "palio worker",
    Queue.METRIC: "palio worker --queues metric",
    Queue.MODEL: "palio worker --queues model",
}
WHAT: Final = {
    Delivery.PREDICTIONS: "metrics",
    Delivery.CODE: "code",
    Delivery.IMAGE: "images",
}


def words(
    session: Session, *, queue: Queue, quiet_seconds: int, now: datetime
) -> Mapping[str, str | None]:
    """Say why jobs of a queue wait that nobody will take: by subject of the alarm, None = well.

    The doctor asks too: where no worker lives, no worker can raise an alarm.
    """
    since = now - timedelta(seconds=quiet_seconds)
    beyond = _no_machine(session, queue=queue, since=since, now=now)
    quiet = None if beyond else _no_worker(session, queue=queue, since=since, now=now)
    return {f"{queue}:machine": beyond, str(queue): quiet}


def is_able(abilities: Abilities, delivery: Delivery, memory_bytes: int) -> bool:
    """Tell whether a machine can run such a job. Pure."""
    has_box = _level(abilities, delivery) is not Level.NONE
    return has_box and memory_bytes <= abilities.memory_bytes


def _level(abilities: Abilities, delivery: Delivery) -> Level:
    levels = {
        Delivery.PREDICTIONS: abilities.metric,
        Delivery.CODE: abilities.code,
        Delivery.IMAGE: abilities.image,
    }
    return levels[delivery]


def _no_machine(session: Session, *, queue: Queue, since: datetime, now: datetime) -> str | None:
    """Say that workers live, and some jobs are beyond every one of them."""
    up = [worker.abilities for worker in queries.alive(session, queue=queue, now=now)]
    if queue is Queue.SCORE or not up:
        return None
    waiting = session.execute(
        select(Job.delivery, Job.memory_bytes, func.count())
        .where(col(Job.queue) == queue, rules.is_due(Job, now=now))
        .where(col(Job.not_before) <= since)
        .group_by(col(Job.delivery), col(Job.memory_bytes))
        .order_by(col(Job.delivery), col(Job.memory_bytes))
    ).all()
    faults = [
        _beyond(count, Delivery(delivery), memory, up)
        for delivery, memory, count in waiting
        if not any(is_able(one, Delivery(delivery), memory) for one in up)
    ]
    if not faults:
        return None
    way_out = f"Nothing is lost; start a worker where they fit (`{COMMAND_OF[queue]}`)."
    return " ".join((*faults, way_out))


def _beyond(count: int, delivery: Delivery, memory_bytes: int, up: list[Abilities]) -> str:
    what = WHAT[delivery]
    fitting = [one.memory_bytes for one in up if _level(one, delivery) is not Level.NONE]
    why = (
        f"a box may use {memory_bytes / 2**30:.1f} GiB, the largest machine for {what} has"
        f" {max(fitting) / 2**30:.1f} GiB"
        if fitting
        else f"none has a box for {what} (palio doctor says what is missing)"
    )
    waits, it = (
        ("1 submission waits", "it") if count == 1 else (f"{count} submissions wait", "them")
    )
    return f"{waits}, and no machine that is up can run {it}: {why}."


def _no_worker(session: Session, *, queue: Queue, since: datetime, now: datetime) -> str | None:
    """Say that jobs wait and no worker takes any."""
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
        f"No worker has taken a submission{OF_QUEUE[queue]} for {minutes} min while some wait. "
        f"Nothing is lost; see that a worker runs (`{COMMAND_OF[queue]}`)."
    )
