import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conformance import corpus, traces
from tests.conformance.bench import LIMITS, PREDICTIONS, PYTHON, Bench, content

from palio.sandbox.outcome import Killer, Outcome
from palio.sandbox.spec import Mount, Wanted


def test_good_run_is_reported_in_full(box: Bench) -> None:
    code = f"open('/output/predictions.csv', 'wb').write({corpus.GOOD!r}); sum(range(10**7))"
    report = box.python(code, wanted=(PREDICTIONS,))
    assert (report.outcome, report.exit_code, report.killed_by, report.reason) == (
        Outcome.FINISHED,
        0,
        Killer.NOBODY,
        "",
    )
    (file,) = report.collected
    assert (file.name, file.bytes, content(report)) == (
        "predictions.csv",
        len(corpus.GOOD),
        corpus.GOOD,
    )
    assert file.sha256 == hashlib.sha256(corpus.GOOD).hexdigest()
    assert (report.log, report.is_log_cut, report.had_memory_kill) == (b"", False, False)
    assert report.wall_seconds > 0.05
    if box.backend != "gvisor":
        assert report.cpu_seconds < 10
        assert report.peak_memory_bytes <= LIMITS.memory_bytes


@pytest.mark.parametrize(
    ("end", "exit_code"),
    [
        ("sys.exit(3)", 3),
        ("sys.exit(255)", 255),
        ("sys.exit(125)", 125),
        ("sys.exit(137)", 137),
        ("raise ValueError", 1),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("os.kill(os.getpid(), signal.SIGTERM)", 143),
        ("os.kill(os.getpid(), signal.SIGSEGV)", 139),
        ("os.abort()", 134),
    ],
)
@pytest.mark.slow
def test_failing_program_is_its_own_fault_and_gives_nothing(
    end: str, exit_code: int, box: Bench
) -> None:
    code = f"import os, signal, sys; open('/output/predictions.csv', 'w').write('id\\n'); {end}"
    report = box.python(code, wanted=(PREDICTIONS,))
    assert (report.outcome, report.exit_code) == (Outcome.PROGRAM_ERROR, exit_code)
    assert (report.killed_by, report.collected, report.reason) == (Killer.NOBODY, (), "")


@pytest.mark.parametrize("program", ["/app/nope", "nope", "/app/manifest.toml", "/app", "/app/bad"])
def test_entry_program_that_cannot_run_is_an_image_error(program: str, box: Bench) -> None:
    app = box.folder / "app"
    app.mkdir()
    (app / "manifest.toml").write_text("no program\n", encoding="ascii")
    (app / "bad").write_text("#!/no/such/shell\n", encoding="ascii")
    (app / "bad").chmod(0o755)
    spec = replace(box.spec(program), mounts=(Mount(app, "/app"),))
    report = box.run(spec)
    assert (report.outcome, report.collected) == (Outcome.IMAGE_ERROR, ())
    assert str(box.folder).encode() not in report.log


@pytest.mark.slow
@pytest.mark.parametrize("exit_code", [126, 127])
def test_program_that_says_it_did_not_run_gets_no_score(exit_code: int, box: Bench) -> None:
    report = box.python(f"raise SystemExit({exit_code})", wanted=(PREDICTIONS,))
    assert report.outcome in {Outcome.IMAGE_ERROR, Outcome.PROGRAM_ERROR}
    assert report.collected == ()


def test_child_killed_for_memory_does_not_fail_a_good_end(box: Bench) -> None:
    report = box.program("child_memory")
    assert (report.outcome, report.exit_code, report.had_memory_kill) == (Outcome.FINISHED, 0, True)
    assert content(report) == corpus.GOOD


def test_memory_kill_is_told(box: Bench) -> None:
    report = box.program("mem_10g")
    assert (report.outcome, report.killed_by, report.had_memory_kill, report.exit_code) == (
        Outcome.OUT_OF_MEMORY,
        Killer.MEMORY,
        True,
        137,
    )


def test_end_of_time_kills_children_and_daemons_at_once(box: Bench) -> None:
    code = (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        os.fork()\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(600)\n"
    )
    report = box.python(code, limits=replace(LIMITS, seconds=2), wanted=(PREDICTIONS,))
    assert traces.processes(box.mark) == []
    assert (report.outcome, report.killed_by) == (Outcome.TIMED_OUT, Killer.CLOCK)
    assert (report.exit_code, report.collected) == (137, ())
    assert 2 <= report.wall_seconds < 12
    assert len(report.log.split()) > 7


@pytest.mark.slow
def test_nothing_is_taken_when_nothing_is_wanted(box: Bench) -> None:
    report = box.python("open('/output/predictions.csv', 'w').write('x')")
    assert (report.outcome, report.collected) == (Outcome.FINISHED, ())
    assert list(box.taken[-1].iterdir()) == []


@pytest.mark.slow
def test_several_files_are_taken_and_the_first_refusal_decides(box: Bench) -> None:
    code = (
        "import os\n"
        "open('/output/scores.json', 'w').write('{}')\n"
        "open('/output/large', 'w').write('x' * 11)\n"
        "os.symlink('scores.json', '/output/link')\n"
    )
    scores, large, link = Wanted("scores.json", 2), Wanted("large", 11), Wanted("link", 100)
    both = box.python(code, wanted=(scores, large))
    assert [(file.name, file.bytes) for file in both.collected] == [
        ("scores.json", 2),
        ("large", 11),
    ]
    for wanted, reason in (
        ((scores, Wanted("large", 10), link), "output:too_large"),
        ((link, Wanted("large", 10)), "output:symlink"),
        ((Wanted("gone", 1), link), "output:missing"),
    ):
        report = box.python(code, wanted=wanted)
        assert (report.outcome, report.reason) == (Outcome.INVALID_OUTPUT, reason)
        assert report.collected == ()


def test_log_keeps_the_end_of_both_streams(box: Bench) -> None:
    code = (
        "import os\n"
        "os.write(1, b'first\\n' + b'o' * 20_000)\n"
        "os.write(2, b'\\nlast of two\\n')\n"
        "os.write(1, b'the end\\n')\n"
    )
    report = box.python(code, limits=replace(LIMITS, log_bytes=4096))
    assert (report.outcome, report.is_log_cut) == (Outcome.FINISHED, True)
    assert 2048 <= len(report.log) <= 4096
    assert b"last of two\n" in report.log
    assert b"the end\n" in report.log
    assert b"first" not in report.log


@pytest.mark.slow
def test_same_name_can_run_again(box: Bench) -> None:
    spec = box.spec(PYTHON, "-Ic", "pass", wanted=())
    assert [box.run(spec).outcome for _ in range(2)] == [Outcome.FINISHED] * 2


@pytest.mark.slow
def test_inputs_are_untouched_after_hostile_runs(box: Bench) -> None:
    def sums() -> dict[Path, str]:
        return {
            path: hashlib.sha256(path.read_bytes()).hexdigest() + str(path.stat())
            for folder in (box.folder / "input", box.folder / "ref", corpus.PROGRAMS)
            for path in folder.glob("*.*")
        }

    before = sums()
    for name in ("write_system", "metric_mutate"):
        assert box.program(name).outcome is Outcome.FINISHED
    after = sums()
    assert {path: after[path].split("st_atime")[0] for path in after} == {
        path: before[path].split("st_atime")[0] for path in before
    }
