"""Scores are rounded exactly, however large a file makes them."""

import sys
from decimal import Decimal

import pytest

from palio.scoring.card import round_score


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [
        (0.85725, 4, "0.8572"),
        (0.85735, 4, "0.8574"),
        (-0.00001, 4, "0.0000"),
        (1e30, 4, "1" + "0" * 30 + ".0000"),
        (-sys.float_info.max, 15, "-17976931348623157" + "0" * 292 + "." + "0" * 15),
    ],
)
def test_score_is_rounded_half_even_to_its_digits(value: float, digits: int, rounded: str) -> None:
    assert str(round_score(value, digits=digits)) == rounded


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_score_that_is_not_finite_has_no_decimal(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        round_score(value, digits=4)


def test_rounded_score_keeps_the_order_of_huge_scores() -> None:
    assert round_score(1e300, digits=4) < round_score(2e300, digits=4) < Decimal("Infinity")
