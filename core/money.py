"""Money as integer minor units of an ISO 4217 currency; no float ever touches an amount."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

from palio.core.errors import BadRequestError

# ISO 4217 list one, currencies in use (funds, metals and test codes left out), by the number of
# decimal places. Ariary and ouguiya divide by five in life and by a hundred in ISO 4217.
_BY_EXPONENT = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD
        CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
        GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD
        LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB
        PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
        SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW
        ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
}
EXPONENTS: Mapping[str, int] = MappingProxyType(
    {code: digits for digits, codes in _BY_EXPONENT.items() for code in codes.split()}
)


_AMOUNT = re.compile(r"[0-9]+(?:\.([0-9]+))?", re.ASCII)
MOST_MINOR = 10**15  # ten trillion; keeps sums far inside 64 bits


class UnknownCurrencyError(BadRequestError):
    """No currency in use has this code."""

    code = "currency_unknown"


class BadAmountError(BadRequestError):
    """What was written is no amount of the currency."""

    code = "amount_bad"


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
    """Return how many decimal places the currency has (ISO 4217).

    Raises:
        UnknownCurrencyError: It is not on the list; two would be a guess.

    """
    if currency not in EXPONENTS:
        raise UnknownCurrencyError(
            f'"{currency}" is no currency of ISO 4217 in use. Write for example "EUR".'
        )
    return EXPONENTS[currency]


def parse(amount: str, currency: str) -> Money:
    """Read an amount such as ``1250.00``, with no more decimals than the currency has.

    Zeros count as decimals: whoever writes 1.000 in a currency of cents may mean a thousand.

    Raises:
        UnknownCurrencyError: As `exponent`.
        BadAmountError: Not digits with at most one point, too many decimals, or too large.

    """
    digits = exponent(currency)
    found = _AMOUNT.fullmatch(amount)
    if found is None:
        raise BadAmountError(
            f'"{amount}" is no amount of money. Write digits and a point, no commas: 1250.00'
        )
    if len(found[1] or "") > digits:
        raise BadAmountError(f'"{amount}" has more decimal places than {currency} has ({digits}).')
    minor = Decimal(amount).scaleb(digits)
    if minor > MOST_MINOR:
        raise BadAmountError(f'"{amount}" is too large an amount.')
    return Money(int(minor), currency)


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
