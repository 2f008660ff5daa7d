"""Makes the Python that code and metrics run in, before the first of them comes."""

import logging
import multiprocessing
import time
from multiprocessing.context import SpawnProcess
from pathlib import Path

from sqlmodel import Session

from palio.challenges import queries as challenges
from palio.challenges.contracts import ChallengeState, Delivery
from palio.sandbox.runtime import build
from palio.sandbox.runtime.packages import RuntimeBuildError

AGAIN_SECONDS = 600  # after a failure, such as a package index that does not answer

_log = logging.getLogger(__name__)


def is_needed(session: Session) -> bool:
    """Tell whether a challenge that takes submissions, or will, needs it."""
    return any(
        Delivery.CODE in plan.deliveries or plan.own_metric is not None
        for state in (ChallengeState.SCHEDULED, ChallengeState.OPEN)
        for challenge_id in challenges.ids_in_state(session, state)
        for plan in (challenges.by_id(session, challenge_id).plan,)
    )


class RuntimeMaker:
    """Makes it in a process of its own, once.

    Args:
        folder: Our folder for boxes.
        wheels: Folder of wheels, for machines without network.

    """

    def __init__(self, folder: Path, *, wheels: Path | None) -> None:
        self._folder, self._wheels = folder, wheels
        self._process: SpawnProcess | None = None
        self._again_at = 0.0

    @property
    def is_ready(self) -> bool:
        """It is there."""
        return build.find(self._folder) is not None

    def make(self) -> None:
        """Begin to make it unless it is there, being made, or failed a moment ago."""
        if self._process is not None and self._process.is_alive():
            return
        if self.is_ready or time.monotonic() < self._again_at:
            return
        self._again_at = time.monotonic() + AGAIN_SECONDS
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(
            target=_make, args=(self._folder, self._wheels), name="runtime", daemon=True
        )
        self._process.start()


def _make(folder: Path, wheels: Path | None) -> None:
    try:
        build.ensure(folder, wheels=wheels)
    except (RuntimeBuildError, OSError) as error:
        _log.error("the Python for code and metrics cannot be made: %s", error)
