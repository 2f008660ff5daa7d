"""Turn a run's spec into the launcher's plan: every option of bubblewrap is decided here."""

import os
import resource
import time
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from palio.sandbox import hidden, seccomp
from palio.sandbox.bubblewrap import launch, mounts
from palio.sandbox.bubblewrap.program import Program
from palio.sandbox.cgroup import Bounds, Group
from palio.sandbox.spec import NOBODY, SCRATCH, Limits, RunSpec, SandboxError

if TYPE_CHECKING:
    from palio.sandbox.bubblewrap.launch import Plan

ENVIRONMENT = {
    "HOME": SCRATCH,
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}
_OWN_TASKS = 2  # bubblewrap itself, outside and as the box's first process
_OPEN_FILES = 1024
# Accounts that Linux distributions and systemd leave alone, one for each run.
_FIRST_UID, _UIDS = 1_900_000_000, 100_000_000

_ALWAYS = (
    f"--unshare-user --uid {NOBODY} --gid {NOBODY} --unshare-pid --unshare-net --unshare-ipc "
    "--unshare-uts --unshare-cgroup --disable-userns --hostname sandbox --die-with-parent "
    "--new-session --cap-drop ALL --clearenv"
)
_ROOT = "--ro-bind {base}/root / --proc /proc --dev /dev --bind {base}/scratch/shm /dev/shm "
_REST = (
    "--ro-bind /proc/sys /proc/sys --remount-ro /dev "
    "--bind {base}/scratch/tmp /tmp --bind {base}/output /output"
)


def bounds(limits: Limits) -> Bounds:
    """Give the limits of the control group."""
    return Bounds(limits.memory_bytes, limits.processes + _OWN_TASKS, limits.cpus)


def own_uid(name: str) -> int:
    """Give the account of a run: its own, when we may become it, else 0.

    Never the same for two runs of one name: the kernel still counts the last one's dead processes
    for a moment. Two runs at once have the same one in a hundred million cases; they would share
    nothing but that count.
    """
    if os.geteuid() != 0:
        return 0
    uid = _FIRST_UID + zlib.crc32(f"{name} {time.monotonic_ns()}".encode()) % _UIDS
    ranges = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    starts = (tuple(map(int, line.split())) for line in ranges)
    return uid if any(first <= uid < first + count for first, _, count in starts) else 0


def plan(spec: RunSpec, root: Path, *, program: Program, group: Group) -> "Plan":
    """Say what the launcher has to do.

    Raises:
        SandboxError: Something the spec wants to show cannot be shown.

    """
    uid, limits = own_uid(str(spec.name)), spec.limits
    layout = mounts.lay_out(root, spec.mounts, is_reader_a_stranger=uid != 0)
    overlays = list(layout.overlays)
    if program.shelter:
        overlays.append({"source": str(program.shelter), "at": "tool", "folders": [], "files": []})
    return {
        "parent": os.getpid(),
        "program": program.start,
        "uid": uid,
        "joins": [str(path) for path in group.joins()],
        "rlimits": _rlimits(limits, has_own_uid=uid != 0),
        "overlays": overlays,
        "single_files": list(layout.single_files),
        "output": _tmpfs(limits.output_bytes, limits.output_inodes, uid),
        "scratch": _tmpfs(limits.scratch_bytes, limits.scratch_inodes + 2, uid),  # its two folders
        "options": _options(spec, layout.binds),
        "argv": list(spec.argv),
        "seccomp": seccomp.bpf().hex(),
        "seconds": limits.seconds,
        "log_bytes": limits.log_bytes,
        "written_log_bytes": limits.written_log_bytes,
    }


def _rlimits(limits: Limits, *, has_own_uid: bool) -> list[tuple[int, int]]:
    """Bound what groups cannot; processes only where they are not all of one person's."""
    processes = [(resource.RLIMIT_NPROC, limits.processes + _OWN_TASKS)] if has_own_uid else []
    return [
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, max(limits.output_bytes, limits.scratch_bytes)),
        (resource.RLIMIT_CORE, 1),  # too little for a file; 0 would still feed a crash handler
        *processes,
    ]


def _tmpfs(size: int, inodes: int, uid: int) -> str:
    return f"size={size},nr_inodes={inodes + 1},mode=755,uid={uid},gid={uid}"  # 1: its own root


def _hiding() -> list[str]:
    """Cover what is to be hidden, as far as this kernel has it; `/sys` is not there at all."""
    options = []
    for path in hidden.PATHS:
        if path.startswith("/sys/") or not Path(path).exists():
            continue
        is_folder = Path(path).is_dir()
        cover = (
            f"--tmpfs {path} --remount-ro {path}" if is_folder else f"--ro-bind /dev/null {path}"
        )
        options += cover.split()
    return options


def _options(spec: RunSpec, binds: tuple[tuple[str, str], ...]) -> list[str]:
    environment: Mapping[str, str] = {**ENVIRONMENT, **spec.env}
    options = _ALWAYS.split()
    for name, value in environment.items():
        options += ["--setenv", name, value]
    options += _ROOT.format(base=launch.BASE).split()
    options += _hiding()
    options += _REST.format(base=launch.BASE).split()
    for shown, target in binds:
        options += ["--ro-bind", shown, target]
    options += ["--chdir", spec.workdir]
    if any("\0" in word for word in (*options, *spec.argv)):  # it would end one option early
        raise SandboxError("A name, value or argument for the program holds a NUL")
    return options
