"""Metrics of overlap: of two masks (a row is a pixel), or of two sets of items in each row."""

from collections.abc import Callable
from functools import partial

import numpy as np

from palio.scoring.direction import Direction
from palio.scoring.form import TargetKind
from palio.scoring.metrics.base import ItemLists, Metric, Reals
from palio.scoring.metrics.classification import Labels, count_labels

Lists = tuple[ItemLists, ...]


def _dice_of_sizes(both: int, first: int, second: int) -> float:
    return 2 * both / (first + second) if first + second else 1.0


def _jaccard_of_sizes(both: int, first: int, second: int) -> float:
    union = first + second - both
    return both / union if union else 1.0


Overlap = Callable[[int, int, int], float]


def _of_masks(truth: Labels, prediction: Labels, *, overlap: Overlap) -> float:
    counts = count_labels(truth, prediction)
    return overlap(int(counts.hits[1]), int(counts.truth[1]), int(counts.predicted[1]))


def _of_sets(truth: Lists, prediction: Lists, *, overlap: Overlap) -> Reals:
    gains = np.empty(len(truth[0]))
    for row, pair in enumerate(zip(truth[0], prediction[0], strict=True)):
        first, second = map(frozenset, pair)
        gains[row] = overlap(len(first & second), len(first), len(second))
    return gains


_gain = partial(Metric, direction=Direction.HIGHER, minimum=0.0, maximum=1.0)
_mask = partial(
    _gain,
    truth_kind=TargetKind.LABEL,
    prediction_kind=TargetKind.LABEL,
    is_binary=True,
    degenerate="No row of the second label in answers and predictions: 1. No rows: no value.",
)
_sets = partial(
    _gain,
    truth_kind=TargetKind.ITEMS,
    prediction_kind=TargetKind.ITEMS,
    degenerate="Answer and prediction without items: 1 for their row. No rows: no value.",
)
_DICE = "2 |T and P| / (|T| + |P|)"
_JACCARD = "|T and P| / |T or P|"
_DICE_SOURCE = "Dice, Measures of the Amount of Ecologic Association, Ecology 26, 1945"
_JACCARD_SOURCE = "Jaccard, The Distribution of the Flora in the Alpine Zone, New Phytol. 11, 1912"

METRICS: tuple[Metric, ...] = (
    _mask(
        name="dice",
        title="Dice coefficient of two masks",
        formula=f"{_DICE}, T and P = rows with the second declared label",
        source=_DICE_SOURCE,
        rule=partial(_of_masks, overlap=_dice_of_sizes),
    ),
    _mask(
        name="jaccard",
        title="Jaccard index of two masks",
        formula=f"{_JACCARD}, T and P = rows with the second declared label",
        source=_JACCARD_SOURCE,
        rule=partial(_of_masks, overlap=_jaccard_of_sizes),
    ),
    _sets(
        name="mean_dice",
        title="Dice coefficient of item sets, mean over rows",
        formula=f"mean over rows of {_DICE}, T and P = items of the row",
        source=_DICE_SOURCE,
        losses=partial(_of_sets, overlap=_dice_of_sizes),
    ),
    _sets(
        name="mean_jaccard",
        title="Jaccard index of item sets, mean over rows",
        formula=f"mean over rows of {_JACCARD}, T and P = items of the row",
        source=_JACCARD_SOURCE,
        losses=partial(_of_sets, overlap=_jaccard_of_sizes),
    ),
)
