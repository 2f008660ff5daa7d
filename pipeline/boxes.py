"""Which box runs what on this machine, and what becomes of what boxes leave behind."""

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Final, Literal

from sqlmodel import Session

from palio.core import db
from palio.core.clock import database_now
from palio.pipeline import leases, packages
from palio.pipeline.bench import ATTEMPTS, Bench, Boxes
from palio.pipeline.contracts import Abilities
from palio.sandbox.bubblewrap import BubblewrapSandbox
from palio.sandbox.engine import DockerSandbox
from palio.sandbox.runtime.build import ensure
from palio.sandbox.spec import Level, Probe, RunName, Sandbox
from palio.submissions import runs

Backend = Literal["bubblewrap", "docker", "gvisor"]
ORDER: Final = tuple(Level)
TRIALS: Final = frozenset({"trial", "probe"})
TRIAL_SECONDS = 120  # a trial of another process of ours is over by then
PRUNE_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings say about boxes.

    Attributes:
        backends: Those to look at.
        code, images: The weakest box that will do.
        folder: Where images, runtimes and unpacked packages are kept.
        socket: Of the Docker engine; empty = the one the machine offers.
        keep_days: Images and packages not used for so long are removed.

    """

    backends: tuple[Backend, ...]
    code: Level
    images: Level
    folder: Path
    socket: str = ""
    keep_days: int = 7


@dataclass(frozen=True, slots=True)
class Choice:
    """Which backend runs what; None where none is strong enough."""

    code: Backend | None
    image: Backend | None
    metric: Backend | None
    abilities: Abilities


NOTHING: Final = Choice(code=None, image=None, metric=None, abilities=Abilities())


def sandbox(backend: Backend, *, wanted: Wanted, site: str) -> Sandbox:
    """Make one backend; nothing is looked at yet."""
    if backend == "bubblewrap":
        return BubblewrapSandbox(wanted.folder, site=site)
    runtime = "runsc" if backend == "gvisor" else ""
    return DockerSandbox(wanted.folder, site=site, socket=wanted.socket, runtime=runtime)


def look(wanted: Wanted, *, site: str, is_metric_only: bool = False) -> Mapping[Backend, Probe]:
    """Try the backends out, each with a small program.

    Args:
        wanted: What the settings say.
        site: Of the installation.
        is_metric_only: Stop at the first that will do for a host's metric: the quickest.

    """
    wanted.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found: dict[Backend, Probe] = {}
    for backend in wanted.backends:
        found[backend] = sandbox(backend, wanted=wanted, site=site).probe()
        if is_metric_only and found[backend].level is not Level.NONE:
            break
    return found


def choose(probes: Mapping[Backend, Probe], *, wanted: Wanted, memory_bytes: int) -> Choice:
    """Say what runs where. Pure.

    Images may hold any program at all, so they get the strongest box there is. Code and metrics
    start from a file system of ours, and get the quickest box that is strong enough: the
    weakest one, of two alike the first looked at.
    """
    strength = {backend: ORDER.index(probe.level) for backend, probe in probes.items()}

    def fitting(least: Level) -> list[Backend]:
        bar = max(ORDER.index(least), ORDER.index(Level.NAMESPACES))
        return sorted((one for one in probes if strength[one] >= bar), key=strength.__getitem__)

    images, code, metric = fitting(wanted.images), fitting(wanted.code), fitting(Level.NAMESPACES)
    choice = Choice(
        code=code[0] if code else None,
        image=images[-1] if images else None,
        metric=metric[0] if metric else None,
        abilities=Abilities(),
    )

    def level(backend: Backend | None) -> Level:
        return Level.NONE if backend is None else probes[backend].level

    missing = [text for probe in probes.values() for text in probe.missing]
    is_whole = all((choice.code, choice.image, choice.metric))
    abilities = Abilities(
        code=level(choice.code),
        image=level(choice.image),
        metric=level(choice.metric),
        memory_bytes=memory_bytes,
        words="" if is_whole else " ".join(missing) or "No sandbox is switched on.",
    )
    return replace(choice, abilities=abilities)


def machine_memory() -> int:
    """Return how many bytes of memory this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def boxes_of(choice: Choice, *, wanted: Wanted, site: str) -> Boxes:
    """Open the chosen backends in this process: connections are not shared with others."""
    opened = cache(lambda backend: sandbox(backend, wanted=wanted, site=site))

    def box(backend: Backend | None) -> Sandbox | None:
        return None if backend is None else opened(backend)

    return Boxes(
        site=site,
        folder=wanted.folder,
        code=box(choice.code),
        image=box(choice.image),
        metric=box(choice.metric),
        abilities=choice.abilities,
        runtime=lambda: ensure(wanted.folder),
    )


class Keeper:
    """Clears away what dead workers of this machine left, and what nobody has used for long.

    Args:
        bench: Of the process that looks; its boxes are looked at.
        keep_days: See `Wanted`.

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
            job_id, fence, _ = path.name.split("-", 2)
            if not self._is_held(job_id, int(fence)):
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
        """Once an hour, remove images and packages that were not used for long."""
        boxes = self._bench.boxes()
        if boxes is None or time.monotonic() < self._pruned_at + PRUNE_SECONDS:
            return
        self._pruned_at = time.monotonic()
        with db.reading(self._bench.engine) as session:
            keep = self._images_in_use(session)
        for box in boxes.all:
            box.prune_images(keep=keep)
        packages.forget(boxes.folder, days=self._keep_days)

    def _images_in_use(self, session: Session) -> frozenset[str]:
        since = database_now(session) - timedelta(days=self._keep_days)
        return runs.images_in_use(session, since=since)
