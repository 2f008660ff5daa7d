import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference
from sklearn.preprocessing import MultiLabelBinarizer

from palio.scoring.metrics.base import UndefinedMetricError
from palio.scoring.registry import find

CATALOGUE = "abcdefgh"
Lists = list[list[str]]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Lists, Lists]:
    rows = draw(st.integers(1, 8))
    wanted = st.lists(st.sampled_from(CATALOGUE), min_size=1, max_size=10)
    listed = st.lists(st.sampled_from(CATALOGUE), max_size=10)
    return (
        draw(st.lists(wanted, min_size=rows, max_size=rows)),
        draw(st.lists(listed, min_size=rows, max_size=rows)),
    )


def relevance(wanted: list[str], listed: list[str], k: int) -> list[int]:
    return [int(x in wanted and x not in listed[:place]) for place, x in enumerate(listed[:k])]


def average_precision(wanted: list[str], listed: list[str], k: int) -> float:
    hits = relevance(wanted, listed, k)
    terms = [sum(hits[: place + 1]) / (place + 1) * hit for place, hit in enumerate(hits)]
    return math.fsum(terms) / min(len(set(wanted)), k)


def discounted_gain(wanted: list[str], listed: list[str], k: int) -> float:
    hits = relevance(wanted, listed, k)
    best = math.fsum(1 / math.log2(place + 2) for place in range(min(len(set(wanted)), k)))
    return math.fsum(hit / math.log2(place + 2) for place, hit in enumerate(hits)) / best


def precision(wanted: list[str], listed: list[str], k: int) -> float:
    return sum(relevance(wanted, listed, k)) / k


def recall(wanted: list[str], listed: list[str], k: int) -> float:
    return len(set(wanted) & set(listed[:k])) / len(set(wanted))


@pytest.mark.parametrize(
    ("name", "of_a_row"),
    [
        ("map_at_k", average_precision),
        ("ndcg_at_k", discounted_gain),
        ("precision_at_k", precision),
        ("recall_at_k", recall),
    ],
)
@given(data=pairs(), k=st.integers(1, 12))
def test_metrics_of_lists_equal_their_definitions(
    name: str,
    of_a_row: Callable[[list[str], list[str], int], float],
    data: tuple[Lists, Lists],
    k: int,
) -> None:
    rows = [of_a_row(wanted, listed, k) for wanted, listed in zip(*data, strict=True)]
    score = find(name).score((data[0],), (data[1],), k=k)
    assert score == pytest.approx(math.fsum(rows) / len(rows), rel=1e-12)


@given(
    wanted=st.sets(st.sampled_from(CATALOGUE), min_size=1),
    listed=st.permutations(CATALOGUE),
    k=st.integers(1, len(CATALOGUE)),
)
def test_ndcg_of_whole_rankings_equals_scikit_learn(
    wanted: set[str], listed: list[str], k: int
) -> None:
    truth = np.array([[item in wanted for item in CATALOGUE]], dtype=float)
    scores = np.array([[-listed.index(item) for item in CATALOGUE]], dtype=float)
    expected = reference.ndcg_score(truth, scores, k=k)
    score = find("ndcg_at_k").score(([sorted(wanted)],), ([listed],), k=k)
    assert score == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["map_at_k", "ndcg_at_k", "precision_at_k", "recall_at_k"])
def test_an_answer_without_items_is_undefined(name: str) -> None:
    with pytest.raises(UndefinedMetricError, match="at least one item"):
        find(name).score(([["a"], []],), ([["a"], ["a"]],))


def test_a_repeated_item_counts_once() -> None:
    assert find("map_at_k").score(([["a", "b"]],), ([["a", "a"]],), k=2) == 0.5


@given(data=pairs())
def test_overlap_of_item_sets_equals_scikit_learn(data: tuple[Lists, Lists]) -> None:
    binarizer = MultiLabelBinarizer(classes=list(CATALOGUE))
    truth, prediction = (binarizer.fit_transform(lists) for lists in data)
    for name, expected in (
        ("mean_dice", reference.f1_score(truth, prediction, average="samples")),
        ("mean_jaccard", reference.jaccard_score(truth, prediction, average="samples")),
    ):
        assert find(name).score((data[0],), (data[1],)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["mean_dice", "mean_jaccard"])
def test_two_empty_sets_overlap_fully(name: str) -> None:
    assert find(name).score(([[], ["a"]],), ([[], []],)) == 0.5
