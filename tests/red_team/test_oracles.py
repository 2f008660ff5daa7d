"""Attacks that solve for hidden answers from rounded scores: no rounding hides what is small.

Figures: integrity.md §2.4.
"""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from palio.scoring.card import round_score
from palio.scoring.registry import METRICS

Reals = NDArray[np.float64]
LOG_LOSS, RMSE = METRICS["log_loss"], METRICS["rmse"]


def read_labels(
    truth: NDArray[np.int32], *, digits: int, clip: float = 1e-15
) -> tuple[NDArray[np.int32], int]:
    """Recover labels from log losses: the logits of one query are powers of two apart.

    Returns:
        The labels, and how many submissions it took.

    """
    rows = len(truth)
    step = rows * 10.0**-digits * 1.001  # just above what rounding can hide
    bits = int(math.log2(math.log((1 - clip) / clip) / step)) + 1
    logits = step * 2.0 ** np.arange(bits)
    labels, queries = np.zeros(rows, dtype=np.int32), 0
    for start in range(0, rows, bits):
        here = slice(start, min(start + bits, rows))
        own = logits[: here.stop - here.start]
        guess = np.full(rows, 0.5)
        guess[here] = 1 / (1 + np.exp(own))
        shown = float(round_score(LOG_LOSS.score((truth,), (guess,), clip=clip), digits=digits))
        queries += 1
        if_all_zero = -np.log1p(-guess).sum()
        total = round((shown * rows - if_all_zero) / step)
        labels[here] = (total >> np.arange(len(own))) & 1
    return labels, queries


@pytest.mark.parametrize(
    ("digits", "clip", "queries"), [(5, 1e-15, 16), (3, 1e-15, 29), (5, 1e-3, 18)]
)
def test_log_loss_tells_198_labels_in_a_few_queries(digits: int, clip: float, queries: int) -> None:
    """A5: at most 16 queries and no error; clipping alone does not save anybody."""
    truth = np.random.default_rng(2017).integers(0, 2, 198).astype(np.int32)
    labels, used = read_labels(truth, digits=digits, clip=clip)
    assert np.array_equal(labels, truth)
    assert used <= queries


def blend_by_scores(truth: Reals, models: Reals, *, digits: int) -> float:
    """Blend models by their public scores alone, and return the blend's RMSE.

    x'y = (|y|² + |x|² - n RMSE²) / 2, where a submission of zeros gives |y|².
    """
    rows = len(truth)

    def shown(guess: Reals) -> float:
        return float(round_score(RMSE.score((truth,), (guess,)), digits=digits))

    of_truth = rows * shown(np.zeros(rows)) ** 2
    products = np.array(
        [(of_truth + guess @ guess - rows * shown(guess) ** 2) / 2 for guess in models]
    )
    weights = np.linalg.solve(models @ models.T, products)
    return RMSE.score((truth,), (weights @ models,))


def netflix_like(rows: int) -> tuple[Reals, Reals]:
    """Twenty models of a rating, each with errors of its own and errors they share."""
    rng = np.random.default_rng(20)
    truth = rng.normal(size=rows)
    shared = rng.normal(size=rows) * 0.75
    own = rng.normal(size=(20, rows)) * np.linspace(0.3, 0.6, 20)[:, None]
    return truth, 0.6 * (truth + shared) + own


@pytest.mark.parametrize("rows", [40_000, pytest.param(1_408_342, marks=pytest.mark.slow)])
def test_rmse_tells_the_best_blend_of_twenty_models(rows: int) -> None:
    """A6: with four decimals the blend is least squares to five decimals."""
    truth, models = netflix_like(rows)
    weights = np.linalg.solve(models @ models.T, models @ truth)
    ideal = RMSE.score((truth,), (weights @ models,))
    best = min(RMSE.score((truth,), (model,)) for model in models)
    assert blend_by_scores(truth, models, digits=4) == pytest.approx(ideal, abs=5e-6)
    assert blend_by_scores(truth, models, digits=2) == pytest.approx(ideal, abs=1e-3)
    assert ideal < best - 0.05
