"""Real workers with real boxes, killed or overtaken in the middle: what is lost, and what stays."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest
from sqlmodel import col, select
from tests.conformance import traces
from tests.factories import boxed
from tests.factories.arena import MODELS, Arena, make_arena
from tests.factories.boxed import FILES, OWN_METRIC, processes, slow, wait_until
from tests.factories.models import ABLE

from palio.challenges.contracts import Delivery
from palio.core import db
from palio.core.clock import database_now
from palio.core.settings import Settings
from palio.pipeline import leases, sweep, tables
from palio.pipeline.contracts import JobState, Queue
from palio.pipeline.models import Job
from palio.pipeline.site import site_of
from palio.pipeline.worker import MODEL_QUEUES, SCORING_QUEUES, run_worker
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import RuntimeRoot
from palio.submissions.contracts import SubmissionState
from palio.submissions.models import ModelRun

pytestmark = pytest.mark.integration

Start = Callable[[tuple[Queue, ...]], SpawnProcess]


@pytest.fixture(params=["bubblewrap", pytest.param("docker", marks=pytest.mark.slow)])
def settings(
    request: pytest.FixtureRequest, state: Path, runtime: RuntimeRoot, tmp_path: Path
) -> Settings:
    """A laptop with one kind of box; leases end soon."""
    assert runtime.folder.is_dir()
    offer = boxed.offer(request.param, state=state, site="00c0ffee")
    if offer.sandbox is None:
        pytest.skip(f"no {request.param} on this machine: {offer.why_not}")
    return Settings(
        data_folder=tmp_path,
        sandbox_backend=request.param,
        sandbox_folder=state,
        worker_processes=1,
        sweep_seconds=0.5,
        job_lease_seconds=4,
    )


@pytest.fixture
def arena(settings: Settings, state: Path) -> Iterator[Arena]:
    """A database whose messages nobody carries; nothing of its boxes is left at the end."""
    engine = db.open_engine(settings.database)
    tables.metadata.create_all(engine)
    yield make_arena(engine, settings.data_folder)
    site = site_of(engine)
    wait_until(lambda: traces.of(site, mark=f"palio-{site}", state=state) == [])
    wait_until(lambda: list((state / "attempts").glob("*")) == [])
    engine.dispose()


@pytest.fixture
def start(settings: Settings, arena: Arena) -> Iterator[Start]:
    """Start real workers; they are stopped at the end."""
    assert arena.engine is not None  # workers go before the database does
    running: list[SpawnProcess] = []

    def start(queues: tuple[Queue, ...]) -> SpawnProcess:
        run = partial(run_worker, settings, queues=queues)
        process = multiprocessing.get_context("spawn").Process(target=run)
        process.start()
        running.append(process)
        return process

    yield start
    for process in running:
        process.terminate()
    for process in running:
        process.join(30)
        assert not process.is_alive()


def launch(arena: Arena, *, metrics: str = "", changes: str = MODELS) -> None:
    files = FILES if metrics else {k: v for k, v in FILES.items() if k != "metric/run.py"}
    if metrics:
        arena.launch(metrics=metrics, changes=changes, files=files)
    else:
        arena.launch(changes=changes, files=files)
        arena.score_all()
    sweep.say_alive(arena.bench, processes=1, queues=MODEL_QUEUES, abilities=ABLE)


def model_jobs(arena: Arena) -> list[Job]:
    return [job for job in arena.jobs() if job.queue == Queue.MODEL]


def is_held(arena: Arena, job: Job) -> bool:
    with db.reading(arena.engine) as session:
        now = database_now(session)
        return leases.is_held(session, job_id=job.id, fence=job.fence, now=now)


def runs(arena: Arena, submission_id: str) -> list[tuple[str, str | None]]:
    with db.reading(arena.engine) as session:
        rows = session.exec(
            select(ModelRun)
            .where(ModelRun.submission_id == submission_id)
            .order_by(col(ModelRun.started_at))
        ).all()
        return [(row.stage, row.outcome) for row in rows]


@pytest.mark.slow  # a killed worker is in the fast suite too: pipeline/test_worker.py
def test_a_worker_killed_in_a_hidden_run_loses_nothing_and_repeats_no_smoke_run(
    arena: Arena, start: Start, tmp_path: Path
) -> None:
    launch(arena)
    mark, team = f"mark-{tmp_path.name}", arena.team("ada")
    first = arena.submit(team, slow(mark, seconds=4), delivery=Delivery.CODE).submission_id
    second = arena.submit(team, boxed.code(), delivery=Delivery.CODE).submission_id
    worker = start(MODEL_QUEUES)
    wait_until(lambda: processes(mark))
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(30)
    wait_until(lambda: not any(is_held(arena, job) for job in model_jobs(arena)))

    start(MODEL_QUEUES)
    wait_until(lambda: all(job.state == JobState.DONE for job in model_jobs(arena)))
    assert [job.attempts for job in model_jobs(arena)] == [2, 1]
    finished = Outcome.FINISHED.value
    assert runs(arena, first) == [("smoke", finished), ("model", None), ("model", finished)]
    assert runs(arena, second) == [("smoke", finished), ("model", finished)]
    began, after = (job.ended_at for job in model_jobs(arena))
    assert began is not None
    assert after is not None
    assert began < after  # as they came, though no message of either was ever delivered
    assert arena.score_all() == 2
    for submission_id in (first, second):
        submission = arena.submission(submission_id)
        assert submission.state is SubmissionState.SCORED
        assert len(submission.public_scores) == 1
    assert arena.quota(team).used_total == 2
    assert processes(mark) == []


@pytest.mark.slow
def test_a_box_dies_with_its_lease_and_its_late_result_is_void(
    arena: Arena, start: Start, tmp_path: Path
) -> None:
    launch(arena)
    mark, team = f"mark-{tmp_path.name}", arena.team("ada")
    sent = arena.submit(team, slow(mark, seconds=600), delivery=Delivery.CODE).submission_id
    start(MODEL_QUEUES)
    wait_until(lambda: processes(mark))
    (job,) = model_jobs(arena)
    arena.change_jobs(
        "fence = fence + 1, worker = 'another@elsewhere', lease_until = :far WHERE id = :id",
        far=f"{arena.now().replace(year=2100):%Y-%m-%d %H:%M:%S.%f}",
        id=job.id,
    )
    wait_until(lambda: processes(mark) == [])
    submission = arena.submission(sent)
    assert (submission.state, submission.public_scores) == (SubmissionState.RUNNING, ())
    (held,) = model_jobs(arena)
    assert (held.state, held.fence, held.worker) == ("running", 2, "another@elsewhere")
    assert runs(arena, sent) == [("smoke", Outcome.FINISHED.value), ("model", None)]


@pytest.mark.slow
def test_a_worker_killed_in_a_metric_box_leaves_no_answers_behind(
    arena: Arena, start: Start, state: Path, tmp_path: Path
) -> None:
    mark = f"mark-{tmp_path.name}"
    metric = FILES["metric/run.py"] + b"\nimport time; time.sleep(2)\n"
    arena.launch(
        metrics=OWN_METRIC.replace('"run.py"', f'"run.py", "{mark}"'),
        files={"metric/run.py": metric},
    )
    (baseline,) = arena.jobs()
    worker = start(SCORING_QUEUES)
    wait_until(lambda: processes(mark))
    assert list((state / "attempts").glob("*/*/input/ref/solution.csv")) != []
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(30)

    start(SCORING_QUEUES)
    wait_until(lambda: arena.jobs()[0].state == JobState.DONE)
    assert arena.jobs()[0].attempts == 2
    submission = arena.submission(baseline.submission_id)
    assert submission.state is SubmissionState.SCORED
    assert [str(each.rounded) for each in submission.public_scores] == ["1.0000"]
