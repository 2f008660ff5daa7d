import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference

from palio.scoring.metrics.base import Reals, UndefinedMetricError
from palio.scoring.registry import find

VALUE = st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6, allow_subnormal=False))
Pair = tuple[Reals, Reals]


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    rows = draw(st.integers(2, 40))
    columns = st.lists(VALUE, min_size=rows, max_size=rows)
    truth, prediction = np.array(draw(columns)), np.array(draw(columns))
    # Narrower numbers have a correlation made of rounding only.
    assume(min(np.ptp(truth), np.ptp(prediction)) > 1e-3)
    return truth, prediction


@given(data=pairs())
def test_pearson_equals_scipy(data: Pair) -> None:
    expected = stats.pearsonr(*data).statistic
    assert find("pearson").score((data[0],), (data[1],)) == pytest.approx(expected, abs=1e-7)


@given(data=pairs())
def test_spearman_equals_scipy(data: Pair) -> None:
    expected = stats.spearmanr(*data).statistic
    assert find("spearman").score((data[0],), (data[1],)) == pytest.approx(expected, abs=1e-12)


def area_by_definition(truth: Reals, scores: Reals) -> float:
    """Area between the diagonal and the cumulative share of the answers, best score first.

    Rows with equal scores share their answers: the mean over the orders they could come in.
    """
    shared = np.array([truth[scores == score].mean() for score in scores])
    shares = np.cumsum(shared[np.argsort(-scores, kind="stable")]) / truth.sum()
    return float(np.sum(shares - np.arange(1, len(truth) + 1) / len(truth)))


@given(data=pairs())
def test_gini_equals_its_definition_on_amounts(data: Pair) -> None:
    truth = np.abs(data[0])
    assume(np.ptp(truth) > 1e-3)
    expected = area_by_definition(truth, data[1]) / area_by_definition(truth, truth)
    assert find("gini").score((truth,), (data[1],)) == pytest.approx(expected, abs=1e-6)


@given(data=pairs())
def test_gini_of_zeros_and_ones_is_twice_the_area_less_one(data: Pair) -> None:
    truth = (data[0] > np.median(data[0])).astype(np.float64)
    assume(np.ptp(truth) > 0)
    expected = 2 * reference.roc_auc_score(truth, data[1]) - 1
    assert find("gini").score((truth,), (data[1],)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_pearson_of_tiny_and_huge_numbers_is_that_of_ordinary_ones(unit: float) -> None:
    truth, prediction = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 2.0])
    expected = stats.pearsonr(truth, prediction).statistic
    score = find("pearson").score((truth * unit,), (prediction * unit,))
    assert score == pytest.approx(expected)


@pytest.mark.parametrize("name", ["pearson", "spearman"])
def test_correlation_with_a_constant_is_undefined_even_when_its_mean_is_rounded(name: str) -> None:
    with pytest.raises(UndefinedMetricError, match="constant"):
        find(name).score((np.arange(10.0),), (np.full(10, 0.1),))


def test_gini_of_constant_answers_is_undefined_and_of_constant_predictions_zero() -> None:
    with pytest.raises(UndefinedMetricError, match="constant"):
        find("gini").score((np.full(10, 0.1),), (np.arange(10.0),))
    assert find("gini").score((np.arange(10.0),), (np.full(10, 0.1),)) == 0
