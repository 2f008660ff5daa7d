"""The files for boxes in a challenge folder are sound, hold no answers, and are packed whole."""

import os
import shutil
from pathlib import Path

import pytest

from palio.challenges import packs, program_files
from palio.challenges.check import check_pack
from palio.challenges.packs import look_at, read_pack
from palio.sandbox import bundle
from palio.sandbox.spec import ImageRefusedError

EXAMPLE = Path(packs.__file__).parent / "examples" / "netflix-mini"
METRIC = '[metric]\n[[metric.scores]]\nname = "cost"\nbetter = "lower"\n\n'
PROGRAM = METRIC.replace("[metric]\n", '[metric]\nprogram = ["python", "run.py"]\n', 1)
LIMITS = bundle.BundleLimits(bytes=2**20)


def copy(folder: Path, *, metric: str = METRIC, models: str = "[models]\n") -> Path:
    shutil.copytree(EXAMPLE, folder)
    toml = folder / "challenge.toml"
    text = toml.read_text()
    start, end = text.index("[[metrics]]"), text.index("[submission]")
    toml.write_text(f"{text[:start]}{metric or text[start:end]}{text[end:]}\n{models}")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound folder with a metric of its own that takes models."""
    folder = copy(tmp_path / "challenge")
    (folder / "metric.py").write_text("def score(a, b, c): return 1.0\n")
    for part in ("input", "sample"):
        (folder / "models" / part / "deep").mkdir(parents=True)
        (folder / "models" / part / "rows.csv").write_text("id,film\n1,a\n")
        (folder / "models" / part / "deep" / "more.bin").write_bytes(b"\0")
    return folder


def told(folder: Path) -> list[tuple[str, str]]:
    return [(finding.code, finding.file) for finding in look_at(folder).findings]


def warned(folder: Path) -> list[tuple[str, str]]:
    assert look_at(folder).findings == ()
    return [(finding.code, finding.file) for finding in look_at(folder).warnings]


def files_of(path: Path, into: Path) -> dict[str, bytes]:
    into.mkdir()
    bundle.unpack(path, into, limits=LIMITS)
    found = (path for path in into.rglob("*") if path.is_file())
    return {path.relative_to(into).as_posix(): path.read_bytes() for path in found}


def test_sound_folder_has_no_word_of_complaint(folder: Path) -> None:
    assert warned(folder) == []
    rules = read_pack(folder).plan.models
    assert rules is not None
    assert not rules.has_sample_answers
    (folder / "models" / "sample_submission.csv").write_text("id,rating\n1,3\n")
    assert warned(folder) == []
    rules = read_pack(folder).plan.models
    assert rules is not None
    assert rules.has_sample_answers


def test_bundles_hold_what_the_kinds_say(folder: Path, tmp_path: Path) -> None:
    (folder / "models" / "sample_submission.csv").write_text("id,rating\n1,3\n")
    rules = read_pack(folder).plan.models
    assert rules is not None
    zips = [tmp_path / name for name in ("metric", "features", "sample")]
    program_files.pack_metric(folder, zips[0])
    program_files.pack_features(folder, zips[1])
    program_files.pack_sample(folder, zips[2], rules)
    metric, features, sample = (files_of(path, tmp_path / f"{path.name}.d") for path in zips)
    assert metric == {"metric.py": b"def score(a, b, c): return 1.0\n"}
    assert features == {"rows.csv": b"id,film\n1,a\n", "deep/more.bin": b"\0"}
    assert sample == {
        "sample/rows.csv": b"id,film\n1,a\n",
        "sample/deep/more.bin": b"\0",
        "sample_submission.csv": b"id,rating\n1,3\n",
    }


def test_metric_may_have_a_folder_of_files(folder: Path, tmp_path: Path) -> None:
    (folder / "metric").mkdir()
    (folder / "metric.py").rename(folder / "metric" / "metric.py")
    (folder / "metric" / "tables.csv").write_text("a\n")
    assert warned(folder) == []
    program_files.pack_metric(folder, tmp_path / "zip")
    assert set(files_of(tmp_path / "zip", tmp_path / "d")) == {"metric.py", "tables.csv"}
    (tmp_path / "again").mkdir()
    program_files.unpack_metric(tmp_path / "zip", tmp_path / "again")
    assert (tmp_path / "again" / "tables.csv").stat().st_mode & 0o777 == 0o644


def test_metric_that_is_missing_or_there_twice_is_a_fault(folder: Path) -> None:
    (folder / "metric").mkdir()
    assert told(folder) == [("file:missing", "metric"), ("file:both", "metric.py")]
    (folder / "metric" / "other.py").write_text("")
    assert told(folder) == [("file:missing", "metric"), ("file:both", "metric.py")]
    (folder / "metric.py").unlink()
    assert told(folder) == [("file:missing", "metric")]
    shutil.rmtree(folder / "metric")
    assert told(folder) == [("file:missing", "metric.py")]


def test_program_needs_its_folder(tmp_path: Path) -> None:
    folder = copy(tmp_path / "c", metric=PROGRAM, models="")
    assert told(folder) == [("file:missing", "metric")]
    (folder / "metric").mkdir()
    (folder / "metric" / "run.py").write_text("")
    assert warned(folder) == []
    (folder / "metric.py").write_text("")
    assert warned(folder) == [("file:unused", "metric.py")]


def test_links_are_refused_in_every_part(folder: Path) -> None:
    (folder / "metric.py").unlink()
    (folder / "metric.py").symlink_to("/etc/passwd")
    (folder / "models" / "input" / "link").symlink_to("/etc")
    shutil.rmtree(folder / "models" / "sample")
    (folder / "models" / "sample").symlink_to("/etc")
    (folder / "models" / "sample_submission.csv").symlink_to("/etc/passwd")
    assert set(told(folder)) == {
        ("file:link", "metric.py"),
        ("file:link", "models/input/link"),
        ("file:link", "models/sample"),
        ("file:link", "models/sample_submission.csv"),
    }


def test_whole_folder_of_models_may_not_be_a_link(folder: Path, tmp_path: Path) -> None:
    (folder / "models").rename(tmp_path / "elsewhere")
    (folder / "models").symlink_to(tmp_path / "elsewhere")
    assert told(folder) == [("file:link", "models")]


def test_special_files_and_bad_names_are_refused(folder: Path) -> None:
    os.mkfifo(folder / "models" / "input" / "pipe")
    (folder / "models" / "sample" / "a\\b").write_text("")
    assert told(folder) == [
        ("file:kind", "models/input/pipe"),
        ("file:name", "models/sample/a\\b"),
    ]


def test_models_need_files_of_both_kinds(folder: Path) -> None:
    shutil.rmtree(folder / "models")
    assert told(folder) == [("file:missing", "models/input"), ("file:missing", "models/sample")]


def test_answers_among_the_files_for_models_are_refused(folder: Path) -> None:
    shutil.copy(folder / "solution.csv", folder / "models" / "input" / "rows.csv")
    shutil.copy(folder / "solution.csv", folder / "models" / "sample" / "x.csv")
    findings = look_at(folder).findings
    assert [(finding.code, finding.file) for finding in findings] == [
        ("leak:answers", "models/input/rows.csv"),
        ("leak:answers", "models/sample/x.csv"),
    ]
    assert "any program could copy the hidden answers" in findings[0].text
    assert "everybody could download the hidden answers" in findings[1].text


def test_column_of_the_answers_that_is_no_secret_may_lie_among_the_files(folder: Path) -> None:
    toml = folder / "challenge.toml"
    text = toml.read_text().replace("[metric]", '[metric]\npublic_columns = ["person"]', 1)
    columns = '[[answers.targets]]\nname = "rating"\n[[answers.targets]]\nname = "person"\n'
    toml.write_text(text.replace("[[phases]]", f"{columns}[[phases]]", 1))
    answers = [line.split(",") for line in (folder / "solution.csv").read_text().splitlines()[1:]]
    rows = [f"{key},{rating},{key}" for key, rating in answers]
    (folder / "solution.csv").write_text("\n".join(["id,rating,person", *rows]))
    (folder / "models" / "input" / "rows.csv").write_text(
        "\n".join(["id,person", *(f"{key},{key}" for key, _ in answers)])
    )
    assert told(folder) == []
    toml.write_text(toml.read_text().replace('public_columns = ["person"]', ""))
    assert told(folder) == [("leak:answers", "models/input/rows.csv")]


@pytest.mark.parametrize("name", ["film", "rating"])
def test_public_column_must_be_one_of_the_answers_that_nobody_predicts(
    folder: Path, name: str
) -> None:
    toml = folder / "challenge.toml"
    toml.write_text(toml.read_text().replace("[metric]", f'[metric]\npublic_columns = ["{name}"]'))
    assert told(folder) == [("value:column", "challenge.toml")]


def test_data_may_not_take_the_place_of_the_public_sample(folder: Path) -> None:
    (folder / "data" / "model-sample").mkdir()
    (folder / "data" / "model-sample" / "a.csv").write_text("a\n")
    assert told(folder) == [("file:both", "data/model-sample")]


def test_what_no_table_names_is_warned_of(tmp_path: Path, folder: Path) -> None:
    plain = copy(tmp_path / "plain", metric="", models="")
    for name in ("metric.py", "metric", "models"):
        (plain / name).mkdir()
    assert warned(plain) == [("file:unused", name) for name in ("metric.py", "metric", "models")]
    (folder / "models" / "notes.txt").write_text("")
    assert warned(folder) == [("file:unknown", "models/notes.txt")]


def test_bundle_of_another_kind_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "zip").write_bytes(b"no zip")
    with pytest.raises(ImageRefusedError):
        program_files.unpack_metric(tmp_path / "zip", tmp_path)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("id,rating\n1,3\n1,4\n", "id:duplicate"),
        ("row,rating\n1,3\n", "header:missing_column"),
        ("id,rating\nx,3\n", "id:invalid"),
        ("id,rating\n1,9\n", "value:range"),
    ],
)
def test_sample_submission_for_models_must_be_one(
    folder: Path, tmp_path: Path, rows: str, code: str
) -> None:
    (folder / "models" / "sample_submission.csv").write_text(rows)
    (tmp_path / "work").mkdir()
    report = check_pack(folder, workdir=tmp_path / "work")
    assert [(finding.code, finding.file) for finding in report.findings][:1] == [
        (code, "models/sample_submission.csv")
    ]
