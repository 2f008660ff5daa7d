from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col
from tests.factories.arena import Arena, predictions

from palio.core import db
from palio.pipeline import rules
from palio.pipeline.contracts import JobState
from palio.pipeline.models import Job

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
times = st.integers(-5, 5).map(lambda seconds: NOW + timedelta(seconds=seconds))


@dataclass
class Row:
    state: str
    attempts: int
    not_before: datetime
    lease_until: datetime


rows = st.builds(
    Row,
    state=st.sampled_from(list(JobState)),
    attempts=st.integers(0, 4),
    not_before=times,
    lease_until=times,
)


@given(rows)
def test_a_job_is_claimable_or_hopeless_or_left_alone(row: Row) -> None:
    claimable = rules.is_claimable(row, attempts=3, now=NOW)
    hopeless = rules.is_hopeless(row, attempts=3, now=NOW)
    ended = row.state in (JobState.DONE, JobState.FAILED)
    assert not (claimable and hopeless)
    assert not (ended and (claimable or hopeless))
    if not ended and row.attempts < 3:
        from_ = row.not_before if row.state == JobState.QUEUED else row.lease_until
        assert claimable == (from_ <= NOW)


def test_the_predicates_say_the_same_in_sql_and_in_python(arena: Arena) -> None:
    now = arena.now()
    team = arena.team("ada")
    for _ in range(8):
        arena.submit(team, predictions(0.5))
    for number, job in enumerate(arena.jobs()):
        state = ("queued", "running", "done", "failed")[number % 4]
        arena.change_jobs(
            "state = :state, attempts = :n WHERE id = :id", state=state, n=number, id=job.id
        )
    arena.change_jobs("lease_until = created_at WHERE attempts > 4")
    for predicate in (
        lambda row: rules.is_due(row, now=now + timedelta(seconds=1)),
        lambda row: rules.is_expired(row, now=now + timedelta(seconds=1)),
        lambda row: rules.is_claimable(row, attempts=3, now=now + timedelta(seconds=1)),
        lambda row: rules.is_hopeless(row, attempts=3, now=now + timedelta(seconds=1)),
    ):
        with db.reading(arena.engine) as session:
            found = session.execute(select(col(Job.id)).where(predicate(Job))).scalars().all()
        assert set(found) == {job.id for job in arena.jobs() if predicate(job)}


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 2), (2, 8), (3, 32)])
def test_each_attempt_waits_longer(attempt: int, seconds: int) -> None:
    assert rules.back_off(attempt) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("next_at", "seconds"),
    [
        (None, 5.0),
        (NOW + timedelta(seconds=60), 5.0),
        (NOW + timedelta(seconds=1.5), 1.5),
        (NOW - timedelta(seconds=1), 0.0),
    ],
)
def test_the_sweep_wakes_at_the_next_instant(next_at: datetime | None, seconds: float) -> None:
    assert rules.nap_seconds(now=NOW, next_at=next_at, at_most=5.0) == seconds


@pytest.mark.parametrize(
    ("changes", "waiting", "is_worth"),
    [(1, 0, True), (1, 3, False), (9, 1, False), (10, 1, True), (40, 300, True)],
)
def test_a_board_in_a_burst_is_made_for_several_scores_at_once(
    changes: int, waiting: int, *, is_worth: bool
) -> None:
    board = SimpleNamespace(shown=5, changes=5 + changes)
    assert rules.is_worth_showing(board, waiting=waiting) is is_worth
