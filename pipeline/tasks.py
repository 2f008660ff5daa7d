"""What a message starts: each task calls one step and returns nothing."""

import os
import signal
from collections.abc import Callable

from celery import Celery

from palio.pipeline import board_steps, steps
from palio.pipeline.contracts import Task


def register(app: Celery, bench: Callable[[], steps.ScoringBench]) -> None:
    """Make the worker's application know its tasks; `bench` is asked in the working process."""

    def score(job_id: str) -> None:  # noqa: ARG001 (a hint that there is work: the next job is taken)
        steps.score_next(bench(), on_lost=_stop_at_once)

    def publish(challenge_id: str) -> None:
        board_steps.publish(bench(), challenge_id)

    def settle(challenge_id: str) -> None:
        board_steps.settle(bench(), challenge_id)

    for name, run in ((Task.SCORE, score), (Task.PUBLISH, publish), (Task.SETTLE, settle)):
        app.task(name=f"palio.{name}", shared=False)(run)


def _stop_at_once() -> None:
    # Somebody else has the job, and a compiled kernel cannot be asked to stop: the process goes,
    # and the pool starts a new one.
    os.kill(os.getpid(), signal.SIGKILL)
