"""A team's code in a real box, from the upload to the board."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.factories.arena import MODEL_FILES, MODELS, Arena, make_arena
from tests.factories.models import Models, send

from palio.core.settings import Settings
from palio.pipeline import boxes, worker
from palio.sandbox.choose import Need
from palio.sandbox.outcome import Outcome
from palio.sandbox.runtime.build import ensure
from palio.submissions.contracts import SubmissionState

MAIN = """
import csv, os, pathlib
rows = list(csv.DictReader(open("/input/test.csv")))
print("rows", len(rows), "uid", os.getuid())
lines = ["id,rating"] + [f"{row['id']},{row['film']}" for row in rows]
pathlib.Path("/output/predictions.csv").write_text("\\n".join(lines) + "\\n")
"""
TEST_ROWS = "id,film\n" + "".join(f"{row + 1},3\n" for row in range(40))
SAMPLE_ROWS = b"id,film\n900001,3\n900002,4\n"


def zipped(main: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("palio-model.toml", 'command = ["python3", "main.py"]')
        archive.writestr("main.py", main)
    return held.getvalue()


@pytest.fixture
def arena(sqlite_engine: Engine, tmp_path: Path) -> Arena:
    made = make_arena(sqlite_engine, tmp_path)
    files = MODEL_FILES | {
        "models/input/test.csv": TEST_ROWS.encode(),
        "models/sample/test.csv": SAMPLE_ROWS,
    }
    made.launch(changes=MODELS, files=files)
    made.score_all()
    return made


@pytest.fixture
def models(arena: Arena, tmp_path: Path) -> Models:
    settings = Settings(data_folder=tmp_path)
    wanted = worker.wanted_boxes(settings)
    probes = boxes.look(wanted, site="00c0ffee", needs=(Need.CODE,))
    choice = boxes.choice_of(probes, policy=wanted.policy, memory_bytes=boxes.machine_memory())
    if choice.code is None:
        pytest.skip(choice.abilities.words)  # the conformance suite demands that one is there
    made = Models(arena)
    found = boxes.boxes_of(choice, wanted=wanted, site="00c0ffee")
    made.boxes = replace(found, runtime=lambda: ensure(wanted.folder, packages=False))
    made.announce(choice.abilities)
    return made


@pytest.mark.integration
def test_code_is_checked_run_twice_and_scored(arena: Arena, models: Models) -> None:
    team = arena.team("ada")
    good = send(arena, team, zipped(MAIN)).submission_id
    bad = send(arena, team, zipped("raise SystemExit(3)")).submission_id

    while models.run():
        pass
    arena.score_all()
    assert arena.submission(good).state is SubmissionState.SCORED
    smoke, hidden = models.runs(good).smoke, models.runs(good).hidden
    assert smoke is not None
    assert (smoke.log, smoke.outcome) == ("rows 2 uid 65534\n", Outcome.FINISHED)
    assert hidden is not None
    assert hidden.outcome is Outcome.FINISHED
    assert [run.log for run in models.told(good)] == ["rows 40 uid 65534\n"]
    assert arena.submission(bad).reason == (
        "On the public sample your program ended with an error (exit code 3)."
    )

    assert arena.quota(team).used_total == 1
    assert list((models.boxes.folder / "attempts").iterdir()) == []
