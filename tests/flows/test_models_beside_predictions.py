"""The real server, every process of it: predictions are scored while a model runs for long."""

import multiprocessing
import socket
from collections.abc import Iterator
from multiprocessing.context import SpawnProcess
from pathlib import Path

import psutil
import pytest
from tests.factories import boxed
from tests.factories.arena import MODELS, Arena, make_arena, predictions
from tests.factories.boxed import FILES, processes, slow, wait_until
from tests.factories.models import ABLE

from palio.challenges.contracts import Delivery
from palio.core import db
from palio.core.settings import Settings
from palio.migrations.upgrade import upgrade
from palio.pipeline import sweep, tables
from palio.pipeline.contracts import Queue
from palio.pipeline.supervise import serve
from palio.sandbox.spec import RuntimeRoot
from palio.submissions.contracts import SubmissionState

pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def settings(state: Path, runtime: RuntimeRoot, tmp_path: Path) -> Settings:
    """A laptop with bubblewrap."""
    assert runtime.folder.is_dir()
    offer = boxed.offer("bubblewrap", state=state, site="00c0ffee")
    if offer.sandbox is None:
        pytest.skip(f"no bubblewrap on this machine: {offer.why_not}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Settings(
        data_folder=tmp_path,
        port=port,
        sandbox_backend="bubblewrap",
        sandbox_folder=state,
        worker_processes=1,
        sweep_seconds=0.5,
    )


@pytest.fixture
def arena(settings: Settings) -> Iterator[Arena]:
    engine = db.open_engine(settings.database)
    upgrade(engine, metadata=tables.metadata)
    made = make_arena(engine, settings.data_folder)
    files = {name: content for name, content in FILES.items() if name != "metric/run.py"}
    made.launch(changes=MODELS, files=files)
    sweep.say_alive(made.bench, processes=1, queues=(Queue.MODEL,), abilities=ABLE)
    yield made
    engine.dispose()


@pytest.fixture
def server(settings: Settings, arena: Arena) -> Iterator[SpawnProcess]:
    """`palio serve`; killed at the end, with all it started."""
    assert arena.challenge_id
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(settings,))
    process.start()
    assert process.pid is not None
    yield process
    family = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.join()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


def test_predictions_are_scored_while_a_model_runs_for_long(
    arena: Arena, server: SpawnProcess, tmp_path: Path
) -> None:
    mark = f"mark-{tmp_path.name}"
    model = arena.submit(arena.team("ada"), slow(mark, seconds=600), delivery=Delivery.CODE)
    wait_until(lambda: processes(mark))
    team = arena.team("bob")
    sent = [arena.submit(team, predictions(miss)).submission_id for miss in (0.5, 0.25, 0.125)]
    wait_until(lambda: all(state_of(arena, one) is SubmissionState.SCORED for one in sent))
    assert processes(mark) != []
    assert state_of(arena, model.submission_id) is SubmissionState.RUNNING
    assert server.is_alive()


def state_of(arena: Arena, submission_id: str) -> SubmissionState:
    return arena.submission(submission_id).state
