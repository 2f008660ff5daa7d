"""Scores on resampled rows against a plain bootstrap by another library, and against theory."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from palio.scoring import resampling
from palio.scoring.card import MetricChoice
from palio.scoring.columns import Predictions
from palio.scoring.form import IdKind, PredictionForm, TargetColumn, TargetKind
from palio.scoring.key import AnswerKey, compile_key
from palio.scoring.metrics.base import UndefinedMetricError

SECRET = bytes(range(32))
AUC = MetricChoice("roc_auc", digits=4)
PEARSON = MetricChoice("pearson", digits=4)
LABELS = TargetColumn(name="is_spam", kind=TargetKind.LABEL, labels=("no", "yes"))
NUMBERS = TargetColumn(name="value", kind=TargetKind.REAL)


@dataclass(frozen=True)
class Set:
    key: AnswerKey
    private: NDArray[np.bool_]
    truth: NDArray[np.float64]


def made(folder: Path, truth: NDArray[np.float64], *, answers: TargetColumn) -> Set:
    """Compile answers of which every third row is public."""
    private = np.arange(len(truth)) % 3 > 0
    words = [answers.labels[int(each)] if answers.labels else repr(float(each)) for each in truth]
    lines = [
        f"{row},{word},{'Private' if private[row] else 'Public'}" for row, word in enumerate(words)
    ]
    solution = folder / "solution.csv"
    solution.write_text("\n".join([f"id,{answers.name},Usage", *lines]) + "\n")
    form = PredictionForm(id_column="id", id_kind=IdKind.INTEGER, targets=(NUMBERS,))
    ids, sealed = folder / "ids", folder / "sealed"
    compile_key(
        solution=solution,
        form=form,
        truth=(answers,),
        public_share=None,
        seed=None,
        ids_path=ids,
        sealed_path=sealed,
    )
    return Set(AnswerKey.open(ids, sealed), private, truth)


def predicted(values: NDArray[np.float64]) -> Predictions:
    return Predictions((values,), len(values), in_slots=False)


def spam(folder: Path, rows: int = 300) -> Set:
    truth = (np.random.default_rng(1).random(rows) < 0.4).astype(float)
    return made(folder, truth, answers=LABELS)


def test_area_under_curve_is_that_of_a_row_bootstrap(tmp_path: Path) -> None:
    of = spam(tmp_path)
    guesses = of.truth + np.random.default_rng(2).normal(size=len(of.truth))
    found = resampling.resampled(
        key=of.key, predictions=predicted(guesses), choice=AUC, secret=SECRET
    )
    truth, guesses = of.truth[of.private], guesses[of.private]
    assert (found.rows, len(found.scores)) == (200, 1000)
    assert found.exact == pytest.approx(roc_auc_score(truth, guesses), abs=1e-12)
    for draw in range(0, 1000, 10):
        rows = resampling.drawn_rows(SECRET, draw=draw, rows=200, of=200)
        assert found.scores[draw] == pytest.approx(
            roc_auc_score(truth[rows], guesses[rows]), abs=1e-12
        )


def test_two_submissions_are_scored_on_the_same_rows(tmp_path: Path) -> None:
    """Nearly equal ones differ by far less than each of them varies."""
    of = spam(tmp_path)
    rng = np.random.default_rng(3)
    guesses = of.truth + rng.normal(size=len(of.truth))
    both = [guesses, guesses + rng.normal(size=len(guesses)) * 0.02]
    first, second = (
        resampling.resampled(key=of.key, predictions=predicted(each), choice=AUC, secret=SECRET)
        for each in both
    )
    assert (first.scores - second.scores).std() < 0.2 * first.scores.std()


def test_draws_follow_from_the_secret_and_their_number_alone() -> None:
    rows = resampling.drawn_rows(SECRET, draw=5, rows=50, of=1000)
    assert rows.tolist() == resampling.drawn_rows(SECRET, draw=5, rows=50, of=1000).tolist()
    assert rows.tolist() != resampling.drawn_rows(SECRET, draw=6, rows=50, of=1000).tolist()
    assert rows.tolist() != resampling.drawn_rows(bytes(32), draw=5, rows=50, of=1000).tolist()
    many = resampling.drawn_rows(SECRET, draw=0, rows=100_000, of=10)
    assert np.bincount(many, minlength=10) == pytest.approx(10_000, rel=0.05)


def test_first_rows_of_a_draw_are_what_they_always_were() -> None:
    """Draws made by different versions of the library are compared with each other."""
    rows = resampling.drawn_rows(SECRET, draw=3, rows=4, of=1_000_000)
    assert rows.tolist() == [495176, 541913, 677599, 788252]


def test_fewer_rows_in_a_draw_give_the_spread_of_all_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against Fisher's standard error of a correlation, (1 - r²) / sqrt(n)."""
    rng = np.random.default_rng(4)
    truth = rng.normal(size=6000)
    guesses = truth + rng.normal(size=6000)
    of = made(tmp_path, truth, answers=NUMBERS)
    monkeypatch.setattr(resampling, "CELLS", resampling.LINES * resampling.DRAWS_LEAST * 500)
    found = resampling.resampled(
        key=of.key, predictions=predicted(guesses), choice=PEARSON, secret=SECRET
    )
    assert (found.rows, len(found.scores)) == (500, resampling.DRAWS_LEAST)
    expected = (1 - found.exact**2) / math.sqrt(4000)
    assert found.scores.std(ddof=1) == pytest.approx(expected, rel=0.15)
    assert found.scores.mean() == pytest.approx(found.exact, abs=expected / 2)


def test_resample_without_a_value_is_no_number(tmp_path: Path) -> None:
    truth = np.zeros(12)
    truth[[0, 1, 2]] = 1  # of the eight private rows two are positive
    of = made(tmp_path, truth, answers=LABELS)
    found = resampling.resampled(
        key=of.key, predictions=predicted(np.arange(12.0)), choice=AUC, secret=SECRET
    )
    share = float(np.isnan(found.scores).mean())
    assert share == pytest.approx((6 / 8) ** 8 + (2 / 8) ** 8, abs=0.04)


def test_submission_without_an_exact_value_is_refused(tmp_path: Path) -> None:
    of = made(tmp_path, np.array([1.0, 0, 0, 1, 0, 0]), answers=LABELS)
    with pytest.raises(UndefinedMetricError):
        resampling.resampled(
            key=of.key, predictions=predicted(np.arange(6.0)), choice=AUC, secret=SECRET
        )


@pytest.mark.parametrize(
    ("rows", "columns", "wanted"),
    [
        (100, 1, (100, 1000)),
        (2_000, 1, (2_000, 1000)),
        (4_000, 1, (4_000, 500)),
        (10_000, 1, (10_000, 200)),
        (1_400_000, 1, (10_000, 200)),
        (1_400_000, 4, (2_500, 200)),
        (1_400_000, 1000, (500, 200)),
    ],
)
def test_effort_stays_in_its_budget(rows: int, columns: int, wanted: tuple[int, int]) -> None:
    found = resampling.effort(rows=rows, columns=columns)
    assert (found.rows, found.draws) == wanted
