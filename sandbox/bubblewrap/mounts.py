"""Where each thing a box shows comes from: pure layout, carried out by `launch`."""

import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

from palio.sandbox.bubblewrap.launch import BASE
from palio.sandbox.spec import OUTPUT, SCRATCH, Mount, SandboxError

if TYPE_CHECKING:
    from palio.sandbox.bubblewrap.launch import Overlay

_OURS = ("/proc", "/dev", SCRATCH, OUTPUT)


@dataclass(frozen=True, slots=True)
class Layout:
    """What `launch` mounts below its base, and what bubblewrap shows of it where.

    Attributes:
        overlays: Folders of the host; the first is the root.
        single_files: Files within them, and where they are shown below the base.
        binds: Pairs of what is shown and its place inside the box, outer ones first.

    """

    overlays: "tuple[Overlay, ...]"
    single_files: tuple[tuple[str, str], ...]
    binds: tuple[tuple[str, str], ...]


def lay_out(root: Path, mounts: Iterable[Mount], *, is_reader_a_stranger: bool) -> Layout:
    """Plan a box's file system.

    Each folder goes through an overlay of its own, with a place made in it for whatever is to be
    mounted there, so neither the root nor a mount needs such places.

    Args:
        root: The root's folder.
        mounts: What is shown besides.
        is_reader_a_stranger: The program runs as an account that owns none of the sources.

    Raises:
        SandboxError: A source is missing or closed to others, or a target is taken or no path.

    """
    ordered = sorted(mounts, key=lambda mount: mount.target.count("/"))
    for mount in ordered:
        _check(mount, is_reader_a_stranger=is_reader_a_stranger)
    overlays = [_overlay(root.resolve(), "root")]
    single_files: list[tuple[str, str]] = []
    binds: list[tuple[str, str]] = []
    inside = {PurePosixPath("/"): overlays[0]}
    for ours in _OURS:
        _make_place(inside, ours, kind="folders")
    for number, mount in enumerate(ordered):
        at, source = f"mount{number}", mount.source.resolve(strict=True)
        _make_place(inside, mount.target, kind="folders" if source.is_dir() else "files")
        if source.is_dir():
            overlays.append(_overlay(source, at))
            inside[PurePosixPath(mount.target)] = overlays[-1]
        else:
            overlays.append(_overlay(source.parent, f"beside{number}"))
            single_files.append((f"beside{number}/{source.name}", at))
        binds.append((f"{BASE}/{at}", mount.target))
    return Layout(tuple(overlays), tuple(single_files), tuple(binds))


def _check(mount: Mount, *, is_reader_a_stranger: bool) -> None:
    target = PurePosixPath(mount.target)
    is_plain = str(target) == mount.target and target.root == "/" and ".." not in target.parts
    taken = any(target.is_relative_to(ours) for ours in _OURS)
    if not is_plain or taken or mount.target == "/":
        raise SandboxError(f"Nothing can be shown at {mount.target!r} in a box")
    try:
        mode = mount.source.stat().st_mode
    except OSError as error:
        raise SandboxError(f"{mount.source} cannot be shown in a box: {error}") from error
    needed = stat.S_IROTH | (stat.S_IXOTH if stat.S_ISDIR(mode) else 0)
    if is_reader_a_stranger and mode & needed != needed:
        raise SandboxError(f"{mount.source} is not open to all: the program could not read it")


def _overlay(source: Path, at: str) -> "Overlay":
    return {"source": str(source), "at": at, "folders": [], "files": []}


def _make_place(
    inside: "Mapping[PurePosixPath, Overlay]", target: str, *, kind: Literal["folders", "files"]
) -> None:
    """Have an empty place made for `target`, in the innermost overlay that holds it."""
    path = PurePosixPath(target)
    holder = max((above for above in inside if above in path.parents), key=lambda a: len(a.parts))
    inside[holder][kind].append(str(path.relative_to(holder)))
