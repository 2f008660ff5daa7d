import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as reference

from palio.scoring.metrics.base import Codes, UndefinedMetricError
from palio.scoring.registry import find

Pair = tuple[Codes, Codes]


@st.composite
def pairs(draw: st.DrawFn, labels: int = 4) -> Pair:
    rows = draw(st.integers(1, 40))
    code = st.integers(0, labels - 1)
    columns = st.one_of(
        st.lists(code, min_size=rows, max_size=rows), code.map(lambda one: [one] * rows)
    )
    return np.array(draw(columns), dtype=np.int32), np.array(draw(columns), dtype=np.int32)


def balanced(truth: Codes, prediction: Codes) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a predicted label that no answer has
        return float(reference.balanced_accuracy_score(truth, prediction))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("accuracy", reference.accuracy_score),
        ("balanced_accuracy", balanced),
        ("f1_macro", partial(reference.f1_score, average="macro")),
        ("f1_micro", partial(reference.f1_score, average="micro")),
        ("f1_weighted", partial(reference.f1_score, average="weighted")),
    ],
)
@given(data=pairs())
def test_label_metrics_equal_scikit_learn(
    name: str, expected: Callable[..., float], data: Pair
) -> None:
    score = find(name).score((data[0],), (data[1],))
    assert score == pytest.approx(expected(*data), rel=1e-12)


@pytest.mark.parametrize("average", ["macro", "micro", "weighted"])
@given(data=pairs(), beta=st.floats(0.1, 10))
def test_fbeta_equals_scikit_learn(average: str, data: Pair, beta: float) -> None:
    expected = reference.fbeta_score(*data, beta=beta, average=average)
    score = find("fbeta").score((data[0],), (data[1],), beta=beta, average=average)
    assert score == pytest.approx(expected, rel=1e-9)


@given(data=pairs(labels=2), beta=st.floats(0.1, 10))
def test_binary_f_scores_equal_scikit_learn_when_an_answer_is_positive(
    data: Pair, beta: float
) -> None:
    assume(data[0].any())
    expected = reference.fbeta_score(*data, beta=beta)
    score = find("fbeta").score((data[0],), (data[1],), beta=beta, average="binary")
    assert score == pytest.approx(expected, rel=1e-9)
    f1 = find("f1_binary").score((data[0],), (data[1],))
    assert f1 == pytest.approx(reference.f1_score(*data), rel=1e-12)


def test_f1_binary_takes_the_second_label_as_positive() -> None:
    truth = np.array([1, 0, 0, 0], dtype=np.int32)
    prediction = np.array([1, 1, 0, 0], dtype=np.int32)
    assert find("f1_binary").score((truth,), (prediction,)) == pytest.approx(2 / 3)


@given(data=pairs())
def test_mcc_equals_scikit_learn_when_answers_differ(data: Pair) -> None:
    assume(np.ptp(data[0]) > 0)
    expected = reference.matthews_corrcoef(*data)
    assert find("mcc").score((data[0],), (data[1],)) == pytest.approx(expected, abs=1e-12)


@given(data=pairs(labels=5))
def test_quadratic_weighted_kappa_equals_scikit_learn_when_answers_differ(data: Pair) -> None:
    assume(np.ptp(data[0]) > 0)
    expected = reference.cohen_kappa_score(*data, weights="quadratic", labels=range(5))
    score = find("quadratic_weighted_kappa").score((data[0],), (data[1],))
    assert score == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["f1_binary", "mcc", "quadratic_weighted_kappa"])
def test_answers_of_the_first_label_alone_are_undefined(name: str) -> None:
    truth, prediction = np.zeros(3, dtype=np.int32), np.array([0, 1, 1], dtype=np.int32)
    with pytest.raises(UndefinedMetricError):
        find(name).score((truth,), (prediction,))


def test_counts_of_many_rows_are_those_of_all_blocks() -> None:
    truth = np.tile(np.array([0, 1, 2], dtype=np.int32), 100_000)
    prediction = np.tile(np.array([0, 1, 1], dtype=np.int32), 100_000)
    assert find("balanced_accuracy").score((truth,), (prediction,)) == pytest.approx(2 / 3)
    expected = reference.cohen_kappa_score(truth, prediction, weights="quadratic")
    score = find("quadratic_weighted_kappa").score((truth,), (prediction,))
    assert score == pytest.approx(expected, rel=1e-12)
