"""Amounts: the published cases of integer splits, and what holds for every split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.core.money import Money, split


@pytest.mark.parametrize(
    ("minor", "weights", "parts"),
    [
        (10_000, (1, 1, 1), (3334, 3333, 3333)),
        (100, (1, 1, 1), (34, 33, 33)),
        (10_001, (50, 30, 20), (5001, 3000, 2000)),
        (0, (1, 2), (0, 0)),
    ],
)
def test_split_gives_the_left_over_to_the_largest_remainders(
    minor: int, weights: tuple[int, ...], parts: tuple[int, ...]
) -> None:
    assert split(minor, weights) == parts


def test_split_of_the_netflix_million_by_seven() -> None:
    assert sorted(split(100_000_000, (1,) * 7)) == [14_285_714] * 5 + [14_285_715] * 2


@given(
    minor=st.integers(0, 10**15),
    weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any),
)
def test_split_adds_up_and_strays_less_than_one_unit(minor: int, weights: list[int]) -> None:
    parts = split(minor, weights)
    assert sum(parts) == minor
    total = sum(weights)
    assert all(
        abs(part * total - minor * weight) < total
        for part, weight in zip(parts, weights, strict=True)
    )


@pytest.mark.parametrize(("minor", "weights"), [(1, ()), (1, (0, 0)), (-1, (1,)), (1, (2, -1))])
def test_split_without_a_meaning_is_refused(minor: int, weights: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="weights >= 0"):
        split(minor, weights)


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(125_000, "EUR"), "EUR 1,250.00"),
        (Money(125_000, "JPY"), "JPY 125,000"),
        (Money(1_234_567, "KWD"), "KWD 1,234.567"),
    ],
)
def test_money_in_words_has_the_currencys_own_decimals(money: Money, text: str) -> None:
    assert str(money) == text
