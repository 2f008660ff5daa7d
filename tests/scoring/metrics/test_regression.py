import math
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as reference

from palio.scoring.metrics.base import Reals, UndefinedMetricError
from palio.scoring.registry import find

Pair = tuple[Reals, Reals]

ORDINARY = st.floats(-1e6, 1e6, allow_subnormal=False)
WIDE = st.one_of(
    ORDINARY, st.sampled_from([0.0, -0.0, 1e-150, -1e-150, 1e150, -1e150]), st.integers(-3, 3)
).map(float)


@st.composite
def pairs(draw: st.DrawFn, values: st.SearchStrategy[float]) -> Pair:
    rows = draw(st.integers(1, 40))
    lists = st.lists(values, min_size=rows, max_size=rows)
    truth = draw(st.one_of(lists, values.map(lambda value: [value] * rows)))
    prediction = draw(st.one_of(lists, values.map(lambda value: [value] * rows), st.just(truth)))
    return np.array(truth, dtype=np.float64), np.array(prediction, dtype=np.float64)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rmse", reference.root_mean_squared_error),
        ("mse", reference.mean_squared_error),
        ("mae", reference.mean_absolute_error),
        ("medae", reference.median_absolute_error),
    ],
)
@given(data=pairs(WIDE))
def test_errors_equal_scikit_learn(name: str, expected: Callable[..., float], data: Pair) -> None:
    truth, prediction = data
    score = find(name).score((truth,), (prediction,))
    assert score == pytest.approx(expected(truth, prediction), rel=1e-12)


@given(data=pairs(ORDINARY))
def test_r2_equals_scikit_learn(data: Pair) -> None:
    truth, prediction = data
    assume(np.ptp(truth) > 1e-6 * max(1.0, np.max(np.abs(truth))))
    score = find("r2").score((truth,), (prediction,))
    assert score == pytest.approx(reference.r2_score(truth, prediction), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_r2_of_tiny_and_huge_numbers_is_that_of_ordinary_ones(unit: float) -> None:
    truth, prediction = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 4.0])
    expected = reference.r2_score(truth, prediction)
    assert find("r2").score((truth * unit,), (prediction * unit,)) == pytest.approx(expected)


def test_r2_of_constant_answers_is_undefined_even_when_their_mean_is_rounded() -> None:
    with pytest.raises(UndefinedMetricError, match="all answers are the same"):
        find("r2").score((np.full(10, 0.1),), (np.arange(10.0),))


@given(data=pairs(st.floats(0, 1e9)))
def test_rmsle_equals_scikit_learn(data: Pair) -> None:
    truth, prediction = data
    expected = reference.root_mean_squared_log_error(truth, prediction)
    assert find("rmsle").score((truth,), (prediction,)) == pytest.approx(expected, rel=1e-9)


@given(data=pairs(ORDINARY))
def test_mape_equals_scikit_learn_where_no_answer_is_zero(data: Pair) -> None:
    truth, prediction = data
    assume(np.all(np.abs(truth) > 1e-9))
    expected = reference.mean_absolute_percentage_error(truth, prediction)
    assert find("mape").score((truth,), (prediction,)) == pytest.approx(expected, rel=1e-12)


def test_mape_with_an_answer_of_zero_is_undefined() -> None:
    with pytest.raises(UndefinedMetricError, match="an answer is 0"):
        find("mape").score((np.array([1.0, 0.0]),), (np.array([1.0, 0.0]),))


def by_definition_smape(truth: Reals, prediction: Reals) -> float:
    ratios = [
        0.0 if t == p == 0 else 2 * abs(t - p) / (abs(t) + abs(p))
        for t, p in zip(truth.tolist(), prediction.tolist(), strict=True)
    ]
    return math.fsum(ratios) / len(ratios)


@given(data=pairs(WIDE))
def test_smape_equals_its_definition(data: Pair) -> None:
    expected = by_definition_smape(*data)
    assert find("smape").score((data[0],), (data[1],)) == pytest.approx(expected, rel=1e-12)


def test_smape_of_numbers_whose_sum_overflows_is_right() -> None:
    score = find("smape").score((np.array([1.5e308]),), (np.array([0.5e308]),))
    assert score == pytest.approx(1.0)


@given(data=pairs(ORDINARY), quantile=st.floats(0.001, 0.999))
def test_pinball_equals_scikit_learn(data: Pair, quantile: float) -> None:
    expected = reference.mean_pinball_loss(*data, alpha=quantile)
    score = find("pinball").score((data[0],), (data[1],), quantile=quantile)
    assert score == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(data=pairs(st.one_of(st.integers(0, 5).map(float), st.floats(1e-6, 1e6))))
def test_poisson_deviance_equals_scikit_learn(data: Pair) -> None:
    truth, prediction = data[0], data[1] + 1e-3
    expected = reference.mean_poisson_deviance(truth, prediction)
    score = find("poisson_deviance").score((truth,), (prediction,))
    assert score == pytest.approx(expected, rel=1e-9, abs=1e-8)


@pytest.mark.parametrize(
    ("name", "truth", "prediction"),
    [
        ("rmsle", 0.0, -1.0),
        ("rmsle", -2.0, 1.0),
        ("poisson_deviance", 1.0, 0.0),
        ("poisson_deviance", -1.0, 1.0),
    ],
)
def test_values_outside_the_domain_are_undefined(
    name: str, truth: float, prediction: float
) -> None:
    with pytest.raises(UndefinedMetricError, match="needs answers"):
        find(name).score((np.array([truth]),), (np.array([prediction]),))


def test_squares_that_overflow_are_undefined_not_infinite() -> None:
    with pytest.raises(UndefinedMetricError, match="no finite value"):
        find("rmse").score((np.array([1e200]),), (np.array([-1e200]),))


def test_rmse_of_many_rows_needs_memory_for_a_block_only() -> None:
    truth = np.zeros(1_000_000)
    prediction = np.ones(1_000_000)
    tracemalloc.start()
    try:
        score = find("rmse").score((truth,), (prediction,))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert score == 1.0
    assert peak < 4 * 2**20


def test_rmse_of_many_rows_is_exact_to_the_last_bits() -> None:
    rng = np.random.default_rng(1)
    truth, prediction = rng.normal(1e6, 1.0, 200_000), rng.normal(1e6, 1.0, 200_000)
    exact = math.sqrt(math.fsum(((truth - prediction) ** 2).tolist()) / 200_000)
    assert find("rmse").score((truth,), (prediction,)) == pytest.approx(exact, rel=1e-15)
