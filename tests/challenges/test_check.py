"""`check` judges a folder with the code of the server and scores what is in it."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from palio.challenges import new_pack, packs
from palio.challenges.check import LineKind, PackReport, check_pack, require_sound
from palio.challenges.errors import FolderTakenError, PackRefusedError
from palio.challenges.sample import write_sample
from palio.scoring.form import (
    FileFormat,
    IdKind,
    PredictionForm,
    TargetColumn,
    TargetKind,
)
from palio.scoring.read import read_predictions
from palio.scoring.rows import RowIds

EXAMPLE = Path(packs.__file__).parent / "examples" / "netflix-mini"
NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound challenge folder to spoil."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "challenge"))


@pytest.fixture
def check(tmp_path: Path) -> Callable[[Path], PackReport]:
    workdir = tmp_path / "work"
    workdir.mkdir()
    return lambda folder: check_pack(folder, workdir=workdir)


Check = Callable[[Path], PackReport]


def edit(folder: Path, old: str, new: str) -> None:
    toml = folder / "challenge.toml"
    text = toml.read_text()
    assert text.count(old) == 1
    toml.write_text(text.replace(old, new))


def write_solution(folder: Path, values: list[str], *, usage: list[str] | None = None) -> None:
    rows = [f"{n},{value}" for n, value in enumerate(values, start=1)]
    if usage:
        rows = [f"{row},{part}" for row, part in zip(rows, usage, strict=True)]
    header = "id,rating,Usage" if usage else "id,rating"
    (folder / "solution.csv").write_text("\n".join([header, *rows, ""]))


def test_example_passes_without_a_word_of_complaint(folder: Path, check: Check) -> None:
    report = check(folder)
    assert (report.findings, report.warnings, report.is_sound) == ((), (), True)
    assert report.pack == packs.read_pack(folder)
    assert report.key is not None
    key = report.key
    assert (key.rows, key.public_rows, key.private_rows, key.ignored_rows) == (60, 30, 30, 0)
    assert [(line.label, line.kind) for line in report.board] == [
        ("film-mean", LineKind.BASELINE),
        ("global-mean", LineKind.BASELINE),
        ("sample submission", LineKind.SAMPLE),
    ]
    assert [score.metric for score in report.board[0].public] == ["rmse", "mae"]


def test_only_a_sound_folder_may_be_published(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    assert require_sound(folder, workdir=tmp_path / "w") == packs.read_pack(folder)
    write_solution(folder, ["9"] * 60)
    with pytest.raises(PackRefusedError, match="more than 49 mistakes") as refusal:
        require_sound(folder, workdir=tmp_path / "w")
    assert refusal.value.findings[0].file == "solution.csv"


def test_board_is_in_the_direction_of_the_metric(folder: Path, check: Check) -> None:
    edit(folder, 'name = "rmse"', 'name = "pearson"')
    report = check(folder)
    assert report.findings == ()
    scores = [line.public[0].rounded for line in report.board]
    assert scores == sorted(scores, reverse=True)


def test_sample_is_made_when_there_is_none(folder: Path, check: Check) -> None:
    given = check(folder).board
    (folder / "sample_submission.csv").unlink()
    assert check(folder).board == given  # the example's is the same: 2.75 throughout


def test_bad_solution_is_told_line_by_line_beside_the_other_mistakes(
    folder: Path, check: Check
) -> None:
    write_solution(folder, ["3", "nan", "9", *["4"] * 57])
    (folder / "rules.md").unlink()
    report = check(folder)
    assert (report.pack, report.key, report.board) == (None, None, ())
    assert [(f.code, f.file, f.line) for f in report.findings] == [
        ("file:missing", "rules.md", None),
        ("value:not_finite", "solution.csv", 3),
        ("value:range", "solution.csv", 4),
    ]


def test_refused_sample_and_baselines_are_told_by_file(folder: Path, check: Check) -> None:
    for name in ("sample_submission.csv", "baselines/film-mean.csv"):
        path = folder / name
        path.write_text(path.read_text().replace("\n7,", "\n6,"))
    report = check(folder)
    assert [(f.code, f.file, f.line) for f in report.findings] == [
        ("id:duplicate", "sample_submission.csv", 8),
        ("id:missing", "sample_submission.csv", None),
        ("id:duplicate", "baselines/film-mean.csv", 8),
        ("id:missing", "baselines/film-mean.csv", None),
    ]
    assert [line.label for line in report.board] == ["global-mean"]


def test_bad_solution_is_told_together_with_mistakes_in_the_settings(
    folder: Path, check: Check
) -> None:
    edit(folder, 'organizer = "', 'organiser = "')
    write_solution(folder, ["3.5", "three"])
    found = {(finding.file, finding.code) for finding in check(folder).findings}
    assert {file for file, _ in found} >= {"challenge.toml", "solution.csv"}
    assert ("solution.csv", "value:not_number") in found


def test_sound_solution_beside_an_unknown_metric_is_no_mistake(folder: Path, check: Check) -> None:
    edit(folder, 'name = "rmse"', 'name = "rmsee"')
    report = check(folder)
    assert {finding.file for finding in report.findings} == {"challenge.toml"}
    assert (report.pack, report.board) == (None, ())


def test_solution_without_any_way_to_split_has_the_way_out(folder: Path, check: Check) -> None:
    edit(folder, "public_share = 0.5\n", "")
    (finding,) = check(folder).findings
    assert (finding.code, finding.file) == ("usage:missing", "solution.csv")
    assert "public_share and seed" in finding.hint


@pytest.mark.parametrize("missing", ["Public", "Private"])
def test_part_without_rows_is_refused(folder: Path, check: Check, missing: str) -> None:
    other = "Private" if missing == "Public" else "Public"
    values = [line.split(",")[1] for line in (folder / "solution.csv").read_text().split()[1:]]
    write_solution(folder, values, usage=[other] * 60)
    (finding,) = check(folder).findings
    assert (finding.code, finding.text) == ("answers:no_rows", f"No row is {missing.lower()}.")


def codes(report: PackReport) -> list[str]:
    assert report.findings == ()
    return [warning.code for warning in report.warnings]


def test_tiny_part_is_warned_of(folder: Path, check: Check) -> None:
    edit(folder, "public_share = 0.5", "public_share = 0.1")
    assert codes(check(folder)) == ["answers:few_rows"]


def test_constant_answers_are_warned_of(folder: Path, check: Check) -> None:
    write_solution(folder, ["3"] * 60)
    assert codes(check(folder)) == ["answers:constant"] * 2


def test_metric_without_value_on_a_part_is_warned_of(folder: Path, check: Check) -> None:
    edit(folder, 'name = "mae"', 'name = "pearson"')
    usage = ["Public", "Private"] * 30
    values = ["3" if part == "Public" else str(1 + n % 4) for n, part in enumerate(usage)]
    write_solution(folder, values, usage=usage)
    report = check(folder)
    assert report.findings == ()
    assert [(w.code, w.file) for w in report.warnings if w.code != "leak:order"] == [
        ("answers:constant", "solution.csv"),
        ("metric:undefined", "solution.csv"),
        ("metric:undefined", "sample_submission.csv"),
        ("metric:undefined", "baselines/film-mean.csv"),
        ("metric:undefined", "baselines/global-mean.csv"),
    ]


def test_sorted_answers_are_warned_of(folder: Path, check: Check) -> None:
    write_solution(folder, sorted(str(1 + n % 5) for n in range(60)))
    assert codes(check(folder)) == ["leak:order"] * 2


def test_sample_that_holds_the_answers_is_warned_of(folder: Path, check: Check) -> None:
    shutil.copy(folder / "solution.csv", folder / "sample_submission.csv")
    assert codes(check(folder)) == ["sample:perfect"]


def test_class_missing_from_a_part_leaves_log_loss_and_auc_to_be_warned_of(
    folder: Path, check: Check
) -> None:
    edit(folder, 'name = "rmse"', 'name = "roc_auc"')
    edit(folder, '[[metrics]]\nname = "mae"\n', "")
    edit(folder, "minimum = 0.5\nmaximum = 5.0\n", "minimum = 0.0\nmaximum = 1.0\n")
    target = '[[answers.targets]]\nname = "rating"\nkind = "label"\nlabels = ["no", "yes"]\n'
    edit(folder, "[[phases]]", f"{target}[[phases]]")
    shutil.rmtree(folder / "baselines")
    (folder / "sample_submission.csv").unlink()
    usage = ["Public", "Private"] * 30
    cycle = ["no", "no", "no", "yes"]
    write_solution(folder, [cycle[n % 4] for n in range(60)], usage=usage)
    assert codes(check(folder)) == ["answers:constant", "metric:undefined"]


def test_new_challenge_passes_without_a_word_of_complaint(tmp_path: Path, check: Check) -> None:
    written = new_pack.new_pack(tmp_path / "new", slug="my-own", title='My "own" é', now=NOW)
    assert {path.relative_to(tmp_path / "new") for path in written} == {
        path.relative_to(EXAMPLE) for path in EXAMPLE.rglob("*") if path.is_file()
    }
    report = check(tmp_path / "new")
    assert (report.findings, report.warnings) == ((), ())
    assert report.pack is not None
    plan = report.pack.plan
    assert (plan.slug, plan.title) == ("my-own", 'My "own" é')
    assert plan.phases[0].opens_at == datetime(2026, 11, 22, 4, tzinfo=UTC)
    assert plan.phases[0].closes_at == datetime(2026, 12, 22, 4, tzinfo=UTC)
    assert plan.split_seed != packs.read_pack(EXAMPLE).plan.split_seed


def test_new_challenge_overwrites_nothing(folder: Path) -> None:
    with pytest.raises(FolderTakenError):
        new_pack.new_pack(folder, slug="my-own", title="Mine", now=NOW)


@pytest.mark.parametrize(("slug", "title"), [("My own", "x"), ("a", " "), ("a", "x\ny"), ("", "x")])
def test_new_challenge_needs_a_sound_name(tmp_path: Path, slug: str, title: str) -> None:
    with pytest.raises(PackRefusedError):
        new_pack.new_pack(tmp_path / "new", slug=slug, title=title, now=NOW)
    assert not (tmp_path / "new").exists()


TARGETS = (
    TargetColumn("real", minimum=1.0, maximum=4.0),
    TargetColumn("open"),
    TargetColumn("low", minimum=-3.0),
    TargetColumn("whole", TargetKind.INTEGER, minimum=1, maximum=4),
    TargetColumn("label", TargetKind.LABEL, labels=("x,y", "z")),
    TargetColumn("items", TargetKind.ITEMS),
)


def test_made_sample_is_a_sound_submission(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    form = PredictionForm("row", IdKind.TEXT, TARGETS)
    ids = RowIds.of(["b", 'a,"quoted"', "ç"], kind=IdKind.TEXT)
    write_sample(path, form=form, ids=ids)
    predictions = read_predictions(path, form=form, ids=ids)
    held = [[json.dumps(value, default=lambda n: n.item()) for value in c] for c in
            predictions.columns]  # fmt: skip
    assert held == [["2.5"] * 3, ["0.0"] * 3, ["-3.0"] * 3, ["2.0"] * 3, ["0"] * 3,
                    ['["item"]'] * 3]  # fmt: skip


def test_made_sample_may_have_netflixs_form(tmp_path: Path) -> None:
    path = tmp_path / "sample.txt"
    form = PredictionForm("id", IdKind.TEXT, TARGETS[:1], formats=(FileFormat.NETFLIX,))
    ids = RowIds.of(["1:7", "1:9", "2:7"], kind=IdKind.TEXT)
    write_sample(path, form=form, ids=ids)
    assert path.read_text() == "1:\n2.5\n2.5\n2:\n2.5\n"
    assert read_predictions(path, form=form, ids=ids).rows == 3


def test_step_too_small_or_too_large_is_warned_of_once(folder: Path, check: Check) -> None:
    toml = folder / "challenge.toml"
    settings = toml.read_text()
    for step, expected in (("0.0000001", ["release:step"]), ("1000000", ["release:step"])):
        toml.write_text(f'{settings}\n[board.release]\nkind = "ladder"\nstep = {step}\n')
        report = check(folder)
        assert [code for code in codes_of_warnings(report) if "step" in code] == expected


def codes_of_warnings(report: PackReport) -> list[str]:
    return [warning.code for warning in report.warnings]


GRAND = """[[prizes]]
kind = "threshold"
title = "Grand Prize"
amount = "1000.00"
currency = "EUR"
improvement = {}
"""


def with_prize(folder: Path, improvement: str) -> None:
    toml = folder / "challenge.toml"
    toml.write_text(toml.read_text() + "\n" + GRAND.format(improvement))


def test_prize_for_an_improvement_on_nothing_is_refused(folder: Path, check: Check) -> None:
    with_prize(folder, "10")
    assert check(folder).findings == ()
    shutil.rmtree(folder / "baselines")
    (finding,) = check(folder).findings
    assert (finding.code, finding.file) == ("prize:line", "challenge.toml")
    assert finding.text == 'Nothing tells what "Grand Prize" is to improve on.'


def test_prize_that_no_score_wins_is_refused(folder: Path, check: Check) -> None:
    with_prize(folder, "101")
    report = check(folder)
    assert report.pack is None
    assert [(each.code, each.text.partition(",")[0]) for each in report.findings] == [
        ("prize:line", f"No score is 101 % better than {part[0].rounded}")
        for part in (report.board[0].public, report.board[0].private)
    ]


def test_prize_over_a_baseline_of_zero_is_refused(folder: Path, check: Check) -> None:
    with_prize(folder, "10")
    shutil.copy(folder / "solution.csv", folder / "baselines" / "baseline.csv")
    assert [each.text for each in check(folder).findings] == [
        f"The baseline scores 0.0000 on the {part} part, and nothing is a percentage of 0:"
        ' "Grand Prize" has no line.'
        for part in ("public", "private")
    ]
