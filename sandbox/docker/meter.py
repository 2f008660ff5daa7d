"""Measures what a container used, to its very end: its own control group is gone with it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from palio.sandbox import cgroup
from palio.sandbox.cgroup import Bounds, Group, Groups
from palio.sandbox.spec import Limits

PREFIX = "docker-"  # before the run's name: not to be taken for a group of another backend
_GENEROUS = 4  # this group only measures; the container's own, inside it, is the one that limits


def groups(info: Mapping[str, Any]) -> Groups | None:
    """Find where we may make groups that an engine can put containers into; None: nowhere.

    Args:
        info: Answer of the engine's ``/info``. One with systemd makes its groups its own way.

    """
    if info.get("CgroupDriver") != "cgroupfs" or os.geteuid() != 0:
        return None
    with suppress(cgroup.NoGroupsError, OSError):
        found = cgroup.find()
        if all(_top(base) in {base, base.parent} for base in found.bases.values()):
            return found
    return None


def path_of(group: Group) -> str:
    """Give the path of a group as an engine takes it, from the top of each hierarchy."""
    folder = group.folders["memory"]
    return f"/{folder.relative_to(_top(folder))}"


def _top(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.is_mount())


@contextmanager
def metered(found: Groups, name: str, limits: Limits) -> Iterator[Group]:
    """Make a group around a container; remove it, and what the engine made beside it.

    Raises:
        SandboxError: It cannot be made or removed.

    """
    bounds = Bounds(
        memory_bytes=_GENEROUS * limits.memory_bytes,
        processes=_GENEROUS * limits.processes + 1000,
        cpus=_GENEROUS * limits.cpus,
    )
    group = found.make(f"{PREFIX}{name}", bounds)
    try:
        yield group
    finally:
        clear_away(found, name)


def bound_sockets(group: Group, box: str) -> None:
    """Make the container's own group before its engine does, with `cgroup.bound_sockets`.

    Raises:
        OSError: It cannot be made.

    """
    if group.version.bounds_sockets_apart:
        folder = group.folders["memory"] / box
        folder.mkdir()
        cgroup.bound_sockets(folder)


def clear_away(found: Groups, name: str) -> None:
    """Remove a run's empty groups in every hierarchy; fine when there are none.

    Raises:
        OSError: A process is still in one.

    """
    for folder in _folders(found, f"{PREFIX}{name}"):
        for each in (*folder.glob("*/"), folder):
            with suppress(FileNotFoundError):
                each.rmdir()


def left_behind(found: Groups, prefix: str) -> tuple[str, ...]:
    """Give the names of groups of ours that begin with `prefix`, without `PREFIX`."""
    names = {folder.name for folder in _folders(found, f"{PREFIX}{prefix}*")}
    return tuple(sorted(name.removeprefix(PREFIX) for name in names))


def _folders(found: Groups, pattern: str) -> list[Path]:
    bases = set(found.bases.values())
    if found.label == "v1":  # an engine makes a group in every hierarchy, also those we do not use
        bases |= {path for base in bases for path in base.parent.iterdir() if path.is_dir()}
    return [folder for base in bases for folder in base.glob(pattern)]
