"""What a box costs: an empty run in each backend against a bare process.

    python benchmarks/boxes.py [--runs 15] [--socket PATH]

Each round starts `python3 -c pass` as a bare process, as `docker run` with every hardening flag
(the rival: what a careful operator types), and in each of Palio's backends that this machine
offers, one after the other; from the call to the answer, with everything cleared away.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median

from palio.sandbox import seccomp
from palio.sandbox.bubblewrap.backend import BubblewrapSandbox
from palio.sandbox.docker.backend import DockerSandbox
from palio.sandbox.outcome import Outcome
from palio.sandbox.runtime import build
from palio.sandbox.spec import Level, Limits, RunName, RunSpec, RuntimeRoot, Sandbox

SITE = "be9c4000"
EMPTY = ("/usr/bin/python3", "-c", "pass")
LIMITS = Limits(seconds=30, memory_bytes=512 * 2**20)
RIVAL = "docker run, hardened"
RIVAL_IMAGE = "palio-benchmark:boxes"


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--socket", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        state.chmod(0o755)
        runtime = build.ensure(state, packages=False)
        docker = ["docker", *(["-H", f"unix://{options.socket}"] if options.socket else [])]
        ways = _ways(state, runtime, socket=options.socket, docker=docker)
        for way in ways.values():
            way()  # the first run imports the runtime, fills caches
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.runs):
            for name, way in ways.items():
                began = time.perf_counter()
                way()
                seconds[name].append(time.perf_counter() - began)
        if RIVAL in ways:
            subprocess.run([*docker, "rmi", RIVAL_IMAGE], check=True, stdout=subprocess.DEVNULL)
            DockerSandbox(state, site=SITE, socket=options.socket).prune_images(keep=frozenset())
    _print(seconds)


def _ways(
    state: Path, runtime: RuntimeRoot, *, socket: str, docker: list[str]
) -> Mapping[str, Callable[[], None]]:
    ways: dict[str, Callable[[], None]] = {"bare process": _bare}
    backends: dict[str, Sandbox] = {
        "bubblewrap": BubblewrapSandbox(state, site=SITE),
        "docker": DockerSandbox(state, site=SITE, socket=socket),
    }
    for name, sandbox in backends.items():
        probe = sandbox.probe()
        if probe.level is Level.NONE:
            print(f"{name}: not here ({'; '.join(probe.missing)})", file=sys.stderr)
            continue
        ways[name] = _boxed(sandbox, runtime, into=state)
        if name == "docker":
            ways[RIVAL] = _hardened(state, runtime, docker=docker)
    return ways


def _bare() -> None:
    _check(subprocess.run([sys.executable, *EMPTY[1:]], check=False).returncode == 0)


def _boxed(sandbox: Sandbox, runtime: RuntimeRoot, *, into: Path) -> Callable[[], None]:
    count = 0

    def run() -> None:
        nonlocal count
        count += 1
        name = RunName(SITE, "empty", count, "model")
        spec = RunSpec(name, runtime, argv=EMPTY, limits=LIMITS)
        report = sandbox.run(spec, collect_into=into)
        _check(report.outcome is Outcome.FINISHED)

    return run


def _hardened(state: Path, runtime: RuntimeRoot, *, docker: list[str]) -> Callable[[], None]:
    with subprocess.Popen(
        ["tar", "-C", str(runtime.folder), "-c", "."], stdout=subprocess.PIPE
    ) as tar:
        subprocess.run(
            [*docker, "import", "-", RIVAL_IMAGE],
            stdin=tar.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    profile = state / "seccomp.json"
    profile.write_text(json.dumps(json.loads(seccomp.docker_profile())), encoding="utf-8")
    command = [
        *docker, "run", "--rm", "--network", "none", "--ipc", "none", "--read-only",
        "--user", "65534:65534", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true",
        "--security-opt", f"seccomp={profile}", "--pids-limit", "64", "--memory", "512m",
        "--memory-swap", "512m", "--cpus", "1", "--ulimit", "nofile=256:256",
        "--ulimit", "core=0:0",
        "--tmpfs", "/tmp:rw,noexec,nosuid,nodev,size=64m,nr_inodes=4096",  # noqa: S108 (inside the box)
        "--tmpfs", "/output:rw,noexec,nosuid,nodev,size=64m,nr_inodes=1024",
        "--log-driver", "local", "--init", "--no-healthcheck", "--pull", "never",
        RIVAL_IMAGE, *EMPTY,
    ]  # fmt: skip
    return lambda: _check(subprocess.run(command, check=False).returncode == 0)


def _check(is_well: bool) -> None:  # noqa: FBT001 (the one thing it is told)
    if not is_well:
        raise SystemExit("a run did not end well")


def _print(seconds: dict[str, list[float]]) -> None:
    bare = median(seconds["bare process"])
    print(
        f"{'way':<22} {'median':>9} {'slowest':>9} {'beyond bare':>12} {'/ bare':>7} "
        f"{'/ docker run':>13}"
    )
    for name, found in seconds.items():
        middle = median(found)
        rival = f"{middle / median(seconds[RIVAL]):13.2f}" if RIVAL in seconds else f"{'':>13}"
        print(
            f"{name:<22} {1000 * middle:6.0f} ms {1000 * max(found):6.0f} ms "
            f"{1000 * (middle - bare):9.0f} ms {middle / bare:7.1f} {rival}"
        )


if __name__ == "__main__":
    main()
