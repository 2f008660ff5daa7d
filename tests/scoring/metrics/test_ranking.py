import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as reference

from palio.scoring.metrics.base import Codes, Reals, UndefinedMetricError
from palio.scoring.metrics.ranks import average_ranks
from palio.scoring.registry import find

SCORE = st.one_of(
    st.integers(-2, 2).map(float), st.floats(-1e300, 1e300), st.sampled_from([0.0, -0.0, 5e-324])
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Codes, Reals]:
    rows = draw(st.integers(2, 40))
    truth = draw(st.lists(st.integers(0, 1), min_size=rows, max_size=rows))
    scores = draw(
        st.one_of(
            st.lists(SCORE, min_size=rows, max_size=rows), SCORE.map(lambda score: [score] * rows)
        )
    )
    return np.array(truth, dtype=np.int32), np.array(scores)


@st.composite
def classes(draw: st.DrawFn) -> tuple[Codes, tuple[Reals, ...]]:
    rows, labels = draw(st.integers(3, 25)), draw(st.integers(3, 4))
    truth = draw(st.lists(st.integers(0, labels - 1), min_size=rows, max_size=rows))
    assume(len(set(truth)) == labels)
    weight = st.one_of(st.floats(0.01, 1), st.sampled_from([0.5, 0.25]))
    matrix = np.array(
        [draw(st.lists(weight, min_size=labels, max_size=labels)) for _ in range(rows)]
    )
    matrix /= matrix.sum(axis=1, keepdims=True)
    return np.array(truth, dtype=np.int32), tuple(matrix.T.copy())


@given(values=st.lists(SCORE, min_size=1, max_size=50))
def test_average_ranks_equal_scipy(values: list[float]) -> None:
    assert average_ranks(np.array(values)).tolist() == stats.rankdata(values).tolist()


@given(data=pairs())
def test_roc_auc_equals_scikit_learn_when_both_labels_are_there(data: tuple[Codes, Reals]) -> None:
    assume(np.ptp(data[0]) > 0)
    expected = reference.roc_auc_score(*data)
    assert find("roc_auc").score((data[0],), (data[1],)) == pytest.approx(expected, abs=1e-12)


@given(data=pairs())
def test_average_precision_equals_scikit_learn_when_an_answer_is_positive(
    data: tuple[Codes, Reals],
) -> None:
    assume(data[0].any())
    expected = reference.average_precision_score(*data)
    score = find("average_precision").score((data[0],), (data[1],))
    assert score == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("multi_class", ["ovr", "ovo"])
@given(data=classes())
def test_roc_auc_of_many_labels_equals_scikit_learn(
    multi_class: str, data: tuple[Codes, tuple[Reals, ...]]
) -> None:
    expected = reference.roc_auc_score(
        data[0], np.stack(data[1], axis=1), multi_class=multi_class, average="macro"
    )
    score = find("roc_auc_multiclass").score((data[0],), data[1], multi_class=multi_class)
    assert score == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("code", [0, 1])
def test_roc_auc_of_one_label_is_undefined(code: int) -> None:
    with pytest.raises(UndefinedMetricError, match="both classes"):
        find("roc_auc").score((np.full(3, code, dtype=np.int32),), (np.arange(3.0),))


def test_average_precision_without_a_positive_answer_is_undefined() -> None:
    with pytest.raises(UndefinedMetricError, match="no answer is positive"):
        find("average_precision").score((np.zeros(3, dtype=np.int32),), (np.arange(3.0),))


@pytest.mark.parametrize("multi_class", ["ovr", "ovo"])
def test_roc_auc_of_many_labels_without_answers_of_one_is_undefined(multi_class: str) -> None:
    truth = np.array([0, 1, 0], dtype=np.int32)
    with pytest.raises(UndefinedMetricError, match="both classes"):
        find("roc_auc_multiclass").score((truth,), (np.ones(3),) * 3, multi_class=multi_class)
