"""How a run becomes a container: each flag is there for an attack that worked without it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from palio.sandbox import hidden
from palio.sandbox.spec import NOBODY, OUTPUT, SCRATCH, Limits, RunSpec

OPEN_FILES = 1024
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LOG_PIECE_MAX = 64 * 2**20  # of the two log files that an engine keeps of a run
_CPU_PERIOD = 100_000  # microseconds
_GVISOR_TASKS, _GVISOR_TASKS_EACH = 64, 9  # host tasks of its own kernel, and for each of the guest
_PROXIES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Bind:
    """A folder or file of the host, or a volume of the engine, and its place in a container."""

    source: str
    target: str
    is_volume: bool = False
    is_writable: bool = False


def container(
    spec: RunSpec,
    *,
    image: str,
    binds: tuple[Bind, ...],
    seccomp: str,
    runtime: str = "",
    group: str = "",
) -> dict[str, Any]:
    """Write the body that makes a run's container.

    Args:
        spec: The run; its mounts are among `binds` already.
        image: Id, so that no tag can put another in its place.
        binds: All of them, with the one of `/output`.
        seccomp: Our list as JSON text.
        runtime: Empty for the engine's own; ``runsc`` for gVisor.
        group: Control group to make the container's in; empty: where the engine likes.

    """
    host = _host(spec.limits, seccomp=seccomp, is_gvisor=runtime == "runsc")
    host["Mounts"] = [_mount(bind) for bind in binds]
    host |= {"Runtime": runtime} if runtime else {}
    host |= {"CgroupParent": group} if group else {}
    return {
        "Image": image,
        "Entrypoint": [],
        "Cmd": list(spec.argv),
        "Env": [f"{name}={value}" for name, value in environment(spec.env).items()],
        "WorkingDir": spec.workdir,
        "User": f"{NOBODY}:{NOBODY}",
        "Hostname": "sandbox",
        "NetworkDisabled": True,
        "Healthcheck": {"Test": ["NONE"]},
        "StopTimeout": 1,
        "HostConfig": host,
    }


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """Add what every program may rely on, and silence what an image may have set."""
    usual = {"PATH": _PATH, "HOME": SCRATCH, "LANG": "C.UTF-8"}
    silenced = dict.fromkeys((*_PROXIES, *map(str.upper, _PROXIES)), "")
    return usual | dict(given) | silenced


def _host(limits: Limits, *, seccomp: str, is_gvisor: bool) -> dict[str, Any]:
    largest = max(limits.output_bytes, limits.scratch_bytes)
    # A core of one byte: too little for a file, while none at all would still feed a crash handler.
    ulimits = {"nofile": OPEN_FILES, "fsize": largest, "core": 1}
    tasks = limits.processes + 1  # the init
    if is_gvisor:  # its own kernel counts the guest's; the host's count is only a belt
        ulimits["nproc"] = limits.processes
        tasks = _GVISOR_TASKS + _GVISOR_TASKS_EACH * limits.processes
    return {
        "NetworkMode": "none",
        "IpcMode": "none",
        "CgroupnsMode": "private",  # its path tells the run's name
        "MaskedPaths": list(hidden.PATHS),  # the engine's own list is part of it
        "Tmpfs": {"/dev/shm": shared_options(limits)},  # noqa: S108 (of the box)
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges:true", f"seccomp={seccomp}"],
        "PidsLimit": tasks,
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "CpuPeriod": _CPU_PERIOD,
        "CpuQuota": int(limits.cpus * _CPU_PERIOD),
        "OomScoreAdj": 1000,
        "Ulimits": [{"Name": n, "Soft": most, "Hard": most} for n, most in ulimits.items()],
        "LogConfig": {"Type": "local", "Config": log_options(limits)},
        "Init": True,
        "RestartPolicy": {"Name": "no"},
    }


def log_options(limits: Limits) -> dict[str, str]:
    """Say how much of a log the engine keeps: two files at most, each of `log_piece` bytes."""
    return {"max-size": str(log_piece(limits)), "max-file": "2", "compress": "false"}


def log_piece(limits: Limits) -> int:
    """Give the size at which an engine begins a new log file, in bytes."""
    return min(max(limits.written_log_bytes, 2**20), LOG_PIECE_MAX)


def volume_options(limits: Limits) -> dict[str, dict[str, str]]:
    """Write the options of the volumes a program may write to: memory, bounded, runs nothing.

    Not the engine's `--tmpfs`: runc gives that the mode of the image's own folder.
    """
    own = f"mode=0700,uid={NOBODY},gid={NOBODY}"
    return {
        OUTPUT: _tmpfs(limits.output_bytes, limits.output_inodes, own),
        SCRATCH: _tmpfs(limits.scratch_bytes, limits.scratch_inodes, "mode=1777"),
    }


def shared_options(limits: Limits) -> str:
    """Write the options of `/dev/shm`, bounded as `/tmp` is: pools of workers need one."""
    most = f"size={limits.scratch_bytes},nr_inodes={limits.scratch_inodes + 1}"
    return f"rw,noexec,nosuid,nodev,{most},uid={NOBODY},gid={NOBODY}"  # whatever its mode is


def _tmpfs(size: int, inodes: int, owner: str) -> dict[str, str]:
    most = f"size={size},nr_inodes={inodes + 1}"  # its root is one
    return {"type": "tmpfs", "device": "tmpfs", "o": f"{most},{owner},nosuid,nodev,noexec"}


def holder(image: str, *, program: str, binds: tuple[Bind, ...]) -> dict[str, Any]:
    """Write the body of a container of ours that does nothing but keep volumes mounted."""
    return {
        "Image": image,
        "Entrypoint": [],
        "Cmd": [program],
        "User": f"{NOBODY}:{NOBODY}",
        "NetworkDisabled": True,
        "HostConfig": {
            "NetworkMode": "none",
            "IpcMode": "none",
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges:true"],
            "PidsLimit": 8,
            "Memory": 2**25,
            "MemorySwap": 2**25,
            "LogConfig": {"Type": "none"},
            "RestartPolicy": {"Name": "no"},
            "Mounts": [_mount(bind) for bind in binds],
        },
    }


def _mount(bind: Bind) -> dict[str, Any]:
    mount: dict[str, Any] = {
        "Type": "volume" if bind.is_volume else "bind",
        "Source": bind.source,
        "Target": bind.target,
        "ReadOnly": not bind.is_writable,
    }
    if bind.is_volume:
        # What the image has at that place must not come to lie in the volume.
        mount["VolumeOptions"] = {"NoCopy": True}
    else:
        mount["BindOptions"] = {"Propagation": "rprivate"}
    return mount
