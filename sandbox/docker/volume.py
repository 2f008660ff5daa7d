"""Where a container writes: bounded, its own, and readable once all in it is dead."""

import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from palio.sandbox import collector
from palio.sandbox.collector import Refusal
from palio.sandbox.docker import config, hold, volume_mount
from palio.sandbox.docker.calls import Calls, EngineError
from palio.sandbox.docker.config import Bind
from palio.sandbox.spec import (
    INPUT,
    NOBODY,
    OUTPUT,
    SCRATCH,
    Collected,
    Limits,
    Mount,
    RunName,
    Wanted,
)

HOLDER, OUTPUT_VOLUME, INPUT_VOLUME = ".hold", ".out", ".in"  # after the run's name
SCRATCH_VOLUME = ".tmp"
_INNER = "box"
_EMPTY = "empty"
_OWN_INODES = 3  # root of the mount, and the folders in it


@dataclass(frozen=True, slots=True)
class Ways:
    """What this process and its engine can do together.

    Attributes:
        may_mount: We may mount, and the engine sees it.
        sees_files: The engine sees our folder at the same path, and so, it is taken, all others
            that are to be mounted.

    """

    may_mount: bool
    sees_files: bool


def look(calls: Calls, name: RunName, *, image: str, folder: Path) -> Ways:
    """Find out what is possible, by asking for containers that are never started.

    Args:
        calls: The engine.
        name: For what is made meanwhile.
        image: The one of `hold`.
        folder: Where runs' outputs are to be mounted.

    Raises:
        EngineError: The engine refused for another reason.
        OSError: The folder cannot be written.

    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        least = Limits(seconds=1, memory_bytes=2**20)
        with mounted(str(name), least, (Mount(folder, INPUT),), folder=folder) as output:
            if _sees(calls, name, output.binds[0].source, image=image):
                return Ways(may_mount=True, sees_files=True)
    except OSError:
        pass  # we may not mount
    with tempfile.TemporaryDirectory(prefix=f"{name}.", dir=folder) as unheard_of:
        return Ways(may_mount=False, sees_files=_sees(calls, name, unheard_of, image=image))


def _sees(calls: Calls, name: RunName, path: str, *, image: str) -> bool:
    body = config.holder(image, program=hold.HOLD, binds=(Bind(path, OUTPUT),))
    try:
        calls.remove(calls.create(f"{name}{HOLDER}", body))
    except EngineError as error:
        if error.status == HTTPStatus.BAD_REQUEST:
            return False
        raise
    return True


class Output(Protocol):
    """The `/output` of one run."""

    @property
    def binds(self) -> tuple[Bind, ...]:
        """What the container gets."""
        ...

    def collect(self, wanted: Wanted, *, into: Path) -> Collected | Refusal:
        """Take one file, once every process of the container is dead."""
        ...


class MountedOutput:
    """File systems of ours, bound into the container; those in memory are read by us.

    Of these the container gets a folder inside: an engine that does not see our mount finds no
    such folder and refuses, rather than let the program fill the disk below.
    """

    def __init__(self, folder: Path, inputs: tuple[Bind, ...]) -> None:
        self._output = folder / "output" / _INNER
        scratch = folder / "scratch" / _INNER
        self.binds = (
            Bind(str(self._output), OUTPUT, is_writable=True),
            Bind(str(scratch), SCRATCH, is_writable=True),
            *inputs,
        )

    def collect(self, wanted: Wanted, *, into: Path) -> Collected | Refusal:
        """Take one file; see `collector.collect`."""
        return collector.collect(self._output, wanted, into=into)


@contextmanager
def mounted(
    name: str, limits: Limits, inputs: tuple[Mount, ...], *, folder: Path
) -> Iterator[MountedOutput]:
    """Mount all a run sees below `folder`, named so that the reaper knows it.

    Raises:
        OSError: We may not mount.

    """
    top = folder / name
    top.mkdir(mode=0o700, parents=True)
    sizes = {
        "output": (limits.output_bytes, limits.output_inodes),
        "scratch": (limits.scratch_bytes, limits.scratch_inodes),
    }
    try:
        for part, (size, inodes) in sizes.items():
            place = top / part
            place.mkdir()
            volume_mount.mount_tmpfs(
                place,
                source=name,
                size=size,
                inodes=inodes + _OWN_INODES,
                follows_links=part == "scratch",  # we never read there, and programs need them
            )
            (place / _EMPTY).mkdir()
            (place / _INNER).mkdir()
            (place / _INNER).chmod(0o777 if part == "output" else 0o1777)  # `top` is closed
        yield MountedOutput(top, tuple(_views(name, inputs, top)))
    finally:
        clear_away(top)


def _views(name: str, inputs: tuple[Mount, ...], top: Path) -> Iterator[Bind]:
    for number, mount in enumerate(inputs):
        place, source = top / f"input{number}", mount.source.resolve()
        place.mkdir()
        is_folder = source.is_dir()
        of = source if is_folder else source.parent
        volume_mount.mount_view(place, source=name, of=of, empty=top / "scratch" / _EMPTY)
        yield Bind(str(place if is_folder else place / source.name), mount.target)


def clear_away(top: Path) -> None:
    """Unmount and remove what `mounted` made; fine when it is gone.

    Raises:
        OSError: It cannot be removed.

    """
    with suppress(FileNotFoundError):
        for part in top.iterdir():
            while part.is_mount():
                volume_mount.unmount(part)
        shutil.rmtree(top)  # empty folders by now


def left_behind(prefix: str, *, folder: Path) -> dict[Path, str]:
    """Find what dead workers of ours mounted, also below another folder, or were about to.

    Returns:
        Each place for `clear_away`, with the run's name.

    """
    found = {place.parent: name for place, name in volume_mount.mounts_of(prefix).items()}
    if folder.is_dir():
        found |= {path: path.name for path in folder.iterdir() if path.name.startswith(prefix)}
    return found


class HeldOutput:
    """A volume of the engine, kept alive by a container of ours and read through the engine.

    For whoever may not mount. That a file has two names cannot be seen this way; the other one
    can only be in the same `/output`, so nothing of anybody else's is behind it.
    """

    def __init__(self, calls: Calls, *, holder: str, binds: tuple[Bind, ...]) -> None:
        self._calls, self._holder = calls, holder
        self.binds = binds

    def collect(self, wanted: Wanted, *, into: Path) -> Collected | Refusal:
        """Take one file by the collector's rules."""
        try:
            with self._calls.open_file(self._holder, f"{OUTPUT}/{wanted.name}") as (found, content):
                refusal = collector.judge(found, wanted.most_bytes)
                return refusal or collector.copy(content.read, wanted, into=into)
        except EngineError as error:
            if error.is_missing:
                return Refusal.MISSING
            raise


