from dataclasses import replace

import pytest
from tests.conformance import corpus
from tests.conformance.bench import LIMITS, MIB, PYTHON, Bench

from palio.sandbox.spec import Mount

PROGRAMS = corpus.shared()


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAMS, reason=f"no {corpus.SHARED} on this machine")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_program_of_the_shared_collection_ends_as_it_should(
    program: corpus.Program, box: Bench
) -> None:
    limits = replace(LIMITS, seconds=program.seconds, written_log_bytes=1024 * MIB)
    spec = box.spec(
        *(PYTHON, "-I", f"/app/{program.file.name}"),
        limits=limits,
        mounts=(Mount(box.folder / "input", "/input"),),
    )
    wanted = () if program.name.startswith("metric_") else spec.wanted
    mounts = (Mount(corpus.SHARED, "/app"), *spec.mounts[1:])
    report = box.run(replace(spec, mounts=mounts, wanted=wanted))
    told = corpus.verdicts(report.log)
    assert {word for word, _ in told} <= program.words, told
    assert report.outcome in program.outcomes, (report.outcome, report.reason, told)
    assert report.reason in program.reasons | {""}
