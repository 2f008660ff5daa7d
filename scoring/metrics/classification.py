"""Metrics that compare predicted labels with true labels."""

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from palio.scoring.direction import Direction
from palio.scoring.form import TargetKind
from palio.scoring.metrics.base import Codes, Metric, ParameterSpec, Reals, UndefinedMetricError
from palio.scoring.metrics.sums import blocks

Labels = tuple[Codes, ...]


@dataclass(frozen=True, slots=True)
class LabelCounts:
    """Rows of each label, int64 arrays of shape (labels,).

    Attributes:
        hits: Predicted and true.
        truth: True.
        predicted: Predicted.

    """

    hits: NDArray[np.int64]
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]


def count_labels(truth: Labels, prediction: Labels) -> LabelCounts:
    """Count hits, true and predicted rows for each code up to the largest one, at least two."""
    true, guess = truth[0], prediction[0]
    labels = max(int(np.max(true)), int(np.max(guess)), 1) + 1
    counts = LabelCounts(*(np.zeros(labels, dtype=np.int64) for _ in range(3)))
    for rows in blocks(len(true)):
        block = true[rows]
        counts.hits[:] += np.bincount(block[block == guess[rows]], minlength=labels)
        counts.truth[:] += np.bincount(block, minlength=labels)
        counts.predicted[:] += np.bincount(guess[rows], minlength=labels)
    return counts


def _are_equal(truth: Labels, prediction: Labels) -> Reals:
    return np.asarray(truth[0] == prediction[0], dtype=np.float64)


def _balanced_accuracy(truth: Labels, prediction: Labels) -> float:
    counts = count_labels(truth, prediction)
    present = counts.truth > 0
    return float(np.mean(counts.hits[present] / counts.truth[present]))


def _fbeta(truth: Labels, prediction: Labels, *, beta: float, average: str) -> float:
    counts = count_labels(truth, prediction)
    if average == "micro":
        return float(np.sum(counts.hits) / np.sum(counts.truth))
    present = (counts.truth > 0) | (counts.predicted > 0)
    if average == "binary":
        if counts.truth[1] == 0:
            raise UndefinedMetricError("The F score has no value when no answer is positive.")
        present = np.arange(len(present)) == 1
    share = 1.0 / (1.0 + beta * beta)  # of precision, so that a huge beta does not overflow
    hits, true, guessed = (
        array[present].astype(np.float64) for array in (counts.hits, counts.truth, counts.predicted)
    )
    scores = hits / ((1.0 - share) * true + share * guessed)
    mean = np.average(scores, weights=true if average == "weighted" else None)
    return min(1.0, float(mean))  # rounding may push a mean of ones above 1


def _mcc(truth: Labels, prediction: Labels) -> float:
    counts = count_labels(truth, prediction)
    rows, hits = len(truth[0]), int(np.sum(counts.hits))
    true, guessed = counts.truth.tolist(), counts.predicted.tolist()
    # Whole numbers of Python: exact, whatever the number of rows.
    both = hits * rows - sum(t * p for t, p in zip(true, guessed, strict=True))
    truth_spread = rows * rows - sum(t * t for t in true)
    guess_spread = rows * rows - sum(p * p for p in guessed)
    if truth_spread == 0:
        raise UndefinedMetricError("mcc has no value when all answers are the same.")
    if guess_spread == 0:
        return 0.0
    value: float = both / (math.sqrt(truth_spread) * math.sqrt(guess_spread))
    return max(-1.0, min(1.0, value))


def _quadratic_weighted_kappa(truth: Labels, prediction: Labels) -> float:
    counts = count_labels(truth, prediction)
    true, guessed = counts.truth.tolist(), counts.predicted.tolist()
    if max(true) == len(truth[0]):
        raise UndefinedMetricError(
            "quadratic_weighted_kappa has no value when all answers are the same."
        )
    rows = len(truth[0])
    observed = sum(
        int(np.sum(np.square(truth[0][block].astype(np.int64) - prediction[0][block])))
        for block in blocks(rows)
    )
    # Sum of (i - j)² over all pairs of an answer and a prediction, in whole numbers.
    squares = sum(code * code * (true[code] + guessed[code]) for code in range(len(true)))
    sums = [sum(code * n for code, n in enumerate(column)) for column in (true, guessed)]
    expected: int = rows * squares - 2 * sums[0] * sums[1]
    return 1.0 - rows * observed / expected


