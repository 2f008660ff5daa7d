import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.conformance import corpus
from tests.conformance.bench import Bench

from palio.sandbox.outcome import Outcome

pytestmark = pytest.mark.slow


def test_run_finds_nothing_of_an_earlier_one(box: Bench) -> None:
    for _ in range(2):
        report = box.program("ipc_persist")
        assert report.outcome is Outcome.FINISHED
        assert [word for word, _ in corpus.verdicts(report.log)] == ["contained"]


def test_runs_at_once_do_not_meet(box: Bench) -> None:
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(_neighbour, box, name) for name in ("red", "blue", "green")]
    for run in runs:
        assert run.result() == ["denied"]


def _neighbour(box: Bench, name: str) -> list[str]:
    path = "/app/neighbour.py"
    spec = box.spec("/usr/bin/python3", "-Es", path, env={"RUN": name}, wanted=())
    report = box.sandbox.run(spec, collect_into=box.folder / "input")
    assert report.outcome is Outcome.FINISHED
    return [word for word, _ in corpus.verdicts(report.log)]


@pytest.mark.parametrize("locked", ["/usr/bin/env", "/input/features.csv"])
def test_locks_of_one_run_are_not_seen_in_another(locked: str, box: Bench) -> None:
    def lock(hold: str) -> bytes:
        argv = ("/usr/bin/python3", "-Es", "/app/lock_channel.py")
        spec = box.spec(*argv, env={"HOLD": hold, "LOCKED": locked}, wanted=())
        return box.sandbox.run(spec, collect_into=box.folder / "input").log

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lock, ("4", "4"))
    assert re.findall(rb"taken|EAGAIN|EACCES", first + second) == [b"taken"] * 4


def test_many_runs_at_once_all_end_well(box: Bench) -> None:
    def one(number: int) -> tuple[Outcome, bytes]:
        into = box.folder / f"at-once-{number}"
        into.mkdir()
        program = next(p for p in corpus.ours() if p.name == "good_model")
        report = box.sandbox.run(box.program_spec(program), collect_into=into)
        return report.outcome, b"".join(f.path.read_bytes() for f in report.collected)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(8))) == [(Outcome.FINISHED, corpus.GOOD)] * 8
