"""Control groups: the only bound on what all processes of a box use together, on v1 and v2."""

import contextlib
import errno
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from palio.sandbox import cgroup_mounts, user_systemd
from palio.sandbox.cgroup_mounts import Mount
from palio.sandbox.spec import RunName, SandboxError

NEEDED = ("memory", "pids")  # without these two no untrusted program is started
WORKER_LEAF = "palio-worker"  # v2: where our own processes go, for groups hold either or
RUNS = "palio"  # v2: what holds the groups of all runs; it stays, empty
_PERIOD_MICROSECONDS = 100_000
_KILL_SECONDS = 10.0
_PAUSE_SECONDS = 0.002
_SOCKET_BYTES = 2**24
_LOOKS = 3
DELEGATE_HINT = (
    "run as root, or in a group of your own: systemd-run --user --scope -p Delegate=yes COMMAND"
)


class NoGroupsError(SandboxError):
    """Neither this user nor this machine can make the groups a box needs; says what to do."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one group: bytes of memory (no swap on top), tasks, cores' worth of time."""

    memory_bytes: int
    processes: int
    cpus: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What a group has used; zeros where the kernel cannot tell."""

    peak_memory_bytes: int
    cpu_seconds: float
    memory_kills: int


class Version(Protocol):
    """The files in which v1 and v2 differ.

    Attributes:
        bounds_sockets_apart: Buffers of sockets are no memory; see `bound_sockets`.

    """

    bounds_sockets_apart: bool

    def limit(self, folders: Mapping[str, Path], bounds: Bounds) -> None:
        """Write the limits of a fresh group."""
        ...

    def usage(self, folders: Mapping[str, Path]) -> Usage:
        """Read what the group has used."""
        ...


class _V1:
    bounds_sockets_apart = True

    def limit(self, folders: Mapping[str, Path], bounds: Bounds) -> None:
        memory, most = folders["memory"], str(bounds.memory_bytes)
        _write(memory / "memory.limit_in_bytes", most)
        _write_if_there(memory / "memory.memsw.limit_in_bytes", most)  # not there: swap not counted
        _write_if_there(memory / "memory.swappiness", "0")
        bound_sockets(memory)
        _write(folders["pids"] / "pids.max", str(bounds.processes))
        if "cpu" in folders:
            _write(folders["cpu"] / "cpu.cfs_period_us", str(_PERIOD_MICROSECONDS))
            _write(folders["cpu"] / "cpu.cfs_quota_us", str(_quota(bounds)))

    def usage(self, folders: Mapping[str, Path]) -> Usage:
        memory = folders["memory"]
        nanoseconds = _number(folders["cpuacct"] / "cpuacct.usage") if "cpuacct" in folders else 0
        return Usage(
            peak_memory_bytes=_number(memory / "memory.max_usage_in_bytes"),
            cpu_seconds=nanoseconds / 1e9,
            memory_kills=_field(memory / "memory.oom_control", "oom_kill"),
        )


class _V2:
    bounds_sockets_apart = False

    def limit(self, folders: Mapping[str, Path], bounds: Bounds) -> None:
        folder = folders["memory"]
        _write(folder / "memory.max", str(bounds.memory_bytes))
        _write_if_there(folder / "memory.swap.max", "0")  # not there: a kernel without swap
        _write(folder / "pids.max", str(bounds.processes))
        if "cpu" in folders:
            _write(folder / "cpu.max", f"{_quota(bounds)} {_PERIOD_MICROSECONDS}")

    def usage(self, folders: Mapping[str, Path]) -> Usage:
        folder = folders["memory"]
        return Usage(
            peak_memory_bytes=_number(folder / "memory.peak"),  # Linux 5.19 and later
            cpu_seconds=_field(folder / "cpu.stat", "usage_usec") / 1e6,
            memory_kills=_field(folder / "memory.events", "oom_kill"),
        )


@dataclass(frozen=True, slots=True)
class Group:
    """One group, in every hierarchy it needs.

    Attributes:
        folders: Folder for each controller; on v2 the same one for all.

    """

    name: str
    folders: Mapping[str, Path]
    version: Version

    def joins(self) -> tuple[Path, ...]:
        """Give the files a process writes ``0`` to in order to join."""
        return tuple(folder / "cgroup.procs" for folder in self._distinct())

    def usage(self) -> Usage:
        """Read what all its processes, also dead ones, have used together."""
        return self.version.usage(self.folders)

    def kill(self) -> None:
        """Kill every process in it, again and again until none is left.

        Raises:
            SandboxError: Some are left after ten seconds.

        """
        for _ in _tries(f"the processes of {self.name} do not die"):
            pids = {pid for folder in self._distinct() for pid in _pids(folder)}
            if not pids:
                return
            _write_if_there(self.folders["pids"] / "cgroup.kill", "1")  # v2, Linux 5.14
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def remove(self) -> None:
        """Remove it; it must be empty.

        Raises:
            SandboxError: The kernel still holds it after ten seconds.

        """
        for _ in _tries(f"the control group {self.name} cannot be removed"):
            if all(_is_removed(folder) for folder in self._distinct()):
                return

    def _distinct(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(self.folders.values()))


@dataclass(frozen=True, slots=True)
class Groups:
    """Where this process may make groups.

    Attributes:
        label: ``v1`` or ``v2``, for the operator.
        bases: For each controller at hand, the folder in which ours are made.

    """

    label: str
    bases: Mapping[str, Path]
    version: Version

    def make(self, name: str, bounds: Bounds) -> Group:
        """Make a group with its limits set.

        Raises:
            SandboxError: One of that name exists, or the kernel refuses.

        """
        group = self._group(name)
        made: list[Path] = []
        try:
            for folder in dict.fromkeys(group.folders.values()):
                folder.mkdir()
                made.append(folder)
            self.version.limit(group.folders, bounds)
        except OSError as error:
            for folder in made:
                folder.rmdir()
            raise SandboxError(f"The control group {name} cannot be made: {error}") from error
        return group

    def left(self) -> tuple[Group, ...]:
        """Find every group here that bears a run's name, complete or not."""
        names = {
            path.name
            for base in set(self.bases.values())
            for path in base.iterdir()
            if RunName.parse(path.name)
        }
        return tuple(self._group(name) for name in sorted(names))

    def _group(self, name: str) -> Group:
        folders = {controller: base / name for controller, base in self.bases.items()}
        return Group(name=name, folders=folders, version=self.version)


