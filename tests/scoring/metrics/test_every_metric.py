import copy
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palio.scoring.card import MetricChoice
from palio.scoring.direction import Direction
from palio.scoring.form import TargetKind
from palio.scoring.metrics.base import Column, Columns, Domain, Metric, UndefinedMetricError
from palio.scoring.metrics.sums import BLOCK_ROWS
from palio.scoring.registry import METRICS, compute

ALL = pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
DECOMPOSING = pytest.mark.parametrize(
    "metric", [metric for metric in METRICS.values() if metric.decomposes], ids=lambda m: m.name
)
ITEM_NAMES = [f"item{number}" for number in range(30)]
CLOSE = 1e-9


@dataclass
class Case:
    """Answers, a random prediction and the best one there is."""

    truth: tuple[Column, ...]
    random: tuple[Column, ...]
    perfect: tuple[Column, ...]


def numbers(rng: np.random.Generator, rows: int, domain: Domain | None) -> Column:
    ties = rng.integers(1, 5, rows).astype(np.float64)
    spread = rng.normal(0.0, 10.0, rows)
    values = np.where(rng.random(rows) < 0.5, ties, spread)
    values[:2] = 3.0, 4.0  # never constant
    if domain is None:
        return values
    if domain.maximum is not None:
        return rng.random(rows)
    return np.abs(values) + 0.01


def item_lists(rng: np.random.Generator, rows: int) -> list[list[str]]:
    # At least as many items as k, so that the best prediction is at the end of the range.
    return [rng.permutation(ITEM_NAMES)[:10].tolist() for _ in range(rows)]


def codes(rng: np.random.Generator, rows: int, labels: int) -> Column:
    column = rng.integers(0, labels, rows, dtype=np.int32)
    column[:labels] = np.arange(labels)  # every label, else some metrics have no value
    return column


def make_case(metric: Metric, seed: int, rows: int) -> Case:
    rng = np.random.default_rng(seed)
    labels = 2 if metric.is_binary else 3
    columns = 3 if metric.columns is Columns.MANY else 1

    def column(kind: TargetKind) -> Column:
        if kind is TargetKind.LABEL:
            return codes(rng, rows, labels)
        return item_lists(rng, rows) if kind is TargetKind.ITEMS else numbers(rng, rows, domain)

    domain = metric.domain
    truth = tuple(column(metric.truth_kind) for _ in range(columns))
    guesses = labels if metric.columns is Columns.CLASSES else columns
    random = tuple(column(metric.prediction_kind) for _ in range(guesses))
    if metric.truth_kind is metric.prediction_kind:
        return Case(truth, random, copy.deepcopy(truth))
    if metric.columns is Columns.CLASSES:
        return Case(
            truth, random, tuple(np.equal(truth[0], c).astype(np.float64) for c in range(labels))
        )
    return Case(truth, random, tuple(np.equal(answer, 1).astype(np.float64) for answer in truth))


def is_no_better(metric: Metric, score: float, best: float) -> bool:
    gain = best - score if metric.direction is Direction.HIGHER else score - best
    return gain >= -CLOSE


SEEDS = st.integers(0, 2**32)
ROWS = st.integers(4, 60)


@ALL
@settings(max_examples=30)  # for each metric
@given(seed=SEEDS, rows=ROWS)
def test_a_perfect_prediction_is_at_the_best_end_and_no_worse_than_a_random_one(
    metric: Metric, seed: int, rows: int
) -> None:
    case = make_case(metric, seed, rows)
    best = metric.score(case.truth, case.perfect)
    end = metric.maximum if metric.direction is Direction.HIGHER else metric.minimum
    assert best == pytest.approx(end, abs=CLOSE)
    assert is_no_better(metric, metric.score(case.truth, case.random), best)


@ALL
@settings(max_examples=30)  # for each metric
@given(seed=SEEDS, rows=ROWS)
def test_the_score_lies_in_the_range(metric: Metric, seed: int, rows: int) -> None:
    case = make_case(metric, seed, rows)
    for prediction in (case.random, case.perfect):
        assert metric.minimum <= metric.score(case.truth, prediction) <= metric.maximum


@ALL
@settings(max_examples=30)  # for each metric
@given(seed=SEEDS, rows=ROWS)
def test_the_order_of_rows_does_not_matter(metric: Metric, seed: int, rows: int) -> None:
    case = make_case(metric, seed, rows)
    order = np.random.default_rng(seed + 1).permutation(rows)

    def shuffled(columns: tuple[Column, ...]) -> tuple[Any, ...]:
        return tuple(
            column[order] if isinstance(column, np.ndarray) else [column[row] for row in order]
            for column in columns
        )

    expected = metric.score(case.truth, case.random)
    score = metric.score(shuffled(case.truth), shuffled(case.random))
    assert score == pytest.approx(expected, rel=1e-9, abs=1e-12)


@ALL
def test_the_same_input_gives_the_same_bits_and_stays_as_it_was(metric: Metric) -> None:
    case = make_case(metric, 7, 500)
    before = copy.deepcopy(case)
    for column in (*case.truth, *case.random):
        if isinstance(column, np.ndarray):
            column.flags.writeable = False
    scores = {metric.score(case.truth, case.random) for _ in range(3)}
    assert len(scores) == 1
    assert type(scores.pop()) is float
    for old, new in zip((*before.truth, *before.random), (*case.truth, *case.random), strict=True):
        assert np.array_equal(old, new)


