"""Any order of submit, rescore, select, merge, disqualify, close, reveal, award, on both databases.

See `machine` for the deeds and `promises`, `on_boards`, `on_prizes` for what stays true.
"""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.flows.any_order.machine import AnyOrder
from tests.flows.any_order.rules_of_challenges import KINDS
from tests.flows.any_order.site import Stages


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def stages(request: pytest.FixtureRequest, tmp_path: Path) -> Stages:
    """Sites to copy, on each database."""
    is_sqlite = request.param == "sqlite"
    made = Stages(
        tmp_path, postgres=None if is_sqlite else request.getfixturevalue("postgres_address")
    )
    made.make(*KINDS)
    return made


def run(stages: Stages, *, examples: int, steps: int) -> None:
    machine = type("AnyOrderHere", (AnyOrder,), {"stages": stages})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_order_of_deeds_keeps_every_promise(stages: Stages) -> None:
    run(stages, examples=3, steps=25)


@pytest.mark.slow
def test_any_order_of_many_deeds_keeps_every_promise(stages: Stages) -> None:
    run(stages, examples=40, steps=40)
