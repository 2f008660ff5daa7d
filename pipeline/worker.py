"""One worker: processes that score or run programs, and the thread that sweeps."""

import logging
import os
import signal
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from types import FrameType
from typing import Any, Final

from celery import Celery, signals
from celery.platforms import SecurityWarning
from celery.worker import state

from palio.core import checkpoints, db
from palio.core.settings import Settings
from palio.core.storage import LocalStorage
from palio.pipeline import (
    boxes,
    checkpoint_steps,
    leases,
    model_steps,
    processes,
    steps,
    tables,
    tasks,
)
from palio.pipeline.app import make_app, make_sender
from palio.pipeline.bench import Bench, Boxes, no_boxes
from palio.pipeline.contracts import Abilities, Queue
from palio.pipeline.keeper import Keeper
from palio.pipeline.runtime_maker import RuntimeMaker, is_needed
from palio.pipeline.site import site_of
from palio.pipeline.sweep import Duties, Sweeper
from palio.sandbox.choose import Backend, Need, Policy
from palio.sandbox.spec import Level
from palio.scoring import read

SCORING_QUEUES = (Queue.SCORE, Queue.METRIC, Queue.BOARD)
MODEL_QUEUES = (Queue.MODEL,)
BACKENDS: Final[Mapping[str, tuple[Backend, ...]]] = {
    "auto": tuple(Backend),
    "docker": (Backend.DOCKER, Backend.GVISOR),
    "bubblewrap": (Backend.BUBBLEWRAP,),
    "none": (),
}
EXIT_NO_BOX = 69  # EX_UNAVAILABLE of sysexits.h: starting it again would change nothing

ANSWERS_WORDS: Final = "this account can read the answers, so no team's program should run as it"
ANSWERS_WAY_OUT: Final = (
    "Run `palio worker --queues model` as another account, better on another machine."
)

FindBoxes = Callable[[], Boxes | None]

_log = logging.getLogger(__name__)


def run_worker(
    settings: Settings, *, embedded: bool = False, queues: tuple[Queue, ...] = SCORING_QUEUES
) -> None:
    """Take jobs until asked to stop (SIGTERM or Ctrl-C: jobs under way are finished).

    Args:
        settings: Of this server.
        embedded: Started by `supervise`, which upgrades the database and says what happens.
        queues: What to take. MODEL goes alone: other jobs would wait behind it, and its processes
            are to know no answers.

    Raises:
        SystemExit: EXIT_NO_BOX when programs are to be run and no sandbox is strong enough.

    """
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Celery warns against root because of pickle; messages here are JSON with one id.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    app = make_app(settings)
    is_model = Queue.MODEL in queues
    count = settings.model_processes if is_model else settings.worker_processes
    # Before the pool forks, so that its processes share what was found and compiled.
    choice = _choice(settings, queues)
    if is_model:
        _check(choice)
        if may_meet_answers(settings):
            _log.warning("%s (%s). %s", ANSWERS_WORDS, settings.sealed_folder, ANSWERS_WAY_OUT)
        tasks.register_models(
            app, lru_cache(maxsize=1)(partial(_model_bench, settings, app, choice))
        )
    else:
        tasks.register(app, lru_cache(maxsize=1)(partial(_bench, settings, app, choice)))
        read.warm_up()
    sweeper = _sweeper(settings, app, choice, queues=queues, count=count)
    _connect_signals(sweeper)
    os.register_at_fork(
        before=sweeper.at_work.acquire,
        after_in_parent=sweeper.at_work.release,
        after_in_child=sweeper.at_work.release,
    )
    worker = _celery_worker(app, processes=count, queues=queues)
    if not embedded:
        _log.warning("worker %s takes jobs: %s", processes.own_name(), ", ".join(queues))
    worker.start()


def may_meet_answers(settings: Settings) -> bool:
    """Tell whether this account could read answers, where a real challenge is at stake.

    Not refused: on one machine root reads everything, and a small host may have no second one.
    """
    if settings.environment != "production":
        return False
    folder = settings.sealed_folder
    return os.access(folder, os.R_OK | os.X_OK) and any(folder.iterdir())


def wanted_boxes(settings: Settings) -> boxes.Wanted:
    """Return what the settings say about boxes."""
    return boxes.Wanted(
        policy=Policy(
            backends=BACKENDS[settings.sandbox_backend],
            least_for_code=Level(settings.sandbox_level_code),
            least_for_images=Level(settings.sandbox_level_images),
        ),
        folder=settings.boxes_folder,
        socket=str(settings.sandbox_docker_socket or ""),
    )


def _choice(settings: Settings, queues: tuple[Queue, ...]) -> boxes.Choice:
    """Try out what the machine offers; nothing where only predictions are scored."""
    if Queue.MODEL not in queues and Queue.METRIC not in queues:
        return boxes.NOTHING
    wanted = wanted_boxes(settings)
    if not wanted.policy.backends:
        return boxes.NOTHING
    needs = (Need.CODE, Need.IMAGE) if Queue.MODEL in queues else (Need.METRIC,)
    probes = boxes.look(wanted, site=_site(settings), needs=needs)
    memory = boxes.machine_memory()
    return boxes.choice_of(probes, policy=wanted.policy, memory_bytes=memory)


