import hashlib
import statistics

import pytest
from tests.conformance import corpus, pulse
from tests.conformance.bench import Bench, content

from palio.sandbox.outcome import Killer, Outcome
from palio.sandbox.spec import RunReport

PROGRAMS = corpus.ours()
# What ended a run is what its outcome says, and nothing else.
KILLERS = {
    Outcome.TIMED_OUT: Killer.CLOCK,
    Outcome.OUTPUT_LIMIT: Killer.LOG,
    Outcome.OUT_OF_MEMORY: Killer.MEMORY,
}
# Run by other tests, or by other programs.
PARTS = {"hostile", "good_science", "neighbour"}
# Through an engine's own reading of a volume, that a file has two names cannot be seen.
UNSEEN = ("docker-holder", "hardlink_out")


def check(program: corpus.Program, report: RunReport) -> None:
    told = corpus.verdicts(report.log)
    assert {word for word, _ in told} <= program.words, told
    assert bool(told) == bool(program.words), report
    assert report.outcome in program.outcomes, (report.outcome, report.reason, told)
    assert report.killed_by == KILLERS.get(report.outcome, Killer.NOBODY)
    assert (report.outcome is Outcome.INVALID_OUTPUT) == bool(report.reason)
    assert report.reason in program.reasons
    assert (report.outcome is Outcome.FINISHED) == bool(report.collected)


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(program, id=program.name, marks=[] if program.is_core else [pytest.mark.slow])
        for program in PROGRAMS
    ],
)
def test_hostile_program_ends_as_it_should(program: corpus.Program, box: Bench) -> None:
    with pulse.felt() as seconds:
        report = box.run(box.program_spec(program))
    if (box.backend, program.name) == UNSEEN:
        assert content(report) == corpus.GOOD
        return
    check(program, report)
    if report.collected and not program.is_own_output:
        assert content(report) == corpus.GOOD
    for file in report.collected:
        assert (file.path.parent, file.path.stat().st_mode & 0o111) == (box.taken[-1], 0)
        assert file.sha256 == hashlib.sha256(file.path.read_bytes()).hexdigest()
    assert statistics.median(seconds) < pulse.MOST_SECONDS


def test_every_program_is_in_the_manifest() -> None:
    files = {path.stem for path in corpus.PROGRAMS.glob("*.py")} - PARTS
    assert files == {program.name for program in PROGRAMS}
