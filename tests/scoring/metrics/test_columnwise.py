import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from palio.scoring.metrics.base import Reals
from palio.scoring.registry import find

SHAPE = st.tuples(st.integers(1, 4), st.integers(1, 20))
MATRICES = SHAPE.flatmap(
    lambda shape: st.tuples(*[arrays(np.float64, shape, elements=st.floats(-1e6, 1e6))] * 2)
)


@given(data=MATRICES)
def test_errors_of_columns_equal_scikit_learn(data: tuple[Reals, Reals]) -> None:
    truth, prediction = data
    for name, expected in (
        ("mean_columnwise_rmse", reference.root_mean_squared_error),
        ("mean_columnwise_mae", reference.mean_absolute_error),
    ):
        score = find(name).score(tuple(truth), tuple(prediction))
        assert score == pytest.approx(expected(truth.T, prediction.T), rel=1e-9)


@given(seed=st.integers(0, 2**32), columns=st.integers(1, 4), rows=st.integers(2, 20))
def test_auc_of_columns_equals_scikit_learn(seed: int, columns: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, (columns, rows), dtype=np.int32)
    truth[:, 0], truth[:, 1] = 0, 1
    prediction = rng.integers(0, 5, (columns, rows)).astype(np.float64)
    expected = reference.roc_auc_score(truth.T, prediction.T, average="macro")
    score = find("mean_columnwise_auc").score(tuple(truth), tuple(prediction))
    assert score == pytest.approx(expected, abs=1e-12)
