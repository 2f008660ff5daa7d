"""Amounts: the published cases of integer splits, and what holds for every split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.core.money import (
    EXPONENTS,
    BadAmountError,
    Money,
    UnknownCurrencyError,
    exponent,
    parse,
    split,
)


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


def test_exponents_are_those_of_iso_4217() -> None:
    without_cents = " ".join(sorted(code for code, digits in EXPONENTS.items() if digits == 0))
    assert without_cents == "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
    thousandths = " ".join(sorted(code for code, digits in EXPONENTS.items() if digits == 3))
    assert thousandths == "BHD IQD JOD KWD LYD OMR TND"
    assert set(EXPONENTS.values()) == {0, 2, 3}
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)
    assert exponent("MGA") == 2  # fifths in life, hundredths in the standard


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XXX", "XAU", "DEM"])
def test_currency_that_is_not_in_use_is_refused_rather_than_given_two_decimals(
    currency: str,
) -> None:
    with pytest.raises(UnknownCurrencyError):
        exponent(currency)


@given(minor=st.integers(0, 10**15), currency=st.sampled_from(sorted(EXPONENTS)))
def test_amount_written_and_read_again_is_the_same(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert parse(str(money).split()[1].replace(",", ""), currency) == money


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("1.5", "JPY", "more decimal places than JPY has"),
        ("0.001", "EUR", "more decimal places than EUR has"),
        ("1.000", "EUR", "more decimal places than EUR has"),  # a thousand in half of the world
        ("1000.00", "JPY", "more decimal places than JPY has"),
        ("1.0000000000000000000000000000001", "KWD", "more decimal places than KWD has"),
        ("9" * 60, "EUR", "too large"),
        ("10000000000001", "EUR", "too large"),
        ("-1", "EUR", "no amount"),
        ("1e3", "EUR", "no amount"),
        ("1,50", "EUR", "no commas"),
        (" 1000", "EUR", "no amount"),
        ("1000\n", "EUR", "no amount"),
        ("NaN", "EUR", "no amount"),
        ("Infinity", "EUR", "no amount"),
        ("1.", "EUR", "no amount"),
        ("\u0661", "EUR", "no amount"),
        ("", "EUR", "no amount"),
    ],
)
def test_amount_that_is_none_is_refused(amount: str, currency: str, words: str) -> None:
    with pytest.raises(BadAmountError, match=words):
        parse(amount, currency)
