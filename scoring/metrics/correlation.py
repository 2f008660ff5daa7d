"""Metrics that ask whether predicted numbers move with the true numbers."""

import math
from functools import partial

import numpy as np

from palio.scoring.direction import Direction
from palio.scoring.form import TargetKind
from palio.scoring.metrics import sums
from palio.scoring.metrics.base import Metric, Reals, UndefinedMetricError
from palio.scoring.metrics.ranks import average_ranks

Numbers = tuple[Reals, ...]


def _deviations(values: Reals, name: str) -> Reals:
    """Differences from the mean, in units of the largest: squares neither overflow nor vanish."""
    lowest, highest = float(np.min(values)), float(np.max(values))
    if lowest == highest:
        raise UndefinedMetricError(f"{name} has no value for constant answers or predictions.")
    deviations = values - sums.mean(values)
    deviations /= np.max(np.abs(deviations))
    return deviations


def _bounded(value: float) -> float:
    """Undo rounding that went beyond ±1; NaN stays NaN."""
    return float(np.clip(value, -1.0, 1.0))


def _correlate(first: Reals, second: Reals, name: str) -> float:
    x, y = _deviations(first, name), _deviations(second, name)
    products = sums.total(len(x), lambda rows: x[rows] * y[rows])
    spread_x = sums.total(len(x), lambda rows: np.square(x[rows]))
    spread_y = sums.total(len(y), lambda rows: np.square(y[rows]))
    value = products / (math.sqrt(spread_x) * math.sqrt(spread_y))
    return _bounded(value)


def _pearson(truth: Numbers, prediction: Numbers) -> float:
    return _correlate(truth[0], prediction[0], "pearson")


def _spearman(truth: Numbers, prediction: Numbers) -> float:
    return _correlate(average_ranks(truth[0]), average_ranks(prediction[0]), "spearman")


def _gini(truth: Numbers, prediction: Numbers) -> float:
    deviations = _deviations(truth[0], "gini")
    middle = (len(deviations) + 1) / 2.0
    areas = []
    for ordering in (prediction[0], truth[0]):
        ranks = average_ranks(ordering)
        ranks -= middle
        ranks *= deviations
        areas.append(sums.mean(ranks))
    return _bounded(areas[0] / areas[1])


_gain = partial(
    Metric,
    direction=Direction.HIGHER,
    minimum=-1.0,
    maximum=1.0,
    truth_kind=TargetKind.REAL,
    prediction_kind=TargetKind.REAL,
)
_CONSTANT = "Constant answers or constant predictions: no value. No rows: no value."

METRICS: tuple[Metric, ...] = (
    _gain(
        name="gini",
        title="Normalised Gini coefficient",
        formula="sum(t (rank(p) - m)) / sum(t (rank(t) - m)), m = (n + 1) / 2, equal values share "
        "their mean rank; with answers 0 and 1 this is 2 AUC - 1",
        source="Frees, Meyers, Cummings, Summarizing Insurance Scores Using a Gini Index, JASA 106,"
        " 2011",
        degenerate="Constant answers: no value. Constant predictions: 0. No rows: no value.",
        rule=_gini,
    ),
    _gain(
        name="pearson",
        title="Pearson correlation",
        formula="sum((t - mean(t)) (p - mean(p))) / sqrt(sum((t - mean(t))²) sum((p - mean(p))²))",
        source="Pearson, Regression and Inheritance, Proc. R. Soc. Lond. 58, 1895",
        degenerate=_CONSTANT,
        rule=_pearson,
    ),
    _gain(
        name="spearman",
        title="Spearman rank correlation",
        formula="Pearson correlation of the ranks; equal values share their mean rank",
        source="Spearman, The Proof and Measurement of Association, Am. J. Psychol. 15, 1904",
        degenerate=_CONSTANT,
        rule=_spearman,
    ),
)
