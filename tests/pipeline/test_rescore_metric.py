"""A corrected metric of the organizer's own: the new files run in shadow, a broken one blocks."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.factories.arena import OWN_FILES, OWN_METRIC, Arena, make_arena
from tests.factories.models import Models
from tests.factories.rescoring import REASON, Rescoring
from tests.fakes.sandbox import ended, wrote

from palio.core.clock import database_now
from palio.pipeline import rescore_steps, rescoring, steps
from palio.pipeline.contracts import Queue
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import RunReport, RunSpec
from palio.submissions.rescore_rules import RescoreNotReadyError

COSTS = {b"print()\n": 1.5, b"print(2)\n": 0.5}


def by_its_files(spec: RunSpec, into: Path) -> RunReport:
    """Score as the mounted run.py says; break on any other."""
    (folder,) = (mount.source for mount in spec.mounts if mount.target == "/metric")
    cost = COSTS.get((Path(folder) / "run.py").read_bytes())
    if cost is None:
        return ended(Outcome.PROGRAM_ERROR, log=b"no such cost\n")
    return wrote(into, json.dumps({"cost": cost}).encode(), name="scores.json")


@pytest.fixture
def arena(engine: Engine, tmp_path: Path) -> Arena:
    """A challenge by an own metric, with its baseline scored."""
    made = make_arena(engine, tmp_path)
    made.launch(metrics=OWN_METRIC, files=OWN_FILES)
    models = Models(made)
    models.behave(**{"metric-public": by_its_files, "metric-private": by_its_files})
    made.bench = replace(made.bench, boxes=lambda: models.boxes)
    score_all(made)
    return made


def score_all(arena: Arena) -> None:
    while steps.score_next(arena.bench, on_lost=lambda: None, queue_name=Queue.METRIC):
        pass
    rescore_steps.top_up(arena.bench)


def start(arena: Arena, program: bytes) -> None:
    folder = arena.folder / f"metric-{len(program)}"
    (folder / "metric").mkdir(parents=True)
    (folder / "metric" / "run.py").write_bytes(program)
    blob = rescoring.store_metric(folder, arena.challenge.plan, sealed=arena.sealed)
    with arena.bench.work() as session:
        rescoring.start_with_metric(
            session,
            challenge=arena.challenge,
            metric=blob,
            reason=REASON,
            by="host",
            now=database_now(session),
        )
    score_all(arena)


def test_the_corrected_files_score_and_undo_brings_the_first_ones_back(arena: Arena) -> None:
    sets = Rescoring(arena)
    sets.publish()
    start(arena, b"print(2)\n")
    assert [str(score) for *_, score in sets.board()] == ["1.50"]
    sets.apply()
    assert [str(score) for *_, score in sets.board()] == ["0.50"]
    sets.undo()
    assert [str(score) for *_, score in sets.board()] == ["1.50"]


def test_a_corrected_metric_that_breaks_is_never_applied(arena: Arena) -> None:
    sets = Rescoring(arena)
    sets.publish()
    start(arena, b"print(33)\n")
    progress = sets.view().progress
    assert progress is not None
    assert (progress.faults, progress.missing) == (1, 0)
    with pytest.raises(RescoreNotReadyError) as refused:
        sets.apply()
    assert refused.value.detail.startswith("The correction failed on 1 submissions")
    assert [str(score) for *_, score in sets.board()] == ["1.50"]
