"""Try out what this machine can offer without an engine."""

import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import (
    OUTPUT,
    Limits,
    Mount,
    RunName,
    RunReport,
    RunSpec,
    RuntimeRoot,
    SandboxError,
    Wanted,
)

# Enough of the host to start its shell; none of it can be changed from inside.
_HOST = ("/usr", "/bin", "/lib", "/lib64", "/nix")
_SECONDS = 20.0
_JOB, _BOX = "probe", "probe"
# Is the root closed, and is there a way out other than the loopback (after two lines of heading)?
_SCRIPT = """
set -e
if (: > /palio-probe) 2>/dev/null; then echo 'the root can be written'; exit 3; fi
if [ "$(wc -l < /proc/net/dev)" != 3 ]; then echo 'there is a network'; exit 4; fi
echo 1 > /output/probe
"""


def name(site: str) -> RunName:
    """Name a trial run after the thread that does it: one at a time, and none has a job."""
    return RunName(site, job=f"{_JOB}{threading.get_native_id()}", fence=0, box=_BOX)


def is_going_on(run: RunName) -> bool:
    """Tell a trial run whose thread is alive from one that was left behind, and from real runs."""
    thread = run.job.removeprefix(_JOB)
    return run.box == _BOX and thread.isdigit() and Path("/proc", thread).exists()


def spec(run: RunName, root: Path) -> RunSpec:
    """Describe the run of a small shell program in an empty root with the host's programs."""
    return RunSpec(
        name=run,
        root=RuntimeRoot(root),
        argv=("/bin/sh", "-c", _SCRIPT),
        limits=Limits(seconds=_SECONDS, memory_bytes=2**26, processes=16),
        mounts=tuple(Mount(Path(path), path) for path in _HOST if Path(path).is_dir()),
        wanted=(Wanted("probe", 16),),
    )


def hints(
    kernel: Path = Path("/proc/sys"), filesystems: Path = Path("/proc/filesystems")
) -> tuple[str, ...]:
    """Name the settings of this machine that often are why a trial run fails, with the way out."""
    found = tuple(
        f"{setting} is {value}: sudo sysctl -w {setting}={wanted}"
        for setting, value, wanted in (
            ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
            ("kernel.unprivileged_userns_clone", "0", "1"),
            ("user.max_user_namespaces", "0", "10000"),
        )
        if _read(kernel / setting.replace(".", "/")) == value
    )
    if "overlay" in _read(filesystems).split():
        return found
    return (*found, "the kernel has no overlay file system: sudo modprobe overlay")


def weaknesses(
    *, has_cpu_limit: bool, kernel: Path = Path("/proc/sys"), swaps: Path = Path("/proc/swaps")
) -> tuple[str, ...]:
    """Name what is weaker here than it could be, with the way out."""
    found = []
    if not has_cpu_limit:
        found.append("processor time is not bounded: delegate the cpu controller as well")
    if _read(kernel / "kernel/core_pattern").startswith("|"):
        found.append("crashes are handed to a program outside: sysctl -w kernel.core_pattern=core")
    if len(_read(swaps).splitlines()) > 1:
        found.append("memory of boxes may be written to disk: swapoff -a")
    return tuple(found)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""


def try_out(start: Callable[..., RunReport], run: RunName) -> str:
    """Run it; give what stands in the way, or nothing.

    Args:
        start: `Sandbox.run`.
        run: Its name.

    """
    with TemporaryDirectory() as root, TemporaryDirectory() as into:
        Path(root).chmod(0o755)
        try:
            report = start(spec(run, Path(root)), collect_into=Path(into))
        except (SandboxError, OSError) as error:
            return f"a trial run failed: {error}"
    if report.outcome is not Outcome.FINISHED:
        said = report.log.decode("utf-8", "replace").strip()
        return f"a trial run ended as {report.outcome} {report.reason}: {said}".strip()
    if report.peak_memory_bytes == 0:
        return f"a trial run wrote to {OUTPUT} and its memory was not counted"
    return ""