_gain = partial(
    Metric,
    direction=Direction.HIGHER,
    minimum=0.0,
    maximum=1.0,
    truth_kind=TargetKind.LABEL,
    prediction_kind=TargetKind.LABEL,
)
_NO_ROWS = "No rows: no value."
_ANY_CONSTANT = f"Constant input: as any other. {_NO_ROWS}"
_NO_POSITIVE = f"No positive answer: no value. No positive prediction: 0. {_NO_ROWS}"
_ONE_LABEL = f"All answers the same: no value. All predictions the same: 0. {_NO_ROWS}"
_F_SOURCE = "van Rijsbergen, Information Retrieval, 2nd ed. 1979, ch. 7"
_MACRO_SOURCE = "Sokolova, Lapalme, Information Processing & Management 45, 2009"
_F1 = "2 TP / (2 TP + FP + FN)"
_PRESENT = "labels among the answers or the predictions"

METRICS: tuple[Metric, ...] = (
    _gain(
        name="accuracy",
        title="Accuracy",
        formula="mean(t = p)",
        source=_MACRO_SOURCE,
        degenerate=_ANY_CONSTANT,
        losses=_are_equal,
    ),
    _gain(
        name="balanced_accuracy",
        title="Balanced accuracy",
        formula="mean over the labels among the answers of (hits / answers with that label)",
        source="Brodersen et al., The Balanced Accuracy and Its Posterior Distribution, ICPR 2010",
        degenerate=_ANY_CONSTANT,
        rule=_balanced_accuracy,
    ),
    _gain(
        name="f1_binary",
        title="F1 of the positive label",
        is_binary=True,
        formula=f"{_F1} of the second declared label",
        source=_F_SOURCE,
        degenerate=_NO_POSITIVE,
        rule=partial(_fbeta, beta=1.0, average="binary"),
    ),
    _gain(
        name="f1_macro",
        title="F1, mean over labels",
        formula=f"mean of {_F1} over the {_PRESENT}",
        source=_MACRO_SOURCE,
        degenerate=_ANY_CONSTANT,
        rule=partial(_fbeta, beta=1.0, average="macro"),
    ),
    _gain(
        name="f1_micro",
        title="F1 of all labels counted together",
        formula=f"{_F1} with counts added over labels; with one label a row this is the accuracy",
        source=_MACRO_SOURCE,
        degenerate=_ANY_CONSTANT,
        losses=_are_equal,
    ),
    _gain(
        name="f1_weighted",
        title="F1, mean over labels weighted by their answers",
        formula=f"mean of {_F1} over labels, weighted by the number of answers",
        source=_MACRO_SOURCE,
        degenerate=_ANY_CONSTANT,
        rule=partial(_fbeta, beta=1.0, average="weighted"),
    ),
    _gain(
        name="fbeta",
        title="F-beta",
        formula="(1 + b²) TP / ((1 + b²) TP + b² FN + FP), averaged over labels as chosen",
        source=_F_SOURCE,
        degenerate=f"With average = binary: {_NO_POSITIVE} Otherwise: {_ANY_CONSTANT}",
        rule=_fbeta,
        parameters=(
            ParameterSpec("beta", 1.0, "Weight of recall against precision.", 1e-3, 1e3),
            ParameterSpec(
                "average",
                "macro",
                "Mean over labels; binary takes the second declared label alone.",
                choices=("binary", "macro", "micro", "weighted"),
            ),
        ),
    ),
    _gain(
        name="mcc",
        title="Matthews correlation coefficient",
        minimum=-1.0,
        formula="(c n - sum(t_k p_k)) / sqrt((n² - sum(t_k²)) (n² - sum(p_k²))), where c = hits, "
        "t_k and p_k = answers and predictions with label k",
        source="Gorodkin, Comparing two K-category assignments, Comput. Biol. Chem. 28, 2004",
        degenerate=_ONE_LABEL,
        rule=_mcc,
    ),
    _gain(
        name="quadratic_weighted_kappa",
        title="Quadratic weighted kappa",
        minimum=-1.0,
        formula="1 - n sum((i_t - i_p)²) / sum over all pairs of an answer and a prediction, "
        "where i = place in the declared labels, which must be in order",
        source="Cohen, Weighted kappa, Psychological Bulletin 70, 1968",
        degenerate=_ONE_LABEL,
        rule=_quadratic_weighted_kappa,
    ),
)
