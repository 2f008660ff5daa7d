"""Money as integer minor units of an ISO 4217 currency; no float ever touches an amount."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

# ISO 4217 minor-unit exponents that are not 2.
_EXPONENTS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND",
         "VUV", "XAF", "XOF", "XPF"),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Money:
    """An amount.

    Attributes:
        minor: Integer count of the currency's smallest unit (cents for EUR, yen for JPY).
        currency: ISO 4217 code, upper case.

    """

    minor: int
    currency: str

    def __str__(self) -> str:
        """Return e.g. ``EUR 1,250.00``."""
        digits = exponent(self.currency)
        return f"{self.currency} {Decimal(self.minor).scaleb(-digits):,.{digits}f}"


def exponent(currency: str) -> int:
    """Return how many decimal places the currency has (ISO 4217)."""
    return _EXPONENTS.get(currency, 2)


def split(minor: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Split an amount by weights so that the parts add up exactly (largest remainder).

    Left-over units go to the largest fractions; equal fractions in the order given.

    Raises:
        ValueError: No weights, a negative weight, all zero, or a negative amount.

    """
    total = sum(weights)
    if minor < 0 or total <= 0 or min(weights) < 0:
        raise ValueError("an amount >= 0 and weights >= 0 with a positive sum are needed")
    shares = [Fraction(minor * weight, total) for weight in weights]
    parts = [int(share) for share in shares]
    order = sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))
    for index in order[: minor - sum(parts)]:
        parts[index] += 1
    return tuple(parts)