def _check(choice: boxes.Choice) -> None:
    if choice.code is None and choice.image is None:
        words = choice.abilities.words or "PALIO_SANDBOX_BACKEND is none"
        _log.warning("code and container images are not taken: %s", words)
        raise SystemExit(EXIT_NO_BOX)


def _site(settings: Settings) -> str:
    assert tables.metadata.tables  # noqa: S101 (imported for foreign keys between folders)
    engine = db.open_engine(settings.database)
    try:
        return site_of(engine)
    finally:
        engine.dispose()


def _find_boxes(settings: Settings, choice: boxes.Choice) -> FindBoxes:
    """Open the chosen boxes at the first call, in the process that calls."""
    if choice == boxes.NOTHING:
        return no_boxes
    wanted = wanted_boxes(settings)
    return lru_cache(maxsize=1)(lambda: boxes.boxes_of(choice, wanted=wanted, site=_site(settings)))


def make_bench(
    settings: Settings, app: Celery, *, find_boxes: FindBoxes = no_boxes
) -> steps.ScoringBench:
    """Lay out what one process of a scoring worker needs; each process makes its own."""
    assert tables.metadata.tables  # noqa: S101 (imported for foreign keys between folders)
    return steps.make_bench(
        engine=db.open_engine(settings.database),
        send=make_sender(app),
        blobs=LocalStorage(settings.blobs_folder),
        sealed=LocalStorage(settings.sealed_folder),
        terms=_terms(settings),
        worker=processes.own_name(),
        boxes=find_boxes,
    )


def _bench(settings: Settings, app: Celery, choice: boxes.Choice) -> steps.ScoringBench:
    return make_bench(settings, app, find_boxes=_find_boxes(settings, choice))


def _model_bench(settings: Settings, app: Celery, choice: boxes.Choice) -> model_steps.ModelBench:
    """Lay out what one process for programs needs; the folder of answers is never named here."""
    return model_steps.ModelBench(
        engine=db.open_engine(settings.database),
        send=make_sender(app),
        blobs=LocalStorage(settings.blobs_folder, reserve=settings.storage_reserve),
        hidden=LocalStorage(settings.hidden_folder),
        terms=_terms(settings),
        worker=processes.own_name(),
        boxes=_find_boxes(settings, choice),
    )


def _terms(settings: Settings) -> leases.Terms:
    return leases.Terms(lease_seconds=settings.job_lease_seconds, attempts=settings.job_attempts)


def _sweeper(
    settings: Settings,
    app: Celery,
    choice: boxes.Choice,
    *,
    queues: tuple[Queue, ...],
    count: int,
) -> Sweeper:
    bench = Bench(
        engine=db.open_engine(settings.database),
        send=make_sender(app),
        blobs=LocalStorage(settings.blobs_folder),
        terms=_terms(settings),
        worker=processes.own_name(),
        boxes=_find_boxes(settings, choice),
    )
    keeper = Keeper(bench, keep_days=settings.sandbox_keep_days)
    maker = RuntimeMaker(settings.boxes_folder, wheels=settings.sandbox_wheels_folder)

    def make_runtime() -> None:
        with db.reading(bench.engine) as session:
            is_wanted = is_needed(session)
        if is_wanted:
            maker.make()

    def abilities() -> Abilities:
        if choice.code is None or maker.is_ready:
            return choice.abilities
        words = "The Python that code runs in is not made yet."
        return replace(choice.abilities, code=Level.NONE, words=words)

    def sign_log() -> None:
        signer = checkpoints.key_if_there(settings.signing_key)
        if signer is not None:
            checkpoint_steps.sign(bench, signer)

    duties = Duties(
        every_seconds=settings.sweep_seconds,
        quiet_seconds=settings.worker_quiet_seconds,
        processes=count,
        queues=queues,
        abilities=abilities,
        on_machine=(
            sign_log,
            *(() if choice == boxes.NOTHING else (keeper.reap, keeper.prune, make_runtime)),
        ),
    )
    return Sweeper(bench, app, duties=duties)


def _celery_worker(app: Celery, *, processes: int, queues: tuple[Queue, ...]) -> Any:  # noqa: ANN401 (Celery has no types)
    return app.Worker(
        pool="prefork",
        concurrency=processes,
        queues=[str(name) for name in queues],
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )


def _connect_signals(sweeper: Sweeper) -> None:
    parent = os.getpid()

    def forked(**_: object) -> None:
        processes.die_with_parent(signal.SIGKILL, parent=parent)

    def connect(to: Any, run: Callable[..., object]) -> None:  # noqa: ANN401 (Celery has no types)
        to.connect(lambda **_: run(), weak=False)

    connect(signals.worker_process_init, forked)
    connect(signals.worker_ready, sweeper.start)
    connect(signals.worker_ready, _stop_quietly)
    connect(signals.worker_shutdown, sweeper.stop)
    connect(signals.setup_logging, lambda: None)  # ours stands already


def _stop_quietly() -> None:
    """Stop as Celery's own handlers do, without their lines on the standard output."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        state.should_stop = os.EX_OK

    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, stop)
