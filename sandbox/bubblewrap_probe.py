"""Try out what this machine can offer without an engine."""

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
# Who am I, is the root closed, and is there a way out other than the loopback?
_SCRIPT = """
set -e
if (: > /palio-probe) 2>/dev/null; then echo 'the root can be written'; exit 3; fi
if [ "$(wc -l < /proc/net/dev)" != 3 ]; then echo 'there is a network'; exit 4; fi
echo 1 > /output/probe
"""


def spec(name: RunName, root: Path) -> RunSpec:
    """Describe the run of a small shell program in an empty root with the host's programs."""
    return RunSpec(
        name=name,
        root=RuntimeRoot(root),
        argv=("/bin/sh", "-c", _SCRIPT),
        limits=Limits(seconds=_SECONDS, memory_bytes=2**26, processes=16),
        mounts=tuple(Mount(Path(path), path) for path in _HOST if Path(path).is_dir()),
        wanted=(Wanted("probe", 16),),
    )


def try_out(run: Callable[..., RunReport], name: RunName) -> str:
    """Run it; give what stands in the way, or nothing.

    Args:
        run: `Sandbox.run`.
        name: Of the run.

    """
    with TemporaryDirectory() as root, TemporaryDirectory() as into:
        Path(root).chmod(0o755)
        try:
            report = run(spec(name, Path(root)), collect_into=Path(into))
        except (SandboxError, OSError) as error:
            return f"a trial run failed: {error}"
    if report.outcome is not Outcome.FINISHED:
        said = report.log.decode("utf-8", "replace").strip()
        return f"a trial run ended as {report.outcome} {report.reason}: {said}".strip()
    if report.peak_memory_bytes == 0:
        return f"a trial run wrote to {OUTPUT} and its memory was not counted"
    return ""
