"""What a message starts: each task calls one step and returns nothing."""

import os
import signal
from collections.abc import Callable

from celery import Celery

from palio.pipeline import (
    board_steps,
    draw_steps,
    evidence_steps,
    model_steps,
    opening_steps,
    steps,
)
from palio.pipeline.contracts import Queue, Task

BOX_SECONDS_MAX = 3 * 24 * 3600  # a belt: the boxes' own clocks end runs much sooner


def register(app: Celery, bench: Callable[[], steps.ScoringBench]) -> None:
    """Make a worker with the answers know its tasks; the working process asks for `bench`."""

    def score(job_id: str) -> None:  # noqa: ARG001 (a hint that there is work: the next job is taken)
        steps.score_next(bench(), on_lost=_stop_at_once)

    def metric(job_id: str) -> None:  # noqa: ARG001 (the same)
        steps.score_next(bench(), on_lost=_stop_at_once, queue_name=Queue.METRIC)

    def publish(challenge_id: str) -> None:
        board_steps.publish(bench(), challenge_id)

    def settle(challenge_id: str) -> None:
        draw_steps.work_out(bench(), challenge_id)
        board_steps.settle(bench(), challenge_id)

    def scan(challenge_id: str) -> None:  # noqa: ARG001 (a hint: the oldest scan is taken)
        evidence_steps.scan_next(bench())

    def open_answers(opening_id: str) -> None:
        opening_steps.open_one(bench(), opening_id)

    runs = {
        Task.SCORE: score,
        Task.PUBLISH: publish,
        Task.SETTLE: settle,
        Task.SCAN: scan,
        Task.OPEN: open_answers,
    }
    for name, run in runs.items():
        app.task(name=f"palio.{name}", shared=False)(run)
    app.task(name=f"palio.{Task.METRIC}", shared=False, time_limit=BOX_SECONDS_MAX)(metric)


def register_models(app: Celery, bench: Callable[[], model_steps.ModelBench]) -> None:
    """Make a worker for programs know its one task; the working process asks for `bench`."""

    def model(job_id: str) -> None:  # noqa: ARG001 (a hint that there is work: the next job is taken)
        model_steps.run_next(bench(), on_lost=_stop_at_once)

    app.task(name=f"palio.{Task.MODEL}", shared=False, time_limit=BOX_SECONDS_MAX)(model)


def _stop_at_once() -> None:
    # Somebody else has the job, and a compiled kernel cannot be asked to stop: the process goes,
    # and the pool starts a new one.
    os.kill(os.getpid(), signal.SIGKILL)
