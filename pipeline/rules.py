"""When each stage of the pipeline needs a hand: one predicate each, for Python and for SQL.

A predicate takes a table, and is then an SQL condition, or one row's values, and is then a bool:
that is why they are written with ``&`` and ``|``.
"""

from datetime import datetime, timedelta
from typing import Any

from palio.challenges.contracts import (
    AnswersOpen,
    Challenge,
    ChallengePlan,
    ChallengeState,
    Delivery,
)
from palio.challenges.rules import is_decided
from palio.pipeline.contracts import JobState, Queue

Row = Any  # a table, or something with its columns as attributes
Condition = Any  # an SQL condition, or a bool

BACK_OFF_SECONDS = 2.0
BACK_OFF_FACTOR = 4
CHANGES_TOGETHER = 10


def scoring_queue(plan: ChallengePlan) -> Queue:
    """Return where predictions are scored."""
    return Queue.SCORE if plan.own_metric is None else Queue.METRIC


def first_queue(plan: ChallengePlan, delivery: Delivery) -> Queue:
    """Return where a received file goes first: programs write their predictions before scoring."""
    return scoring_queue(plan) if delivery is Delivery.PREDICTIONS else Queue.MODEL


def memory_needed(plan: ChallengePlan, queue: Queue) -> int:
    """Return the memory in bytes that a box for a job of this queue may use; 0 = no box."""
    if queue is Queue.METRIC and plan.own_metric is not None:
        return plan.own_metric.memory_bytes
    if queue is Queue.MODEL and plan.models is not None:
        return plan.models.memory_bytes
    return 0


def is_due(job: Row, *, now: datetime) -> Condition:
    """Tell whether a job waits and may start."""
    return (job.state == JobState.QUEUED) & (job.not_before <= now)


def is_expired(job: Row, *, now: datetime) -> Condition:
    """Tell whether a running job's worker gave no sign of life in time."""
    return (job.state == JobState.RUNNING) & (job.lease_until <= now)


def is_claimable(job: Row, *, attempts: int, now: datetime) -> Condition:
    """Tell whether a worker may take the job."""
    return (is_due(job, now=now) | is_expired(job, now=now)) & (job.attempts < attempts)


def is_hopeless(job: Row, *, attempts: int, now: datetime) -> Condition:
    """Tell whether the job used up its attempts without an end."""
    return (is_due(job, now=now) | is_expired(job, now=now)) & (job.attempts >= attempts)


def is_stale(board: Row) -> Condition:
    """Tell whether scores changed since the board was made."""
    return board.shown < board.changes


def is_worth_showing(board: Row, *, waiting: int) -> bool:
    """Tell whether a stale board is made now, or with the submissions that come right after.

    In a burst a board for each score would be most of the work: while submissions wait, it is
    made for every `CHANGES_TOGETHER` scores.
    """
    return waiting == 0 or board.changes - board.shown >= CHANGES_TOGETHER


def may_reveal(challenge: Challenge, *, pending: int, now: datetime) -> bool:
    """Tell whether the private board is due: closed, everything received scored, the time come."""
    reveal_at = challenge.plan.reveal_at
    is_time = reveal_at is None or now >= reveal_at
    return challenge.state is ChallengeState.CLOSED and pending == 0 and is_time


def may_open_answers(challenge: Challenge) -> bool:
    """Tell whether answers may be shown to everybody: revealed, and never open again."""
    may_reopen = challenge.plan.verification.reopen_days is not None
    return challenge.revealed_at is not None and (is_decided(challenge) or not may_reopen)


def opens_by_itself(challenge: Challenge) -> bool:
    """Tell whether all answers are opened now because challenge.toml declares it."""
    is_declared = challenge.plan.answers_open is AnswersOpen.AT_THE_END
    return is_declared and is_decided(challenge) and may_open_answers(challenge)


def back_off(attempt: int) -> timedelta:
    """Return how long to wait after the n-th failed attempt: 2 s, 8 s, 32 s and so on."""
    return timedelta(seconds=BACK_OFF_SECONDS * BACK_OFF_FACTOR ** (attempt - 1))


def next_instant(challenge: Challenge) -> datetime | None:
    """Return when the challenge next needs a hand by the clock alone, None when it does not."""
    if challenge.state is ChallengeState.SCHEDULED:
        return challenge.phases[0].opens_at
    if challenge.state is ChallengeState.OPEN:
        return challenge.phases[-1].closes_at
    return challenge.plan.reveal_at if challenge.state is ChallengeState.CLOSED else None


def nap_seconds(*, now: datetime, next_at: datetime | None, at_most: float) -> float:
    """Return how long the sweep may sleep: until the next instant, never longer than `at_most`."""
    if next_at is None:
        return at_most
    return min(at_most, max(0.0, (next_at - now).total_seconds()))