def find(
    proc: Path = Path("/proc/self"), *, is_delegated: Callable[[str], bool] | None = None
) -> Groups:
    """Find where groups can be made, v2 first; on v2 make ready what has to be.

    Args:
        proc: Holds ``mountinfo`` and ``cgroup`` of this process.
        is_delegated: Tells whether a unit of the user's own systemd leaves its group to us.

    Raises:
        NoGroupsError: Nowhere.

    """
    mounts = list(cgroup_mounts.read((proc / "mountinfo").read_text()))
    own = cgroup_mounts.own_paths((proc / "cgroup").read_text())
    for mount in mounts:
        if mount.kind == "cgroup2" and _has_needed(_words(mount.point / "cgroup.controllers")):
            return _find_v2(mount, own.get("", "/"), is_delegated or user_systemd.is_delegated)
    return _find_v1([mount for mount in mounts if mount.kind == "cgroup"], own)


def _has_needed(controllers: tuple[str, ...]) -> bool:
    return set(NEEDED) <= set(controllers)


def _find_v1(mounts: list[Mount], own: Mapping[str, str]) -> Groups:
    bases: dict[str, Path] = {}
    for controller in (*NEEDED, "cpu", "cpuacct"):
        # At the top where we may: then a reaper finds them wherever it runs itself.
        here = [mount for mount in mounts if controller in mount.options]
        places = [mount.point for mount in here]
        places += [mount.folder(own.get(controller, "/")) for mount in here]
        writable = [place for place in places if os.access(place, os.W_OK)]
        if writable:
            bases[controller] = writable[0]
    if not _has_needed(tuple(bases)):
        raise NoGroupsError(f"no control groups can be made here: {DELEGATE_HINT}")
    return Groups(label="v1", bases=bases, version=_V1())


