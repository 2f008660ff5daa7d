"""One worker: processes that score, and the thread that sweeps."""

import logging
import os
import signal
import warnings
from collections.abc import Callable
from functools import lru_cache, partial
from types import FrameType
from typing import Any

from celery import Celery, signals
from celery.platforms import SecurityWarning
from celery.worker import state

from palio.core import db
from palio.core.settings import Settings
from palio.core.storage import LocalStorage
from palio.pipeline import leases, processes, steps, tables, tasks
from palio.pipeline.app import make_app, make_sender
from palio.pipeline.contracts import Queue
from palio.pipeline.sweep import Sweeper
from palio.scoring import read


def run_worker(settings: Settings, *, embedded: bool = False) -> None:
    """Take jobs until asked to stop (SIGTERM or Ctrl-C: jobs under way are finished).

    Args:
        settings: Of this server.
        embedded: Started by `serve`, which upgrades the database and says what happens.

    """
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # Celery warns against root because of pickle; messages here are JSON with one id.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    app = make_app(settings)
    tasks.register(app, lru_cache(maxsize=1)(partial(make_bench, settings, app)))
    sweeper = Sweeper(
        make_bench(settings, app),
        app,
        every_seconds=settings.sweep_seconds,
        quiet_seconds=settings.worker_quiet_seconds,
        processes=settings.worker_processes,
    )
    read.warm_up()  # before the pool forks, so that its processes share the compiled kernel
    _connect_signals(sweeper)
    os.register_at_fork(
        before=sweeper.at_work.acquire,
        after_in_parent=sweeper.at_work.release,
        after_in_child=sweeper.at_work.release,
    )
    worker = _celery_worker(app, processes=settings.worker_processes)
    if not embedded:
        logging.getLogger(__name__).warning("worker %s takes jobs", processes.own_name())
    worker.start()


def make_bench(settings: Settings, app: Celery) -> steps.ScoringBench:
    """Lay out what one process of a worker needs; each process makes its own."""
    assert tables.metadata.tables  # noqa: S101 (imported for foreign keys between folders)
    return steps.make_bench(
        engine=db.open_engine(settings.database),
        send=make_sender(app),
        blobs=LocalStorage(settings.blobs_folder),
        sealed=LocalStorage(settings.sealed_folder),
        terms=leases.Terms(
            lease_seconds=settings.job_lease_seconds, attempts=settings.job_attempts
        ),
        worker=processes.own_name(),
    )


def _celery_worker(app: Celery, *, processes: int) -> Any:  # noqa: ANN401 (Celery has no types)
    return app.Worker(
        pool="prefork",
        concurrency=processes,
        queues=[str(name) for name in Queue],
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
