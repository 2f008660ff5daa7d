from pathlib import Path

import pytest

from palio.sandbox.fake import FakeSandbox, Scene
from palio.sandbox.outcome import Killer, Outcome
from palio.sandbox.spec import (
    Limits,
    RunName,
    RunSpec,
    RuntimeRoot,
    SandboxError,
    Wanted,
)


def spec(box: str) -> RunSpec:
    return RunSpec(
        name=RunName("0badcafe", "job1", 1, box),
        root=RuntimeRoot(Path("/nowhere")),
        argv=("python", "main.py"),
        limits=Limits(seconds=1, memory_bytes=2**20, log_bytes=4),
        wanted=(Wanted("predictions.csv", 100),),
    )


def test_scene_gives_its_files(tmp_path: Path) -> None:
    fake = FakeSandbox().plays("model", Scene(files={"predictions.csv": b"id\n1\n"}))
    report = fake.run(spec("model"), collect_into=tmp_path)
    assert (report.outcome, report.exit_code, report.collected[0].bytes) == (
        Outcome.FINISHED,
        0,
        5,
    )
    assert report.collected[0].path.read_bytes() == b"id\n1\n"
    assert fake.runs == [spec("model")]


def test_good_end_without_the_wanted_file_is_invalid_output(tmp_path: Path) -> None:
    report = FakeSandbox().plays("model", Scene()).run(spec("model"), collect_into=tmp_path)
    assert (report.outcome, report.reason) == (Outcome.INVALID_OUTPUT, "output:missing")


def test_scenes_follow_each_other_and_the_last_stays(tmp_path: Path) -> None:
    late = Scene(outcome=Outcome.TIMED_OUT, exit_code=137, log=b"too late")
    fake = FakeSandbox().plays("smoke", late, lambda _spec: Scene(outcome=Outcome.PROGRAM_ERROR))
    first, second, third = (fake.run(spec("smoke"), collect_into=tmp_path) for _ in range(3))
    assert (first.killed_by, first.log, first.is_log_cut) == (Killer.CLOCK, b"late", True)
    assert (second.outcome, second.exit_code) == (Outcome.PROGRAM_ERROR, 1)
    assert third == second


def test_box_that_breaks_raises(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="engine is gone"):
        FakeSandbox().breaks("model").run(spec("model"), collect_into=tmp_path)


def test_reap_takes_dead_runs_only() -> None:
    fake, live = FakeSandbox(), RunName("0badcafe", "job2", 2, "model")
    dead = RunName("0badcafe", "job1", 1, "model")
    fake.left = {dead, live}
    assert fake.reap(is_live=lambda name: name == live) == (str(dead),)
    assert fake.left == {live}


def test_images_are_remembered_until_pruned(tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    archive.touch()
    fake = FakeSandbox()
    fake.add_image(archive, image_id="sha256:1")
    assert fake.prune_images(keep=frozenset({"sha256:1"})) == ()
    assert fake.prune_images(keep=frozenset()) == ("sha256:1",)
