"""Metrics of short lists: each row predicts items, best first, and the answer is a set of items."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate

import numpy as np

from palio.scoring.direction import Direction
from palio.scoring.form import TargetKind
from palio.scoring.metrics.base import ItemLists, Metric, ParameterSpec, Reals, UndefinedMetricError

Lists = tuple[ItemLists, ...]


def _hit_places(wanted: set[str], predicted: Sequence[str]) -> list[int]:
    """Places 1.. of the wanted items; a repeated item takes a place and counts once."""
    left = set(wanted)
    places = []
    for place, item in enumerate(predicted, 1):
        if item in left:
            left.remove(item)
            places.append(place)
    return places


def _each_row(
    truth: Lists, prediction: Lists, k: int, gain: Callable[[list[int], int], float]
) -> Reals:
    """``gain(places of the hits in the first k, number of wanted items)`` of each row."""
    gains = np.empty(len(truth[0]))
    for row, (answer, predicted) in enumerate(zip(truth[0], prediction[0], strict=True)):
        wanted = set(answer)
        if not wanted:
            raise UndefinedMetricError("Every answer needs at least one item.")
        gains[row] = gain(_hit_places(wanted, predicted[:k]), len(wanted))
    return gains


def _average_precision(truth: Lists, prediction: Lists, *, k: int) -> Reals:
    def gain(places: list[int], wanted: int) -> float:
        return sum(hits / place for hits, place in enumerate(places, 1)) / min(wanted, k)

    return _each_row(truth, prediction, k, gain)


def _discounted_gain(truth: Lists, prediction: Lists, *, k: int) -> Reals:
    discounts = [1.0 / math.log2(place + 1) for place in range(1, k + 1)]
    ideal = list(accumulate(discounts))

    def gain(places: list[int], wanted: int) -> float:
        return sum(discounts[place - 1] for place in places) / ideal[min(wanted, k) - 1]

    return _each_row(truth, prediction, k, gain)


def _precision(truth: Lists, prediction: Lists, *, k: int) -> Reals:
    return _each_row(truth, prediction, k, lambda places, _: len(places) / k)


def _recall(truth: Lists, prediction: Lists, *, k: int) -> Reals:
    return _each_row(truth, prediction, k, lambda places, wanted: len(places) / wanted)


_gain = partial(
    Metric,
    direction=Direction.HIGHER,
    minimum=0.0,
    maximum=1.0,
    truth_kind=TargetKind.ITEMS,
    prediction_kind=TargetKind.ITEMS,
    degenerate="An answer without items: no value. A prediction without items: 0 for its row. "
    "No rows: no value.",
    parameters=(ParameterSpec("k", 10, "How many items of a row count.", 1, 10_000),),
)
_MANNING = "Manning, Raghavan, Schütze, Introduction to Information Retrieval, 2008, §8.4"

METRICS: tuple[Metric, ...] = (
    _gain(
        name="map_at_k",
        title="Mean average precision at k",
        formula="mean over rows of sum(hits so far / place, over the places of hits up to k) / "
        "min(items in the answer, k); a repeated item counts once",
        source=f"{_MANNING}; cut at k as in the KDD Cup 2012, track 1",
        losses=_average_precision,
    ),
    _gain(
        name="ndcg_at_k",
        title="Normalised discounted cumulative gain at k",
        formula="mean over rows of sum(1 / log2(place + 1), over the places of hits up to k) / "
        "the most that the answer allows; a repeated item counts once",
        source="Järvelin, Kekäläinen, Cumulated gain-based evaluation, ACM TOIS 20, 2002",
        losses=_discounted_gain,
    ),
    _gain(
        name="precision_at_k",
        title="Precision at k",
        formula="mean over rows of hits in the first k / k; below 1 for the best prediction where "
        "the answer has fewer than k items",
        source=_MANNING,
        losses=_precision,
    ),
    _gain(
        name="recall_at_k",
        title="Recall at k",
        formula="mean over rows of hits in the first k / items in the answer; below 1 for the best "
        "prediction where the answer has more than k items",
        source=_MANNING,
        losses=_recall,
    ),
)
