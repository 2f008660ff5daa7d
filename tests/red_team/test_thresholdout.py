"""The reusable holdout, reproduced and not offered: it needs a score on the training data too.

Dwork, Feldman, Hardt, Pitassi, Reingold, Roth, The reusable holdout, Science 349, 2015: an
analyst keeps the variables whose correlations with the labels agree on training data and holdout,
and is told on the holdout that a vote of pure noise predicts.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

Floats = NDArray[np.float32]
BLOCK = 500


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of the vote: on training data, as reported from the holdout, and on fresh data."""

    train: float
    reported: float
    fresh: float


def thresholdout(
    train: NDArray[np.float64], holdout: NDArray[np.float64], *, rows: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Answer from the training data unless the holdout differs by more than a noisy threshold.

    Threshold 4 / sqrt(n), Gaussian noise of 1 / sqrt(n), as in the authors' experiment.
    """
    noise = 1 / np.sqrt(rows)
    differs = np.abs(train - holdout) > 4 * noise + rng.normal(size=train.shape) * noise
    return np.where(differs, holdout + rng.normal(size=train.shape) * noise, train)


def columns(seed: int, size: int, labels: NDArray[np.float32]) -> Iterator[tuple[int, Floats]]:
    """Give the variables block by block, the same each time: (rows of all three sets, BLOCK)."""
    for first in range(0, size, BLOCK):
        rng = np.random.default_rng((2015, seed, first))
        yield first, rng.standard_normal((len(labels), BLOCK), dtype=np.float32)


def analysed(seed: int, *, size: int, kept: int, is_guarded: bool) -> Accuracy:
    """Run the experiment once, without any signal: rows = variables = `size`."""
    rng = np.random.default_rng((2016, seed))
    labels = rng.choice(np.array([-1, 1], dtype=np.float32), 3 * size)
    parts = [slice(place * size, (place + 1) * size) for place in range(3)]
    train, holdout = (
        np.concatenate(
            [labels[part] @ block[part] / size for _, block in columns(seed, size, labels)]
        ).astype(np.float64)
        for part in parts[:2]
    )
    answers = thresholdout(train, holdout, rows=size, rng=rng) if is_guarded else holdout
    line = 1 / np.sqrt(size)
    is_good = (np.abs(train) > line) & (np.abs(answers) > line) & (train * answers > 0)
    order = np.argsort(-np.abs(train) * is_good, kind="stable")[:kept]
    signs = np.zeros(size, dtype=np.float32)
    signs[order] = np.sign(train[order]) * is_good[order]
    vote = np.zeros(3 * size, dtype=np.float32)
    for first, block in columns(seed, size, labels):
        vote += block @ signs[first : first + BLOCK]
    right = [float(np.mean(np.sign(vote[part]) == labels[part])) for part in parts]
    reported = right[1]
    if is_guarded:
        told = thresholdout(np.array(right[:1]), np.array(right[1:2]), rows=size, rng=rng)
        reported = float(told[0])
    return Accuracy(train=right[0], reported=reported, fresh=right[2])


def means(*, size: int, kept: int, is_guarded: bool, times: int) -> Accuracy:
    runs = [analysed(seed, size=size, kept=kept, is_guarded=is_guarded) for seed in range(times)]
    return Accuracy(
        *(float(np.mean([getattr(run, name) for run in runs])) for name in Accuracy.__slots__)
    )


def test_standard_holdout_is_fooled_and_thresholdout_is_not() -> None:
    """A7 at a tenth of the size."""
    standard = means(size=1_000, kept=50, is_guarded=False, times=3)
    guarded = means(size=1_000, kept=50, is_guarded=True, times=3)
    assert standard.reported == pytest.approx(0.635, abs=0.03)
    assert guarded.reported == pytest.approx(0.5, abs=0.06)
    assert guarded.train > 0.65
    for found in (standard, guarded):
        assert found.fresh == pytest.approx(0.5, abs=0.03)


@pytest.mark.slow
def test_figures_of_the_paper() -> None:
    """A7: n = d = 10,000, k = 500: .6353 on the holdout, .50 to .53 guarded, .50 in truth.

    One run each, so the bands are three times the published spread of a run.
    """
    standard = means(size=10_000, kept=500, is_guarded=False, times=1)
    guarded = means(size=10_000, kept=500, is_guarded=True, times=1)
    assert standard.reported == pytest.approx(0.6353, abs=0.015)
    assert standard.train == pytest.approx(0.6323, abs=0.015)
    assert 0.46 <= guarded.reported <= 0.55
    assert guarded.train == pytest.approx(0.6941, abs=0.015)
    for found in (standard, guarded):
        assert found.fresh == pytest.approx(0.50, abs=0.015)
