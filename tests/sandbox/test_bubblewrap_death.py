"""What is left of a box whose worker was killed, and of one that belongs to an ordinary user."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import palio.sandbox.bubblewrap.backend
from palio.sandbox import cgroup
from palio.sandbox.bubblewrap.backend import BubblewrapSandbox
from palio.sandbox.spec import Level, RunName

SITE = "0badf00d"
SOURCE = Path(palio.sandbox.bubblewrap.backend.__file__).parents[3]
USER = 54321
WORKER = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from palio.sandbox.bubblewrap.backend import BubblewrapSandbox
from palio.sandbox.spec import Limits, Mount, RunName, RunSpec, RuntimeRoot, Wanted
state = Path(sys.argv[2])
for name in ("root", "into"):
    (state / name).mkdir()
host = ("/usr", "/bin", "/lib", "/lib64", "/nix")
spec = RunSpec(
    RunName("0badf00d", sys.argv[3], 1, "model"), RuntimeRoot(state / "root"),
    ("/bin/sh", "-c", sys.argv[4]), Limits(seconds=60, memory_bytes=2**26),
    mounts=tuple(Mount(Path(path), path) for path in host if Path(path).is_dir()),
    wanted=(Wanted("predictions.csv", 100),),
)
report = BubblewrapSandbox(state, site="0badf00d").run(spec, collect_into=state / "into")
print(json.dumps([report.outcome, report.exit_code, report.log.decode()]))
"""


@pytest.fixture
def sandbox(tmp_path: Path) -> BubblewrapSandbox:
    made = BubblewrapSandbox(tmp_path, site=SITE)
    probe = made.probe()
    if probe.level is Level.NONE:
        pytest.skip(f"no boxes of bubblewrap here: {'; '.join(probe.missing)}")
    return made


def _wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)  # asks again; what is waited for has no event


def _processes_with(mark: str) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(folder.name)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


@contextmanager
def _worker(state: Path, *, job: str, script: str) -> Iterator[subprocess.Popen[bytes]]:
    state.mkdir()
    command = [sys.executable, "-c", WORKER, str(SOURCE), str(state), job, script]
    with subprocess.Popen(command) as process:
        try:
            yield process
        finally:
            process.kill()


def test_killing_the_worker_ends_the_box_and_the_reaper_clears_its_group(
    sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    groups = cgroup.find()
    with (
        _worker(tmp_path / "dead", job="dead", script="setsid sleep 65432 & wait") as dead,
        _worker(tmp_path / "live", job="live", script="sleep 54321 & wait"),
    ):
        _wait_until(lambda: bool(_processes_with("65432")) and bool(_processes_with("54321")))
        dead.send_signal(signal.SIGKILL)
        _wait_until(lambda: not _processes_with("65432"))

        reaped = sandbox.reap(is_live=lambda name: name.job == "live")

        assert reaped == (f"palio-{SITE}-dead-1-model",)
        left = [each.name for each in groups.left() if SITE in each.name]
        assert left == [f"palio-{SITE}-live-1-model"]
        assert _processes_with("54321")
    _wait_until(lambda: not _processes_with("54321"))
    assert sandbox.reap(is_live=lambda _: False) == (f"palio-{SITE}-live-1-model",)


def test_the_reaper_ends_a_box_whose_worker_lost_its_job(
    sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    with _worker(tmp_path / "stale", job="stale", script="sleep 43210 & wait") as worker:
        _wait_until(lambda: bool(_processes_with("43210")))
        asked: list[RunName] = []
        assert sandbox.reap(is_live=lambda name: bool(asked.append(name))) == (
            f"palio-{SITE}-stale-1-model",
        )
        assert asked == [RunName(SITE, "stale", 1, "model")]
        assert worker.wait(timeout=30) == 0  # its run ended; the job's fence voids the result
    assert not _processes_with("43210")


def _python_for_everybody() -> str:
    for python in (sys.executable, "/usr/bin/python3"):
        module = "palio.sandbox.bubblewrap.backend"
        check = f"import sys; sys.path.insert(0, {str(SOURCE)!r}); import {module}"
        command = [python, "-B", "-c", check]
        try:
            if not subprocess.run(command, user=USER, capture_output=True, check=False).returncode:
                return python
        except OSError:
            continue
    pytest.skip("no Python 3.11 that an ordinary user may run, or our own files are closed")


def _make_for_user(group: Path) -> None:
    group.mkdir()
    for name in (".", "cgroup.procs", "cgroup.subtree_control"):  # the last on version 2 alone
        if (group / name).exists():
            os.chown(group / name, USER, USER)


@pytest.mark.usefixtures("sandbox")
def test_an_ordinary_user_with_groups_of_its_own_runs_boxes() -> None:
    groups = cgroup.find()
    if os.geteuid() != 0:
        pytest.skip("needs root, to hand control groups to a user")
    python = _python_for_everybody()
    tops = groups.bases.values() if groups.label == "v1" else {groups.bases["pids"].parent}
    own = [top / "palio-test-user" for top in tops]
    state = Path("/tmp") / f"palio-test-{os.getpid()}"  # noqa: S108 (pytest's are closed to users)
    state.mkdir()
    os.chown(state, USER, USER)
    try:
        for folder in own:
            _make_for_user(folder)
        join = "".join(f"echo 0 > {folder}/cgroup.procs; " for folder in own)
        script = "id -u; echo 1 > /output/predictions.csv; mkdir /x"
        drop = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        command = [*drop, python, "-B", "-c", WORKER, str(SOURCE), str(state), "user", script]
        run = ["sh", "-c", f'{join} exec "$@"', "sh", *command]
        said = subprocess.run(run, capture_output=True, check=False, env={"PATH": "/usr/bin:/bin"})
        assert said.stderr == b""
        outcome, exit_code, log = json.loads(said.stdout)
        assert (outcome, exit_code) == ("program_error", 1)
        assert log.splitlines()[0] == "65534"
        assert "Read-only" in log
    finally:
        for folder in own:
            for made in (*(path for path in folder.iterdir() if path.is_dir()), folder):
                made.rmdir()
        subprocess.run(["rm", "-rf", state], check=True)
