import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conformance import boxes, corpus, traces
from tests.conformance.bench import LIMITS, Bench

from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import RunName, RunReport, RunSpec

WORKER = Path(__file__).with_name("worker.py")
SHARE = 0.01
SOCKETS = 128  # each client of an engine keeps 25 at most, to use them again


def stubborn(box: Bench, name: RunName, *, seconds: float, mark: str = "") -> RunSpec:
    program = next(program for program in corpus.ours() if program.name == "sleep_for_ever")
    spec = box.program_spec(program, env={"MARK": mark or box.mark})
    return replace(spec, name=name, limits=replace(LIMITS, seconds=seconds), wanted=())


def wait_until(holds: Callable[[], bool], *, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def working(box: Bench, state: Path, name: RunName) -> Iterator[subprocess.Popen[str]]:
    into = box.folder / f"worker-{name.job}-{name.fence}"
    into.mkdir()
    order = {
        "backend": box.backend,
        "state": str(state),
        "site": box.site,
        "job": name.job,
        "fence": name.fence,
        "root": str(box.root.folder),
        "mark": box.mark,
        "into": str(into),
    }
    process = subprocess.Popen(
        [sys.executable, str(WORKER), json.dumps(order)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def start(box: Bench, spec: RunSpec, reports: list[RunReport]) -> threading.Thread:
    into = box.folder / f"own-{spec.name.job}-{spec.name.fence}"
    into.mkdir()
    run = threading.Thread(target=lambda: reports.append(box.sandbox.run(spec, collect_into=into)))
    run.start()
    return run


def test_box_of_a_killed_worker_is_reaped(box: Bench, state: Path, site: str) -> None:
    name = box.name()
    with working(box, state, name) as worker:
        wait_until(lambda: len(traces.processes(box.mark)) >= 2)
        worker.kill()
        worker.wait()
    asked: list[RunName] = []

    def is_live(found: RunName) -> bool:
        asked.append(found)
        return False

    found = box.sandbox.reap(is_live=is_live)
    assert set(found) <= {str(name)}
    assert set(asked) <= {name}
    if box.backend != "bubblewrap":  # whose boxes die with their worker
        assert found == (str(name),)
    assert traces.of(site, mark=box.mark, state=state) == []
    assert box.sandbox.reap(is_live=is_live) == ()


@pytest.mark.slow
@pytest.mark.parametrize("tenths", [0, 1, 2, 4, 7, 10])
def test_worker_killed_at_any_moment_leaves_nothing_after_the_reaper(
    tenths: int, box: Bench, state: Path, site: str
) -> None:
    with working(box, state, box.name()) as worker:
        time.sleep(tenths / 10)  # not to wait for anything: any moment is as good
        worker.kill()
        worker.wait()
    # What an engine was asked for may still come to be after the one who asked is dead.
    wait_until(lambda: not box.sandbox.reap(is_live=lambda _name: False))
    time.sleep(0.5)
    box.sandbox.reap(is_live=lambda _name: False)
    assert traces.of(site, mark=box.mark, state=state) == []


@pytest.mark.slow
def test_reaper_spares_live_runs_and_takes_those_of_older_fences(
    box: Bench, state: Path, site: str
) -> None:
    old = box.name()
    with working(box, state, old) as worker:
        wait_until(lambda: len(traces.processes(box.mark)) >= 2)
        worker.kill()
        worker.wait()
    name, mark = replace(old, fence=2), f"{box.mark}new"
    reports: list[RunReport] = []
    run = start(box, stubborn(box, name, seconds=5, mark=mark), reports)
    wait_until(lambda: len(traces.processes(mark)) >= 2)
    found = box.sandbox.reap(is_live=lambda found: found.fence == 2)
    assert str(name) not in found
    run.join()
    assert reports[0].outcome is Outcome.TIMED_OUT
    assert traces.of(site, mark=box.mark, state=state) == []


@pytest.mark.slow
def test_reaper_leaves_what_is_not_of_its_site(box: Bench, state: Path, site: str) -> None:
    other = boxes.offer(box.backend, state=state, site="0" * 8).sandbox
    assert other is not None
    reports: list[RunReport] = []
    run = start(box, stubborn(box, box.name(), seconds=4), reports)
    wait_until(lambda: len(traces.processes(box.mark)) >= 2)
    assert other.reap(is_live=lambda _name: False) == ()
    run.join()
    assert reports[0].outcome is Outcome.TIMED_OUT
    assert traces.of(site, mark=box.mark, state=state) == []


@pytest.mark.slow
def test_disk_children_and_descriptors_come_back(box: Bench) -> None:
    box.python("pass")  # what is kept for the next run is there now
    before = traces.room()
    children, (files, _) = traces.children(), traces.descriptors()
    threads = threading.active_count()
    for name in ("out_fill", "inode_bomb_out", "inode_bomb_tmp", "log_flood", "no_output"):
        box.program(name)
    box.python("import time; time.sleep(60)", limits=replace(LIMITS, seconds=1))
    assert (traces.children() - children, threading.active_count()) == (set(), threads)
    now, sockets = traces.descriptors()
    assert (now, sockets < SOCKETS) == (files, True)
    for place, (size, inodes) in traces.room().items():
        statistics = os.statvfs(place)
        assert size > before[place][0] - SHARE * statistics.f_blocks * statistics.f_frsize
        assert inodes >= before[place][1] - SHARE * statistics.f_files
