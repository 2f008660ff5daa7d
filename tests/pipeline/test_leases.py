import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.factories.arena import Arena, predictions

from palio.core.clock import database_now
from palio.pipeline import leases
from palio.pipeline.contracts import Claim, JobState, Queue

TERMS = leases.Terms(lease_seconds=60, attempts=3)


def claim(arena: Arena, worker: str = "w", terms: leases.Terms = TERMS) -> Claim | None:
    with arena.bench.work() as session:
        return leases.claim(
            session, queue=Queue.SCORE, worker=worker, terms=terms, now=database_now(session)
        )


def end(arena: Arena, held: Claim) -> bool:
    with arena.bench.work() as session:
        return leases.finish(session, claim=held, state=JobState.DONE, now=database_now(session))


def expire(arena: Arena) -> None:
    """Let the lease of every running job be over, as time would."""
    arena.change_jobs("lease_until = created_at")


@pytest.fixture
def waiting(arena: Arena) -> Callable[[int], list[str]]:
    team = arena.team("ada")

    def submit(count: int) -> list[str]:
        return [arena.submit(team, predictions(0.5)).submission_id for _ in range(count)]

    return submit


def test_jobs_are_taken_in_the_order_they_came(
    arena: Arena, waiting: Callable[[int], list[str]]
) -> None:
    ids = waiting(3)
    taken = [claim(arena) for _ in range(4)]
    assert [held.submission_id if held else None for held in taken] == [*ids, None]


def test_a_job_of_lower_priority_waits(arena: Arena, waiting: Callable[[int], list[str]]) -> None:
    first, second = waiting(2)
    arena.change_jobs("priority = 10 WHERE submission_id = :id", id=first)
    taken = [claim(arena) for _ in range(2)]
    assert [held.submission_id if held else None for held in taken] == [second, first]


def test_sixteen_threads_take_distinct_jobs(
    arena: Arena, waiting: Callable[[int], list[str]]
) -> None:
    ids = waiting(48)
    start = threading.Barrier(16)

    def take(worker: int) -> list[str]:
        start.wait()
        found = []
        while held := claim(arena, f"w{worker}"):
            found.append(held.submission_id)
        return found

    with ThreadPoolExecutor(16) as pool:
        taken = [job for jobs in pool.map(take, range(16)) for job in jobs]
    assert sorted(taken) == sorted(ids)


def test_a_job_with_a_lease_is_not_taken_again_before_its_end(
    arena: Arena, waiting: Callable[[int], list[str]]
) -> None:
    waiting(1)
    first = claim(arena)
    assert first is not None
    assert claim(arena) is None
    expire(arena)
    second = claim(arena)
    assert second is not None
    assert (second.job_id, second.fence, second.attempt) == (first.job_id, first.fence + 1, 2)


def test_a_stale_fence_writes_nothing(arena: Arena, waiting: Callable[[int], list[str]]) -> None:
    waiting(1)
    stale = claim(arena, "slow")
    expire(arena)
    held = claim(arena, "fast")
    assert stale is not None
    assert held is not None
    before = arena.jobs()[-1].model_dump()
    with arena.bench.work() as session:
        now = database_now(session)
        assert not leases.renew(session, claim=stale, lease_seconds=60, now=now)
        assert not leases.give_back(session, claim=stale, not_before=now, error="late")
        assert not leases.finish(session, claim=stale, state=JobState.FAILED, now=now)
    assert arena.jobs()[-1].model_dump() == before
    assert end(arena, held)
    assert not end(arena, held)


def test_attempts_are_limited(arena: Arena, waiting: Callable[[int], list[str]]) -> None:
    waiting(1)
    for attempt in (1, 2, 3):
        held = claim(arena)
        assert held is not None
        assert held.attempt == attempt
        expire(arena)
    assert claim(arena) is None


def test_a_heartbeat_keeps_the_lease_and_tells_when_it_is_lost(
    arena: Arena, waiting: Callable[[int], list[str]]
) -> None:
    waiting(1)
    terms = leases.Terms(lease_seconds=1, attempts=3)
    held = claim(arena, terms=terms)
    assert held is not None
    first_end = arena.jobs()[-1].lease_until
    lost = threading.Event()
    with leases.kept_alive(arena.bench.work, claim=held, lease_seconds=1, on_lost=lost.set):
        deadline = threading.Event()
        while arena.jobs()[-1].lease_until == first_end:
            assert not deadline.wait(0.02)
        assert not lost.is_set()
        arena.change_jobs("fence = fence + 1 WHERE id = :id", id=held.job_id)
        assert lost.wait(10)
