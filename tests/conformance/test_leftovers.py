import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conformance import boxes, traces
from tests.conformance.bench import LIMITS, PYTHON, Bench

from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import RunName, RunReport, RunSpec

# A program that nothing but SIGKILL ends, with children in other sessions.
STUBBORN = (
    "import os, signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "if os.fork() == 0: os.setsid()\n"
    "open('/output/predictions.csv', 'w').write('x')\n"
    "time.sleep(120)\n"
)
SHARE = 0.01


def work(backend: str, state: Path, site: str, spec: RunSpec, into: Path) -> None:
    """Be a worker: run one box; killed before it ends."""
    sandbox = boxes.offer(backend, state=state, site=site).sandbox
    assert sandbox is not None
    sandbox.run(spec, collect_into=into)


def stubborn(box: Bench, *, job: str = "", fence: int = 1, seconds: float = 60) -> RunSpec:
    return box.spec(
        *(PYTHON, "-Ic", STUBBORN),
        limits=replace(LIMITS, seconds=seconds),
        name=box.name(job=job, fence=fence),
        wanted=(),
    )


def wait_until(holds: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def working(box: Bench, state: Path, spec: RunSpec) -> Iterator[multiprocessing.Process]:
    into = box.folder / f"worker-{spec.name.job}-{spec.name.fence}"
    into.mkdir()
    process = multiprocessing.get_context("spawn").Process(
        target=work, args=(box.backend, state, box.site, spec, into)
    )
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def test_box_of_a_killed_worker_is_reaped(box: Bench, state: Path, site: str) -> None:
    spec = stubborn(box)
    with working(box, state, spec) as worker:
        wait_until(lambda: len(traces.processes(box.mark)) >= 2)
        worker.kill()
        worker.join()
    asked: list[RunName] = []

    def is_live(name: RunName) -> bool:
        asked.append(name)
        return False

    found = box.sandbox.reap(is_live=is_live)
    assert set(found) <= {str(spec.name)}
    assert set(asked) <= {spec.name}
    if box.backend != "bubblewrap":  # whose boxes die with their worker
        assert found == (str(spec.name),)
    assert traces.of(site, mark=box.mark, state=state) == []
    assert box.sandbox.reap(is_live=is_live) == ()


@pytest.mark.slow
@pytest.mark.parametrize("tenths", [1, 3, 6, 10, 15])
def test_worker_killed_at_any_moment_leaves_nothing_after_the_reaper(
    tenths: int, box: Bench, state: Path, site: str
) -> None:
    with working(box, state, stubborn(box)) as worker:
        time.sleep(0.6 + tenths / 10)  # not to wait for anything: any moment is as good
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join()
    # What an engine was asked for may still come to be after the one who asked is dead.
    wait_until(lambda: not box.sandbox.reap(is_live=lambda _name: False))
    time.sleep(0.5)
    box.sandbox.reap(is_live=lambda _name: False)
    assert traces.of(site, mark=box.mark, state=state) == []


@pytest.mark.slow
def test_reaper_spares_live_runs_and_takes_those_of_older_fences(
    box: Bench, state: Path, site: str
) -> None:
    old = stubborn(box, job=f"moved{box.mark[5:9]}", fence=1)
    with working(box, state, old) as worker:
        wait_until(lambda: len(traces.processes(box.mark)) >= 2)
        worker.kill()
        worker.join()
    new = replace(
        stubborn(box, job=old.name.job, fence=2, seconds=5), env={"MARK": box.mark + "new"}
    )
    reports: list[RunReport] = []
    into = box.folder / "new"
    into.mkdir()
    run = threading.Thread(target=lambda: reports.append(box.sandbox.run(new, collect_into=into)))
    run.start()
    wait_until(lambda: len(traces.processes(box.mark + "new")) >= 2)
    found = box.sandbox.reap(is_live=lambda name: name.fence == 2)
    assert str(new.name) not in found
    run.join()
    assert reports[0].outcome is Outcome.TIMED_OUT
    assert traces.of(site, mark=box.mark, state=state) == []


@pytest.mark.slow
def test_reaper_leaves_what_is_not_of_its_site(box: Bench, state: Path, site: str) -> None:
    other = boxes.offer(box.backend, state=state, site="0" * 8).sandbox
    assert other is not None
    spec = stubborn(box, seconds=4)
    reports: list[RunReport] = []
    into = box.folder / "mine"
    into.mkdir()
    run = threading.Thread(target=lambda: reports.append(box.sandbox.run(spec, collect_into=into)))
    run.start()
    wait_until(lambda: len(traces.processes(box.mark)) >= 2)
    assert other.reap(is_live=lambda _name: False) == ()
    run.join()
    assert reports[0].outcome is Outcome.TIMED_OUT
    assert traces.of(site, mark=box.mark, state=state) == []


@pytest.mark.slow
def test_disk_children_and_descriptors_come_back(box: Bench) -> None:
    box.python("pass")  # what is kept for the next run is there now
    before = traces.room()
    children, files = traces.children(), traces.descriptors()
    threads = threading.active_count()
    for name in ("out_fill", "inode_bomb_out", "inode_bomb_tmp", "log_flood", "no_output"):
        box.program(name)
    box.python("import time; time.sleep(60)", limits=replace(LIMITS, seconds=1))
    assert (traces.children() - children, threading.active_count()) == (set(), threads)
    assert traces.descriptors() <= files
    for place, (size, inodes) in traces.room().items():
        statistics = os.statvfs(place)
        assert size > before[place][0] - SHARE * statistics.f_blocks * statistics.f_frsize
        assert inodes >= before[place][1] - SHARE * statistics.f_files