@contextmanager
def held(
    calls: Calls, name: RunName, limits: Limits, *, image: str, inputs: tuple[Mount, ...]
) -> Iterator[HeldOutput]:
    """Make a run's volumes and their holder.

    Args:
        calls: The engine.
        name: The run's.
        limits: Of the run.
        image: The one of `hold`.
        inputs: What the engine cannot see in our file system, and so gets as copies.

    Raises:
        EngineError: The engine refused.

    """
    shelves = _shelves(inputs)
    options = config.volume_options(limits)
    volumes = [
        Bind(f"{name}{suffix}", target, is_volume=True, is_writable=True)
        for suffix, target in ((OUTPUT_VOLUME, OUTPUT), (SCRATCH_VOLUME, SCRATCH))
    ]
    for number, target in enumerate(shelves):
        volumes.append(Bind(f"{name}{INPUT_VOLUME}{number}", target, is_volume=True))
    try:
        for bind in volumes:
            calls.make_volume(bind.source, options.get(bind.target, {}))
        writable = tuple(replace(bind, is_writable=True) for bind in volumes)
        body = config.holder(image, program=hold.HOLD, binds=writable)
        holder = calls.create(f"{name}{HOLDER}", body)
        calls.start(holder)
        for target, sources in shelves.items():
            _put(calls, holder, target, sources)
        yield HeldOutput(calls, holder=holder, binds=tuple(volumes))
    finally:
        calls.remove(f"{name}{HOLDER}")
        for bind in volumes:
            calls.remove_volume(bind.source)


def _shelves(inputs: tuple[Mount, ...]) -> dict[str, list[tuple[Path, str]]]:
    """Say what goes into which volume: folders have one each, files share that of their folder."""
    shelves: dict[str, list[tuple[Path, str]]] = {}
    for mount in inputs:
        if mount.source.is_dir():
            shelves.setdefault(mount.target, []).append((mount.source, "."))
        else:
            folder, _, name = mount.target.rpartition("/")
            shelves.setdefault(folder, []).append((mount.source, name))
    return shelves


def _put(calls: Calls, holder: str, target: str, sources: list[tuple[Path, str]]) -> None:
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            for source, name in sources:
                tar.add(source, arcname=name)
        file.seek(0)
        calls.put(holder, target, file)


def is_readable_by_nobody(path: Path) -> bool:
    """Tell whether the user in a box may read a file, or enter and read a folder."""
    found = path.stat()
    needed = 0o5 if stat.S_ISDIR(found.st_mode) else 0o4
    shift = 6 if found.st_uid == NOBODY else 0
    return (found.st_mode >> shift) & needed == needed
