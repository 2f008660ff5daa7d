import os
from datetime import timedelta

import pytest
from tests.factories.arena import Arena
from tests.factories.models import Models, send

from palio.accounts.contracts import Team
from palio.core.clock import database_now
from palio.pipeline import leases
from palio.pipeline.contracts import Queue
from palio.pipeline.keeper import Keeper
from palio.sandbox.outcome import Box
from palio.sandbox.runtime import build
from palio.sandbox.spec import RunName
from palio.submissions import runs
from palio.submissions.contracts import RunRef


@pytest.fixture
def keeper(models: Models) -> Keeper:
    return Keeper(models.bench, keep_days=7)


def test_boxes_and_folders_of_jobs_that_nobody_holds_are_cleared_away(
    model_arena: Arena, models: Models, team: Team, keeper: Keeper
) -> None:
    send(model_arena, team)
    with models.bench.work() as session:
        now = database_now(session)
        held = leases.claim(
            session, queue=Queue.MODEL, worker="w", terms=models.bench.terms, now=now
        )
    assert held is not None
    live = RunName("00c0ffee", held.job_id, held.fence, "model")
    stale = RunName("00c0ffee", held.job_id, held.fence - 1, "model")
    strange = RunName("00c0ffee", "f" * 32, 1, "metric-public")
    models.sandbox.left = [live, stale, strange]
    attempts = models.boxes.folder / "attempts"
    for name in (live, stale, strange):
        (attempts / f"{name.job}-{name.fence}-abc").mkdir(parents=True)
    assert set(keeper.reap()) == {str(stale), str(strange)}
    assert [path.name for path in attempts.iterdir()] == [f"{live.job}-{live.fence}-abc"]


def test_a_stray_file_among_the_attempts_is_left_alone(models: Models, keeper: Keeper) -> None:
    attempts = models.boxes.folder / "attempts"
    attempts.mkdir(parents=True)
    for name in (".keep", "lost+found", "a-b-c"):
        (attempts / name).touch()
    assert keeper.reap() == ()
    assert {path.name for path in attempts.iterdir()} == {".keep", "lost+found", "a-b-c"}


def test_a_probe_of_a_neighbour_is_left_alone_for_a_while(models: Models, keeper: Keeper) -> None:
    models.sandbox.left = [RunName("00c0ffee", "abcd", 0, "trial")]
    assert keeper.reap() == ()


def test_images_of_pending_and_late_submissions_are_kept(
    model_arena: Arena, models: Models, team: Team, keeper: Keeper
) -> None:
    old, late, pending = (send(model_arena, team).submission_id for _ in range(3))
    now = model_arena.now()
    with models.bench.work() as session:
        for submission_id, image_id, days in (
            (old, "sha256:old", 8),
            (late, "sha256:late", 6),
            (pending, "sha256:pending", 30),
        ):
            run = RunRef(submission_id, Box.SMOKE, 1)
            at = now - timedelta(days=days)
            runs.begin(session, run=run, image_id=image_id, now=at)
    with model_arena.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE submission SET state = 'failed' WHERE id IN ('{old}', '{late}')"  # noqa: S608 (our own ids)
        )
    models.sandbox.images = {"sha256:old", "sha256:late", "sha256:pending", "sha256:stray"}
    keeper.prune()
    assert models.sandbox.images == {"sha256:late", "sha256:pending"}


def test_packages_not_used_for_days_are_removed(models: Models, keeper: Keeper) -> None:
    for name, days in (("a" * 64, 8), ("b" * 64, 1)):
        path = models.boxes.folder / "packages" / name
        path.mkdir(parents=True)
        at = path.stat().st_mtime - days * 24 * 3600
        os.utime(path, (at, at))
    keeper.prune()
    left = [path.name for path in (models.boxes.folder / "packages").iterdir()]
    assert left == ["b" * 64]


def test_runtimes_of_before_an_update_are_removed_and_the_one_in_force_stays(
    models: Models, keeper: Keeper
) -> None:
    folder = models.boxes.folder / "runtime"
    ours = build.digest_of(packages=True)[:16]
    for name, days in (("a" * 16, 8), ("b" * 16, 1), (ours, 8)):
        (folder / name).mkdir(parents=True)
        (folder / name / "runtime.json").write_text("{}")
        lock = folder / f"{name}.lock"
        lock.touch()
        at = lock.stat().st_mtime - days * 24 * 3600
        os.utime(lock, (at, at))
    keeper.prune()
    left = {path.name for path in folder.iterdir()}
    assert left == {"b" * 16, "b" * 16 + ".lock", ours, f"{ours}.lock"}
    build.ensure(models.boxes.folder)  # used again
    assert build.forget(models.boxes.folder, days=7) == ()
