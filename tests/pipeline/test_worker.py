"""A real worker process on a real broker: what it loses when it is killed, and what it does not."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from tests.factories.arena import Arena, make_arena, predictions

from palio.core import db
from palio.core.settings import Settings
from palio.pipeline import tables
from palio.pipeline.app import make_app, make_sender
from palio.pipeline.contracts import JobState
from palio.pipeline.worker import run_worker
from palio.submissions.contracts import SubmissionState

ROWS = 60_000  # quoted, so that reading takes long enough to be caught in the middle
PATIENCE_SECONDS = 120

pytestmark = pytest.mark.integration


@pytest.fixture(params=["folder", "servers"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The defaults of a laptop, then PostgreSQL and Redis."""
    quick = Settings(data_folder=tmp_path, worker_processes=1, sweep_seconds=0.5)
    if request.param == "folder":
        return quick
    request.getfixturevalue("postgres_engine")
    address = request.getfixturevalue("redis_address")
    client = redis.Redis(unix_socket_path=address.removeprefix("redis+socket://"))
    client.flushall()
    client.close()
    postgres = request.getfixturevalue("postgres_address")
    return quick.model_copy(update={"broker_url": address, "database_url": postgres})


@pytest.fixture
def arena(settings: Settings) -> Iterator[Arena]:
    """An open challenge whose messages nobody carries."""
    engine = db.open_engine(settings.database)
    tables.metadata.create_all(engine)
    made = make_arena(engine, settings.data_folder)
    made.launch(rows=ROWS)
    yield made
    engine.dispose()


@pytest.fixture
def worker(settings: Settings) -> Iterator[Callable[[], None]]:
    """Start one real worker; it is stopped at the end."""
    process = multiprocessing.get_context("spawn").Process(target=run_worker, args=(settings,))
    yield process.start
    process.terminate()
    process.join(30)
    if process.is_alive():
        process.kill()
        process.join()


def wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        pause.wait(0.005)


def quoted(miss: float) -> bytes:
    head, *lines = predictions(miss, rows=ROWS).decode().splitlines()
    return "\n".join([head, *(line.replace(",", ',"') + '"' for line in lines)]).encode()


@pytest.mark.parametrize(
    "settings", ["folder", pytest.param("servers", marks=pytest.mark.slow)], indirect=True
)
def test_jobs_whose_messages_were_lost_are_done_by_the_sweep(
    arena: Arena, worker: Callable[[], None]
) -> None:
    team = arena.team("ada")
    ids = [arena.submit(team, predictions(n / 20, rows=ROWS)).submission_id for n in range(12)]
    worker()
    wait_until(lambda: all(job.state == JobState.DONE for job in arena.jobs()))
    assert [arena.submission(one).state for one in ids] == [SubmissionState.SCORED] * 12
    assert {job.attempts for job in arena.jobs()} == {1}


@pytest.mark.parametrize(
    "settings", [pytest.param("folder", marks=pytest.mark.slow), "servers"], indirect=True
)
def test_a_worker_killed_in_the_middle_costs_no_submission_and_no_try(
    arena: Arena, settings: Settings, worker: Callable[[], None]
) -> None:
    arena.bench = replace(arena.bench, send=make_sender(make_app(settings)))
    team = arena.team("ada")
    worker()
    for _ in range(20):
        submission_id = arena.submit(team, quoted(0.5)).submission_id
        wait_until(lambda one=submission_id: arena.job(one).state != JobState.QUEUED)
        pid = int(arena.job(submission_id).worker.split("/")[1])
        os.kill(pid, signal.SIGSTOP)
        if arena.job(submission_id).state == JobState.RUNNING:
            break
        os.kill(pid, signal.SIGCONT)  # it was faster than we
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: arena.job(submission_id).state == JobState.DONE)
    assert arena.job(submission_id).attempts == 2
    submission = arena.submission(submission_id)
    assert submission.state is SubmissionState.SCORED
    assert [str(score.rounded) for score in submission.public_scores] == ["0.5000"]
    assert arena.quota(team).used_total == len(arena.submissions_of(team))
