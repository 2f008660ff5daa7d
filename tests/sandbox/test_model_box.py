"""The run of a code submission and its rehearsal at home: what it sees, what comes out."""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from palio.sandbox import model_box
from palio.sandbox.outcome import Killer, Outcome
from palio.sandbox.spec import (
    Collected,
    ImageRefusedError,
    Level,
    Limits,
    Mount,
    Probe,
    RunName,
    RunReport,
    RunSpec,
    RuntimeRoot,
    SandboxError,
    Wanted,
)

NAME = RunName(site="0a1b2c3d", job="j7", fence=2, box="model")
RUNTIME = RuntimeRoot(Path("/somewhere"))


@dataclass
class Recorder:
    """A box that starts nothing: it notes what it was asked, and hands out a fixed file."""

    predictions: bytes | None = b"id,prediction\n1,2\n"
    seen: dict[str, str] = field(default_factory=dict)
    specs: list[RunSpec] = field(default_factory=list)
    is_live: Callable[[RunName], bool] = lambda _name: False

    def probe(self) -> Probe:
        return Probe("recorder", Level.NAMESPACES, (), ())

    def run(self, spec: RunSpec, *, collect_into: Path) -> RunReport:
        self.specs.append(spec)
        for mount in spec.mounts:
            for path in sorted(mount.source.rglob("*")):
                name = f"{mount.target}/{path.relative_to(mount.source)}"
                self.seen[name] = f"{stat.S_IMODE(path.stat().st_mode):o}"
        report = RunReport(Outcome.PROGRAM_ERROR, 3, Killer.NOBODY, 0.5, 0.4, 2**20, b"", False, ())  # noqa: FBT003 (is_log_cut)
        if self.predictions is None:
            return report
        path = collect_into / "predictions.csv"
        path.write_bytes(self.predictions)
        sha256 = hashlib.sha256(self.predictions).hexdigest()
        collected = Collected(path.name, path, sha256, len(self.predictions))
        return replace(report, outcome=Outcome.FINISHED, exit_code=0, collected=(collected,))

    def add_image(self, archive: Path, *, image_id: str) -> None:
        raise SandboxError(f"no images here: {archive}, {image_id}")

    def prune_images(self, *, keep: frozenset[str]) -> tuple[str, ...]:
        return tuple(keep)[:0]

    def reap(self, *, is_live: Callable[[RunName], bool]) -> tuple[str, ...]:
        self.is_live = is_live
        return ()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A team's folder with things that are not sent."""
    folder = tmp_path / "mine"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "__pycache__" / "main.pyc").touch()
    (folder / "palio-model.toml").write_text('command = ["python", "main.py"]')
    (folder / "main.py").write_text("print(1)")
    (folder / "main.py").chmod(0o600)
    return folder


@pytest.fixture
def features(tmp_path: Path) -> Path:
    """What becomes /input; a folder that is closed to others."""
    features = tmp_path / "features"
    (features / "more").mkdir(parents=True)
    (features / "more" / "a.csv").write_text("id\n1\n")
    (features / "more" / "a.csv").chmod(0o600)
    features.chmod(0o700)
    return features


def rehearse(box: Recorder, folder: Path, features: Path, tmp_path: Path) -> RunReport:
    return model_box.rehearse(
        box,
        runtime=RUNTIME,
        folder=folder,
        features=features,
        limits=model_box.DEFAULT_LIMITS,
        state=tmp_path / "state",
        out=tmp_path / "out.csv",
    )


def test_code_sees_its_folder_and_the_features_and_gives_one_file(
    folder: Path, features: Path
) -> None:
    limits = Limits(seconds=9, memory_bytes=2**30, cpus=1.5, output_bytes=77)
    spec = model_box.code_spec(
        name=NAME, runtime=RUNTIME, folder=folder, features=features, limits=limits
    )
    assert spec == RunSpec(
        name=NAME,
        root=RUNTIME,
        argv=("python", "main.py"),
        limits=limits,
        mounts=(Mount(features, "/input"), Mount(folder, "/app")),
        env=model_box.environment(limits),
        wanted=(Wanted("predictions.csv", 77),),
        workdir="/app",
    )


@pytest.mark.parametrize(("cpus", "threads"), [(0.5, "1"), (1.0, "1"), (1.5, "2"), (4.0, "4")])
def test_libraries_start_as_many_threads_as_there_are_cores_in_the_box(
    cpus: float, threads: str
) -> None:
    env = model_box.environment(Limits(seconds=1, memory_bytes=1, cpus=cpus))
    assert (env["OMP_NUM_THREADS"], env["OPENBLAS_NUM_THREADS"]) == (threads, threads)


def test_rehearsal_shows_what_the_server_would_and_everybody_may_read_it(
    folder: Path, features: Path, tmp_path: Path
) -> None:
    box = Recorder()
    rehearse(box, folder, features, tmp_path)
    assert box.seen == {
        "/input/more": "755",
        "/input/more/a.csv": "644",
        "/app/main.py": "644",
        "/app/palio-model.toml": "644",
    }
    assert stat.S_IMODE((folder / "main.py").stat().st_mode) == 0o600


def test_rehearsal_puts_the_predictions_where_they_are_wanted_and_leaves_no_copy(
    folder: Path, features: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.csv").write_text("older")
    report = rehearse(Recorder(), folder, features, tmp_path)
    assert report.outcome is Outcome.FINISHED
    assert (tmp_path / "out.csv").read_text() == "id,prediction\n1,2\n"
    assert list((tmp_path / "state").iterdir()) == []


def test_rehearsal_that_fails_leaves_what_is_there(
    folder: Path, features: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.csv").write_text("older")
    report = rehearse(Recorder(predictions=None), folder, features, tmp_path)
    assert report.outcome is Outcome.PROGRAM_ERROR
    assert (tmp_path / "out.csv").read_text() == "older"


def test_rehearsal_clears_away_only_what_dead_rehearsals_left(
    folder: Path, features: Path, tmp_path: Path
) -> None:
    box = Recorder()
    rehearse(box, folder, features, tmp_path)
    ours = box.specs[0].name
    assert (ours.site, ours.box) == (model_box.site_of(tmp_path / "state"), "model")
    assert RunName.parse(str(ours)) == ours
    names = [replace(ours, job=job) for job in (f"home{os.getpid()}", "home999999999", "other")]
    assert [box.is_live(name) for name in names] == [True, False, False]


def test_folder_that_is_not_sound_starts_nothing(
    folder: Path, features: Path, tmp_path: Path
) -> None:
    (folder / "main.py").unlink()
    box = Recorder()
    with pytest.raises(ImageRefusedError, match="which is not in the folder"):
        rehearse(box, folder, features, tmp_path)
    assert box.specs == []


def test_features_with_a_link_to_nowhere_are_told_in_words(
    folder: Path, features: Path, tmp_path: Path
) -> None:
    (features / "b.csv").symlink_to("nowhere")
    with pytest.raises(SandboxError, match=r"b\.csv cannot be copied"):
        rehearse(Recorder(), folder, features, tmp_path)


@pytest.mark.parametrize("job", ["home{}", "probe{}", "check{}x3"])
def test_boxes_at_home_live_as_long_as_the_process_that_made_them(job: str) -> None:
    def is_alive(number: int) -> bool:
        return model_box.is_alive_at_home(RunName("00c0ffee", job.format(number), 0, "metric-try"))

    assert is_alive(os.getpid())
    assert not is_alive(2**30)  # no process has such a number
    assert not model_box.is_alive_at_home(RunName("00c0ffee", "strange", 0, "model"))
