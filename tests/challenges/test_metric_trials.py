"""`check` tries a host's own metric, and says what it found."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.challenges.plain_box import PlainBox

from palio.challenges import packs
from palio.challenges.check import PackReport, check_pack
from palio.challenges.metric_trials import Bench
from palio.sandbox.spec import RuntimeRoot, SandboxError

EXAMPLE = Path(packs.__file__).parent / "examples" / "netflix-mini"
METRIC = """
[metric]
seconds = 60

[[metric.scores]]
name = "cost"
better = "lower"
digits = 3
"""
SCORE = "def score(solution, submission, row_id_column_name):\n    "
MAE = SCORE + "return float((solution.rating - submission.rating).abs().mean())\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound challenge folder with a metric of its own."""
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "challenge"))
    toml = folder / "challenge.toml"
    text = toml.read_text()
    start, end = text.index("[[metrics]]"), text.index("[submission]")
    toml.write_text(text[:start] + METRIC + text[end:])
    (folder / "metric.py").write_text(MAE)
    return folder


Check = Callable[..., PackReport]


@pytest.fixture
def check(tmp_path: Path, folder: Path, plain_box: PlainBox) -> Check:
    def check(code: str = "") -> PackReport:
        if code:
            (folder / "metric.py").write_text(code)
        (tmp_path / "work").mkdir()
        bench = Bench(plain_box, RuntimeRoot(tmp_path), "0123abcd")
        return check_pack(folder, workdir=tmp_path / "work", bench=lambda: bench)

    return check


def said(report: PackReport) -> dict[str, str]:
    return {line.what: line.said for line in report.trials}


def codes(report: PackReport) -> tuple[list[str], list[str]]:
    return (
        sorted({finding.code for finding in report.findings}),
        sorted({finding.code for finding in report.warnings}),
    )


def test_sound_metric_is_tried_and_its_board_shown(check: Check) -> None:
    report = check()
    assert (report.findings, report.warnings) == ((), ())
    assert [line.label for line in report.board] == [
        "film-mean",
        "global-mean",
        "sample submission",
    ]
    assert [score.metric for score in report.board[0].public] == ["cost"]
    trials = said(report)
    assert trials["the answers themselves"] == "0.000"
    assert trials["random values"] == trials["the same, rows shuffled"]
    assert trials["one row short"] == "refused before the metric is run"
    assert trials["NaN in the first row"] == "refused before the metric is run"
    assert len(trials) == 8


def test_metric_that_fails_on_the_sample_is_one_fault_with_its_log(check: Check) -> None:
    report = check(SCORE + "return solution.ratings.mean()")
    assert not report.is_sound
    (first,) = report.findings
    assert (first.code, first.file) == ("metric:fault", "sample_submission.csv")
    assert first.text == "On the public part the metric ended with an error (exit code 1)."
    assert "no attribute 'ratings'" in first.hint.splitlines()[-1]
    assert first.hint.count("  File ") == first.hint.count("/metric.py") + first.hint.count(
        "/pandas/"
    )
    assert (report.warnings, report.trials) == ((), ())


def test_metric_that_breaks_the_contract_is_told_so_without_a_traceback(check: Check) -> None:
    (fault,) = check(SCORE + "return float('nan')").findings
    assert fault.hint == "The score cost must be finite; it is nan."


def test_chance_in_a_metric_is_a_fault(check: Check) -> None:
    report = check("import numpy as np\n" + SCORE + "return np.random.default_rng().random()")
    assert "metric:unsteady" in codes(report)[0]


def test_wrong_direction_and_scores_that_say_nothing_are_warned_of(check: Check) -> None:
    report = check(SCORE + "return -float((solution.rating - submission.rating).abs().mean())")
    assert codes(report) == ([], ["metric:direction"])


def test_constants_as_good_as_the_answers_are_warned_of(check: Check) -> None:
    assert codes(check(SCORE + "return 1.0")) == ([], ["metric:flat"])


def test_words_that_depend_on_the_answers_are_warned_of(check: Check) -> None:
    report = check(
        "class ParticipantVisibleError(Exception): pass\n"
        + SCORE
        + "if submission.rating.nunique() > 1: return float(submission.rating.sum())\n"
        + "    raise ParticipantVisibleError(f'not {solution.rating[0]}')"
    )
    assert "metric:tells" in codes(report)[1]


def test_words_that_do_not_depend_on_the_answers_are_fine(check: Check) -> None:
    report = check(
        "class ParticipantVisibleError(Exception): pass\n"
        + SCORE
        + "if set(submission.rating) == {5.0}: raise ParticipantVisibleError('not all 5')\n    "
        + "return float((solution.rating - submission.rating).abs().mean())"
    )
    assert codes(report) == ([], [])
    assert said(report)["highest values"] == "refused: not all 5"


def test_without_boxes_the_metric_is_not_tried_and_check_says_so(
    folder: Path, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    report = check_pack(folder, workdir=tmp_path / "one")
    assert codes(report) == ([], ["metric:not_tried"])

    def none() -> Bench:
        raise SandboxError("bubblewrap is missing.")

    report = check_pack(folder, workdir=tmp_path / "two", bench=none)
    (warning,) = report.warnings
    assert warning.text == "The metric was not tried: bubblewrap is missing."
    assert (report.is_sound, report.board) == (True, ())


def test_no_box_is_asked_for_without_an_own_metric(tmp_path: Path) -> None:
    def none() -> Bench:
        raise AssertionError("asked for")

    (tmp_path / "work").mkdir()
    assert check_pack(EXAMPLE, workdir=tmp_path / "work", bench=none).is_sound


def write_labels(folder: Path) -> None:
    toml = folder / "challenge.toml"
    text = toml.read_text()
    start = text.index("[[submission.targets]]")
    end = text.index("[answers]")
    target = '[[submission.targets]]\nname = "rating"\nkind = "label"\nlabels = ["a", "b"]\n\n'
    toml.write_text(text[:start] + target + text[end:])
    for path in (folder / "solution.csv", folder / "sample_submission.csv"):
        ids = [line.split(",")[0] for line in path.read_text().splitlines()[1:]]
        rows = [f"{one},{'ab'[int(one) * 7 // 3 % 2]}" for one in ids]
        path.write_text("\n".join(["id,rating", *rows, ""]))
    shutil.rmtree(folder / "baselines")


def test_labels_are_tried_with_each_of_them(check: Check, folder: Path) -> None:
    write_labels(folder)
    report = check(SCORE + "return float((solution.rating != submission.rating).mean())")
    trials = said(report)
    assert trials["the answers themselves"] == "0.000"
    low, high = (float(trials[f"{word} values"]) for word in ("lowest", "highest"))
    assert low + high == 1.0
    assert json.dumps(sorted(codes(report)[0])) == "[]"
