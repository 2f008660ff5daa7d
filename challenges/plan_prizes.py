"""Reads what challenge.toml says of prizes."""

import re
from decimal import Decimal, InvalidOperation

from palio.challenges.fields import Section
from palio.challenges.prize_contracts import PrizePlan
from palio.core.money import Money, exponent

_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_MOST_MINOR = 10**15  # no prize is larger than ten trillion; keeps sums far inside 64 bits


def read_prizes(root: Section) -> tuple[PrizePlan, ...]:
    """Read the tables ``[[prizes]]``."""
    return tuple(_prize(section) for section in root.sections("prizes"))


def _prize(section: Section) -> PrizePlan:
    prize = PrizePlan(
        rank=section.whole("rank", least=1, most=1000),
        title=section.text("title", most=120),
        money=_money(section),
    )
    section.close()
    return prize


def _money(section: Section) -> Money:
    currency = section.text("currency")
    if currency and section.is_sound("currency") and not _CURRENCY.fullmatch(currency):
        text = f'`currency` "{currency}" is not an ISO 4217 code.'
        section.fault("money:currency", "currency", text, hint='For example "EUR".')
    amount = section.raw("amount", is_required=True, hint='For example amount = "1000.00"')
    if amount is None:
        return Money(minor=0, currency=currency)
    if not isinstance(amount, str):
        hint = f'Write it in quotes, so that no cent is lost to rounding: amount = "{amount}"'
        section.fault("money:amount", "amount", "`amount` must be a text.", hint=hint)
        return Money(minor=0, currency=currency)
    return Money(minor=_minor(section, amount, currency), currency=currency)


def _minor(section: Section, amount: str, currency: str) -> int:
    digits = exponent(currency)
    try:
        minor = Decimal(amount if _AMOUNT.fullmatch(amount) else "x").scaleb(digits)
    except InvalidOperation:
        text = f'`amount` "{amount}" is not an amount of money.'
        section.fault("money:amount", "amount", text, hint='Digits and a point: "1000.00".')
        return 0
    if minor > _MOST_MINOR:
        section.fault("money:amount", "amount", f'`amount` "{amount}" is too large.')
        return 0
    if minor != int(minor):
        text = f'`amount` "{amount}" has more decimal places than {currency} has ({digits}).'
        section.fault("money:amount", "amount", text)
    return int(minor)
