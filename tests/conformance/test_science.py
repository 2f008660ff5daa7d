from dataclasses import replace
from pathlib import Path

import pytest
from tests.conformance.bench import LIMITS, MIB, PYTHON, Bench, content

from palio.sandbox.outcome import Outcome
from palio.sandbox.runtime import build
from palio.sandbox.spec import RuntimeRoot


@pytest.fixture(scope="session")
def full_root(state: Path) -> RuntimeRoot:
    return build.ensure(state)


@pytest.mark.slow
def test_model_with_the_packages_of_the_runtime_passes(box: Bench, full_root: RuntimeRoot) -> None:
    limits = replace(LIMITS, seconds=120, memory_bytes=1024 * MIB, scratch_bytes=64 * MIB)
    spec = box.spec(PYTHON, "-Es", "/app/good_science.py", limits=limits)
    report = box.run(replace(spec, root=full_root))
    assert (report.outcome, report.log[-300:]) == (Outcome.FINISHED, report.log[-300:])
    assert content(report) == b"id,y\n1,0.5\n2,0.5\n"