@ALL
def test_no_rows_is_undefined(metric: Metric) -> None:
    case = make_case(metric, 1, 4)
    truth, prediction = (tuple(c[:0] for c in side) for side in (case.truth, case.random))
    with pytest.raises(UndefinedMetricError, match="without rows"):
        metric.score(truth, prediction)


@ALL
def test_columns_of_different_length_are_refused(metric: Metric) -> None:
    case = make_case(metric, 1, 6)
    with pytest.raises(ValueError, match="same number of rows"):
        metric.score(case.truth, (*case.random[:-1], case.random[-1][:-1]))


@ALL
@settings(max_examples=60)  # for each metric
@given(data=st.data())
def test_any_input_gives_a_finite_score_or_none(metric: Metric, data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 6))
    columns = {Columns.ONE: 1, Columns.MANY: 2, Columns.CLASSES: 2}[metric.columns]
    kinds = {
        TargetKind.REAL: st.one_of(st.floats(), st.sampled_from([0.0, 1.0, 0.5, 1e308, 5e-324])),
        TargetKind.LABEL: st.integers(0, 1),
        TargetKind.ITEMS: st.lists(st.sampled_from("abc"), max_size=4),
    }

    def draw(kind: TargetKind) -> Any:
        values = data.draw(st.lists(kinds[kind], min_size=rows, max_size=rows))
        if kind is TargetKind.ITEMS:
            return values
        return np.array(values, dtype=np.int32 if kind is TargetKind.LABEL else np.float64)

    answers = columns if metric.columns is Columns.MANY else 1
    truth = tuple(draw(metric.truth_kind) for _ in range(answers))
    prediction = tuple(draw(metric.prediction_kind) for _ in range(columns))
    try:
        score = metric.score(truth, prediction)
    except UndefinedMetricError:
        return
    assert math.isfinite(score)
    assert metric.minimum <= score <= metric.maximum


@pytest.mark.parametrize(
    "metric",
    [metric for metric in METRICS.values() if metric.prediction_kind is TargetKind.REAL],
    ids=lambda m: m.name,
)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_prediction_that_is_not_finite_is_undefined(metric: Metric, bad: float) -> None:
    case = make_case(metric, 1, 20)
    case.random[0][3] = bad  # type: ignore[index]
    with pytest.raises(UndefinedMetricError):
        metric.score(case.truth, case.random)


@DECOMPOSING
@settings(max_examples=30)  # for each metric
@given(seed=SEEDS, rows=ROWS)
def test_a_decomposing_metric_is_its_finish_of_the_mean_of_its_losses(
    metric: Metric, seed: int, rows: int
) -> None:
    case = make_case(metric, seed, rows)
    assert metric.losses is not None
    losses = metric.losses(case.truth, case.random, **metric.settled({}))
    assert losses.shape == (rows,)
    assert losses.dtype == np.float64
    expected = metric.finish(math.fsum(losses.tolist()) / rows)
    assert metric.score(case.truth, case.random) == pytest.approx(expected, rel=1e-12)


@DECOMPOSING
def test_the_loss_of_a_row_does_not_depend_on_other_rows(metric: Metric) -> None:
    case = make_case(metric, 3, 20)
    assert metric.losses is not None
    together = metric.losses(case.truth, case.random, **metric.settled({}))
    for row in range(20):
        truth, prediction = (
            tuple(c[row : row + 1] for c in side) for side in (case.truth, case.random)
        )
        assert metric.losses(truth, prediction, **metric.settled({}))[0] == together[row]


@pytest.mark.parametrize(
    "metric",
    [metric for metric in METRICS.values() if metric.truth_kind is not TargetKind.ITEMS],
    ids=lambda m: m.name,
)
def test_rows_of_several_blocks_count_like_those_of_one(metric: Metric) -> None:
    case = make_case(metric, 5, 1000)
    times = 2 * BLOCK_ROWS // 1000 + 1

    def repeated(columns: tuple[Column, ...]) -> tuple[Any, ...]:
        return tuple(np.tile(column, times) for column in columns)

    score = metric.score(repeated(case.truth), repeated(case.random))
    assert score == pytest.approx(metric.score(case.truth, case.random), rel=1e-9, abs=1e-9)


@ALL
def test_compute_gives_what_the_metric_gives(metric: Metric) -> None:
    case = make_case(metric, 11, 30)
    defaults = tuple(sorted(metric.settled({}).items()))
    score = compute(MetricChoice(metric.name, defaults), case.truth, case.random)
    assert score == metric.score(case.truth, case.random)


@ALL
def test_what_a_metric_says_of_itself_is_whole(metric: Metric) -> None:
    assert metric.minimum < metric.maximum
    assert metric.degenerate.endswith(".")
    for text in (metric.title, metric.formula, metric.source):
        assert text
        assert not text.endswith(".")


def test_a_metric_with_no_rule_is_refused() -> None:
    rmse = METRICS["rmse"]
    with pytest.raises(ValueError, match="either losses or rule"):
        Metric(
            name="nothing",
            title=rmse.title,
            direction=rmse.direction,
            minimum=0.0,
            maximum=1.0,
            truth_kind=rmse.truth_kind,
            prediction_kind=rmse.prediction_kind,
            formula=rmse.formula,
            source=rmse.source,
            degenerate=rmse.degenerate,
        )
