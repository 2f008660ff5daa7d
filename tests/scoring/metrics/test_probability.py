import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from palio.scoring.metrics.base import Codes, Reals, UndefinedMetricError
from palio.scoring.registry import find

# Inside scikit-learn's own clip of 2.2e-16, so that only ours can differ.
PROBABILITY = st.one_of(st.floats(1e-12, 1 - 1e-12), st.sampled_from([0.25, 0.5]))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Codes, Reals]:
    rows = draw(st.integers(1, 40))
    truth = draw(st.lists(st.integers(0, 1), min_size=rows, max_size=rows))
    prediction = draw(st.lists(PROBABILITY, min_size=rows, max_size=rows))
    return np.array(truth, dtype=np.int32), np.array(prediction)


@st.composite
def classes(draw: st.DrawFn) -> tuple[Codes, tuple[Reals, ...]]:
    rows, labels = draw(st.integers(1, 20)), draw(st.integers(2, 5))
    truth = draw(st.lists(st.integers(0, labels - 1), min_size=rows, max_size=rows))
    weight = st.floats(0.001, 1)
    columns = [draw(st.lists(weight, min_size=rows, max_size=rows)) for _ in range(labels)]
    return np.array(truth, dtype=np.int32), tuple(np.array(column) for column in columns)


@given(data=pairs())
def test_log_loss_equals_scikit_learn(data: tuple[Codes, Reals]) -> None:
    expected = reference.log_loss(*data, labels=[0, 1])
    assert find("log_loss").score((data[0],), (data[1],)) == pytest.approx(expected, rel=1e-9)


@given(data=pairs())
def test_brier_equals_scikit_learn(data: tuple[Codes, Reals]) -> None:
    expected = reference.brier_score_loss(*data, labels=[0, 1], pos_label=1)
    assert find("brier").score((data[0],), (data[1],)) == pytest.approx(expected, rel=1e-9)


@given(data=classes())
def test_log_loss_of_many_labels_equals_scikit_learn_on_rows_that_add_up_to_one(
    data: tuple[Codes, tuple[Reals, ...]],
) -> None:
    matrix = np.stack(data[1], axis=1)
    matrix /= matrix.sum(axis=1, keepdims=True)
    expected = reference.log_loss(data[0], matrix, labels=range(len(data[1])))
    score = find("log_loss_multiclass").score((data[0],), data[1])
    assert score == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("clip", [1e-15, 0.01])
def test_log_loss_of_a_certain_mistake_is_that_of_the_clip(clip: float) -> None:
    truth = np.array([1, 0], dtype=np.int32)
    wrong, right = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    metric = find("log_loss")
    assert metric.score((truth,), (wrong,), clip=clip) == pytest.approx(-math.log(clip))
    assert metric.score((truth,), (right,), clip=clip) == pytest.approx(-math.log(1 - clip))


def test_log_loss_of_many_labels_with_a_row_of_zeros_is_that_of_the_clip() -> None:
    truth = np.array([0], dtype=np.int32)
    zeros = (np.zeros(1), np.zeros(1))
    score = find("log_loss_multiclass").score((truth,), zeros)
    assert score == pytest.approx(-math.log(1e-15))


def test_log_loss_of_many_labels_with_too_few_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="a predicted column for each label"):
        find("log_loss_multiclass").score((np.array([2], dtype=np.int32),), (np.ones(1),) * 2)


@pytest.mark.parametrize("name", ["log_loss", "log_loss_multiclass", "brier"])
@pytest.mark.parametrize("value", [-0.1, 1.1])
def test_a_value_that_is_no_probability_is_undefined(name: str, value: float) -> None:
    with pytest.raises(UndefinedMetricError, match="between 0 and 1"):
        find(name).score((np.zeros(1, dtype=np.int32),), (np.array([value]),))
