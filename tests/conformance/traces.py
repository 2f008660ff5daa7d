"""What runs of one site left on this machine: everything a run must clear away."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
from docker.errors import DockerException

_PLACES = (Path("/tmp"), Path("/run"), Path("/var/tmp"), Path("/dev/shm"))  # noqa: S108 (searched)
_CGROUPS = Path("/sys/fs/cgroup")
_DEPTH = 4


def processes(mark: str) -> list[int]:
    """Return the processes whose environment holds `mark`, wherever they are."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue  # gone, or not ours to read
            if mark.encode() in environment:
                found.append(int(entry.name))
    return found


def children() -> set[int]:
    """Return the direct children of this process, dead ones not waited for among them."""
    found: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(word) for word in (task / "children").read_text(encoding="ascii").split()}
    return found


def descriptors() -> tuple[int, int]:
    """Count what this process holds open: files, pipes and folders; and sockets."""
    held = [_target(path) for path in Path("/proc/self/fd").iterdir()]
    sockets = sum(target.startswith("socket:") for target in held)
    return len(held) - sockets, sockets


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""  # the look itself


def of(site: str, *, mark: str, state: Path) -> list[str]:
    """Return every trace of runs of `site`: an empty list is what all tests want."""
    name = f"palio-{site}"
    found = [f"process {pid}" for pid in processes(mark)]
    found += [f"mount {line}" for line in _mounts() if name in line]
    found += [f"cgroup {path}" for path in _folders(_CGROUPS, lambda n: name in n, depth=6)]
    for place in (*_PLACES, state):
        found += [f"folder {path}" for path in _folders(place, lambda n: name in n, depth=_DEPTH)]
    return found + _engine(name)


def room() -> dict[str, tuple[int, int]]:
    """Return free bytes and inodes of every place a run may touch."""
    free = {}
    for place in ("/", "/tmp", "/dev/shm", "/var/lib/docker", "/run"):  # noqa: S108 (looked at)
        if Path(place).is_dir():
            now = os.statvfs(place)
            free[place] = (now.f_bavail * now.f_frsize, now.f_favail)
    return free


def _mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()


def _folders(top: Path, fits: Callable[[str], bool], *, depth: int) -> Iterator[Path]:
    for folder, folders, files in os.walk(top):
        if len(Path(folder).relative_to(top).parts) >= depth:
            folders.clear()
        for found in (*folders, *files):
            if fits(found):
                yield Path(folder) / found


def _engine(name: str) -> list[str]:
    try:
        client = docker.from_env(timeout=30)
    except DockerException:
        return []
    try:
        boxes = [box["Names"][0] for box in client.api.containers(all=True)]
        volumes = [volume["Name"] for volume in client.api.volumes()["Volumes"] or []]
        networks = [network["Name"] for network in client.api.networks()]
    finally:
        client.close()
    kinds = {"container": boxes, "volume": volumes, "network": networks}
    return [f"{kind} {n}" for kind, names in kinds.items() for n in names if name in n]
