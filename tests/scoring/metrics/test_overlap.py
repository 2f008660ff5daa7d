import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import distance
from sklearn import metrics as reference

from palio.scoring.metrics.base import Codes
from palio.scoring.registry import find

MASKS = st.integers(1, 40).flatmap(
    lambda rows: st.tuples(*[arrays(np.int32, rows, elements=st.integers(0, 1))] * 2)
)


@given(masks=MASKS)
def test_overlap_of_masks_equals_scipy_and_scikit_learn(masks: tuple[Codes, Codes]) -> None:
    truth, prediction = masks
    assume(truth.any() or prediction.any())
    dice = find("dice").score((truth,), (prediction,))
    jaccard = find("jaccard").score((truth,), (prediction,))
    booleans = truth.astype(bool), prediction.astype(bool)
    assert dice == pytest.approx(1 - distance.dice(*booleans), abs=1e-12)
    assert jaccard == pytest.approx(reference.jaccard_score(truth, prediction), abs=1e-12)


@pytest.mark.parametrize("name", ["dice", "jaccard"])
def test_two_empty_masks_overlap_fully(name: str) -> None:
    empty = np.zeros(3, dtype=np.int32)
    assert find(name).score((empty,), (empty,)) == 1.0