def _find_v2(mount: Mount, own_path: str, is_delegated: Callable[[str], bool]) -> Groups:
    own = mount.folder(own_path)
    is_whole = not (mount.point / "cgroup.type").exists()  # the very root has none
    base = own.parent if own.name == WORKER_LEAF else own
    if is_whole and os.access(mount.point, os.W_OK):
        base = mount.point
    if not os.access(base, os.W_OK):
        raise NoGroupsError(f"the control group {base} is not yours: {DELEGATE_HINT}")
    unit = user_systemd.unit_of(base)
    if unit and not is_delegated(unit):
        # One may write there, but systemd resets the limits, and ends the whole unit, and so a
        # worker, when a box in it runs out of memory.
        raise NoGroupsError(f"systemd keeps the control group of {unit} to itself: {DELEGATE_HINT}")
    at_hand = _words(base / "cgroup.controllers")
    if not _has_needed(at_hand):
        raise NoGroupsError(f"the control group {base} lacks memory or pids: {DELEGATE_HINT}")
    wanted = tuple(name for name in (*NEEDED, "cpu") if name in at_hand)
    # The group between holds what `base` hands down: a kernel takes back no controller that a
    # group within hands down in turn. systemd tries to, and running boxes would lose their limits.
    runs = base / RUNS
    try:
        _hand_down(base, wanted, is_whole=base == mount.point and is_whole)
        runs.mkdir(exist_ok=True)
        _hand_down(runs, wanted, is_whole=False)
    except OSError as error:
        raise NoGroupsError(f"{base} cannot be divided ({error}): {DELEGATE_HINT}") from error
    return Groups(label="v2", bases=dict.fromkeys(wanted, runs), version=_V2())


def _hand_down(base: Path, controllers: tuple[str, ...], *, is_whole: bool) -> None:
    """Let groups in `base` have limits; a group other than the root must hold no process then."""
    if set(controllers) <= set(_words(base / "cgroup.subtree_control")):
        return
    if not is_whole:
        _empty(base)
    _write(base / "cgroup.subtree_control", " ".join(f"+{name}" for name in controllers))


def _empty(base: Path) -> None:
    """Move its processes to a leaf; look again for those they started meanwhile."""
    for pid in (pid for _ in range(_LOOKS) for pid in _pids(base)):
        (base / WORKER_LEAF).mkdir(exist_ok=True)
        with contextlib.suppress(ProcessLookupError):
            _write(base / WORKER_LEAF / "cgroup.procs", str(pid))


def bound_sockets(folder: Path) -> None:
    """Bound what waits in TCP and UDP sockets, in a fresh memory group of v1.

    On v2 that is memory as any other. On v1 it is counted only where it has a limit of its own,
    and then each socket still gets some 40 KiB; groups within do not inherit it.
    """
    _write_if_there(folder / "memory.kmem.tcp.limit_in_bytes", str(_SOCKET_BYTES))


def _quota(bounds: Bounds) -> int:
    return max(1000, round(bounds.cpus * _PERIOD_MICROSECONDS))  # the kernel takes no less


def _tries(failure: str) -> Iterator[None]:
    end = time.monotonic() + _KILL_SECONDS
    while time.monotonic() < end:
        yield
        time.sleep(_PAUSE_SECONDS)
    raise SandboxError(failure[0].upper() + failure[1:])


def _is_removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno == errno.EBUSY:
            return False
        raise SandboxError(f"{folder} cannot be removed: {error}") from error
    return True


def _write(file: Path, text: str) -> None:
    control = os.open(file, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)  # there, or never made
    try:
        os.write(control, text.encode())
    finally:
        os.close(control)


def _write_if_there(file: Path, text: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        _write(file, text)


def _gone_is(default: str, read: Callable[[], str]) -> str:
    try:
        return read()
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENODEV}:
            return default
        raise


def _words(file: Path) -> tuple[str, ...]:
    return tuple(_gone_is("", file.read_text).split())


def _number(file: Path) -> int:
    return int(_gone_is("0", file.read_text))


def _field(file: Path, name: str) -> int:
    rows = (line.split() for line in _gone_is("", file.read_text).splitlines())
    return next((int(row[1]) for row in rows if row[0] == name), 0)


def _pids(folder: Path) -> list[int]:
    return [int(word) for word in _words(folder / "cgroup.procs")]
