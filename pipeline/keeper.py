"""Clears away what boxes leave behind on a machine: after dead workers, and after long disuse."""

import re
import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlmodel import Session

from palio.core import db
from palio.core.clock import database_now
from palio.pipeline import leases, packages
from palio.pipeline.bench import ATTEMPTS, Bench
from palio.sandbox.runtime import build
from palio.sandbox.spec import RunName
from palio.submissions import runs

TRIALS: Final = frozenset({"trial", "probe"})
TRIAL_SECONDS = 120  # a trial of another process of ours is over by then
PRUNE_SECONDS = 3600
_ATTEMPT = re.compile(r"(?P<job>[0-9a-f]+)-(?P<fence>\d+)-.*")  # see `attempt_folder`


class Keeper:
    """Clears away what dead workers of this machine left, and what nobody has used for long.

    Args:
        bench: Of the process that looks; its boxes are looked at.
        keep_days: Images, packages and runtimes not used for so long are removed.

    """

    def __init__(self, bench: Bench, *, keep_days: int) -> None:
        self._bench = bench
        self._keep_days = keep_days
        self._trials: dict[str, float] = {}
        self._pruned_at = -float(PRUNE_SECONDS)

    def reap(self) -> tuple[str, ...]:
        """Remove the boxes of jobs that nobody holds any more; return their names."""
        boxes = self._bench.boxes()
        found: set[str] = set()
        for box in () if boxes is None else boxes.all:
            found.update(box.reap(is_live=self._is_live))
        if boxes is not None:
            self._clear_attempts(boxes.folder / ATTEMPTS)
        return tuple(sorted(found))

    def _clear_attempts(self, folder: Path) -> None:
        """Remove what killed processes left: programs, and answers on their way to a metric."""
        for path in folder.glob("*"):
            name = _ATTEMPT.fullmatch(path.name)  # what others put there is left alone
            if name and not self._is_held(name["job"], int(name["fence"])):
                shutil.rmtree(path, ignore_errors=True)

    def _is_live(self, name: RunName) -> bool:
        if name.box in TRIALS:  # of a probe: no job stands behind it, and it is over soon
            first_seen = self._trials.setdefault(str(name), time.monotonic())
            return time.monotonic() < first_seen + TRIAL_SECONDS
        return self._is_held(name.job, name.fence)

    def _is_held(self, job_id: str, fence: int) -> bool:
        with db.reading(self._bench.engine) as session:
            now = database_now(session)
            return leases.is_held(session, job_id=job_id, fence=fence, now=now)

    def prune(self) -> None:
        """Once an hour, remove images, packages and runtimes that were not used for long."""
        boxes = self._bench.boxes()
        if boxes is None or time.monotonic() < self._pruned_at + PRUNE_SECONDS:
            return
        self._pruned_at = time.monotonic()
        with db.reading(self._bench.engine) as session:
            keep = self._images_in_use(session)
        for box in boxes.all:
            box.prune_images(keep=keep)
        packages.forget(boxes.folder, days=self._keep_days)
        build.forget(boxes.folder, days=self._keep_days)

    def _images_in_use(self, session: Session) -> frozenset[str]:
        since = database_now(session) - timedelta(days=self._keep_days)
        return runs.images_in_use(session, since=since)
