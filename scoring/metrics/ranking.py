"""Metrics that ask whether rows with the right label are scored above the others."""

import math
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from palio.scoring.direction import Direction
from palio.scoring.form import TargetKind
from palio.scoring.metrics.base import (
    Codes,
    Columns,
    Metric,
    ParameterSpec,
    Reals,
    UndefinedMetricError,
)
from palio.scoring.metrics.ranks import average_ranks


def area_under_curve(is_positive: NDArray[np.bool_], scores: Reals) -> float:
    """Share of (positive, negative) pairs in the right order, a tie counting half.

    Raises:
        UndefinedMetricError: No positive or no negative row.

    """
    positives = int(np.count_nonzero(is_positive))
    negatives = len(is_positive) - positives
    if positives == 0 or negatives == 0:
        raise UndefinedMetricError("The area under the curve needs answers of both classes.")
    # Ranks are multiples of a half: this sum is exact.
    above = float(np.sum(average_ranks(scores)[is_positive])) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def _roc_auc(truth: tuple[Codes, ...], prediction: tuple[Reals, ...]) -> float:
    return area_under_curve(truth[0] == 1, prediction[0])


def _roc_auc_multiclass(
    truth: tuple[Codes, ...], prediction: tuple[Reals, ...], *, multi_class: str
) -> float:
    codes = truth[0]
    if multi_class == "ovr":
        areas = [area_under_curve(codes == code, col) for code, col in enumerate(prediction)]
        return math.fsum(areas) / len(areas)
    areas = []
    for first, second in combinations(range(len(prediction)), 2):
        chosen = (codes == first) | (codes == second)
        is_first = codes[chosen] == first
        areas.append(area_under_curve(is_first, prediction[first][chosen]))
        areas.append(area_under_curve(~is_first, prediction[second][chosen]))
    return math.fsum(areas) / len(areas)


def _average_precision(truth: tuple[Codes, ...], prediction: tuple[Reals, ...]) -> float:
    order = np.argsort(prediction[0])[::-1]
    scores = prediction[0][order]
    if not math.isfinite(scores[0]) or not math.isfinite(scores[-1]):
        return math.nan
    hits = np.cumsum(truth[0][order] == 1)
    if hits[-1] == 0:
        raise UndefinedMetricError("average_precision has no value when no answer is positive.")
    # Rows with equal scores come in or stay out together: a threshold lies after each group.
    ends = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    hits = hits[ends]
    gained = np.diff(hits, prepend=0)
    return min(1.0, float(np.sum(gained * (hits / (ends + 1))) / hits[-1]))


_gain = partial(
    Metric,
    direction=Direction.HIGHER,
    minimum=0.0,
    maximum=1.0,
    truth_kind=TargetKind.LABEL,
    prediction_kind=TargetKind.REAL,
)

METRICS: tuple[Metric, ...] = (
    _gain(
        name="average_precision",
        title="Average precision",
        is_binary=True,
        formula="sum over thresholds of (recall - recall before) precision; the second declared "
        "label is the positive one",
        source="Manning, Raghavan, Schütze, Introduction to Information Retrieval, 2008, §8.4",
        degenerate="No positive answer: no value. Constant predictions: share of positives. "
        "No rows: no value.",
        rule=_average_precision,
    ),
    _gain(
        name="roc_auc",
        title="Area under the ROC curve",
        is_binary=True,
        formula="share of (positive, negative) pairs where the positive is scored higher, ties "
        "half; the second declared label is the positive one",
        source="Hanley, McNeil, The Meaning and Use of the Area under a ROC Curve, Radiology 143,"
        " 1982",
        degenerate="One label among the answers: no value. Constant predictions: 0.5. "
        "No rows: no value.",
        rule=_roc_auc,
    ),
    _gain(
        name="roc_auc_multiclass",
        title="Area under the ROC curve, many labels",
        columns=Columns.CLASSES,
        formula="mean of the areas of each label against the rest (ovr), or of each ordered pair "
        "of labels (ovo); rows are taken as they are, not divided by their sum",
        source="Fawcett, An introduction to ROC analysis, 2006 (ovr); Hand, Till, Machine Learning"
        " 45, 2001 (ovo)",
        degenerate="A label without answers: no value. Constant predictions: 0.5. "
        "No rows: no value.",
        rule=_roc_auc_multiclass,
        parameters=(
            ParameterSpec(
                "multi_class",
                "ovr",
                "One label against the rest, or one against one.",
                choices=("ovr", "ovo"),
            ),
        ),
    ),
)
