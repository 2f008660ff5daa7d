"""Reads what challenge.toml says of prizes, of how their money is kept, and of winners' duties."""

from decimal import Decimal

from palio.challenges.fields import Section
from palio.challenges.prize_contracts import (
    EscrowPlan,
    Gate,
    PrizeKind,
    PrizePlan,
    RefundPolicy,
    VerificationPlan,
)
from palio.core.money import EXPONENTS, BadAmountError, Money, parse

_MOST_DAYS = 3650
_MOST_TOLERANCE = Decimal(10**9)
_LEAST_IMPROVEMENT, _MOST_IMPROVEMENT = Decimal("0.0001"), Decimal(100_000)


def read_prizes(root: Section) -> tuple[PrizePlan, ...]:
    """Read the tables ``[[prizes]]``."""
    return tuple(_prize(section) for section in root.sections("prizes"))


def read_escrow(section: Section | None) -> EscrowPlan:
    """Read the table ``[escrow]``; the fee is written in percent."""
    if section is None:
        return EscrowPlan()
    escrow = EscrowPlan(
        is_deposit_required=section.flag("deposit"),
        fee_basis_points=_basis_points(section),
        refund=section.choice("refund", RefundPolicy, default=RefundPolicy.NO_ENTRY),
        silence_days=section.whole("silence_days", default=14, least=1, most=_MOST_DAYS),
    )
    section.close()
    return escrow


def read_verification(section: Section | None) -> VerificationPlan:
    """Read the table ``[verification]``."""
    if section is None:
        return VerificationPlan()
    tolerance = section.decimal("tolerance", least=Decimal(0), most=_MOST_TOLERANCE)
    verification = VerificationPlan(
        gates=section.choices("gates", Gate, default=()),
        reply_days=section.whole("reply_days", default=7, least=1, most=_MOST_DAYS),
        documents_days=section.whole("documents_days", default=14, least=1, most=_MOST_DAYS),
        tolerance=Decimal(0) if tolerance is None else tolerance,
        hold_days=section.whole("hold_days", default=0, least=0, most=_MOST_DAYS),
        reopen_days=section.optional_whole("reopen_days", least=1, most=_MOST_DAYS),
    )
    section.close()
    return verification


def _basis_points(section: Section) -> int:
    percent = section.decimal("fee", least=Decimal(0), most=Decimal(100))
    points = Decimal(0) if percent is None else percent * 100
    if points != int(points):
        text = f"`fee` is {percent} percent; it has two decimal places at most."
        section.fault("value:range", "fee", text)
    return int(points)


def _prize(section: Section) -> PrizePlan:
    kind = section.choice("kind", PrizeKind, default=PrizeKind.RANK)
    has_rank = kind in (PrizeKind.RANK, PrizeKind.DIVISION)
    is_division, is_threshold = kind is PrizeKind.DIVISION, kind is PrizeKind.THRESHOLD
    prize = PrizePlan(
        rank=section.whole("rank", least=1, most=1000) if has_rank else 1,
        title=section.text("title", most=120),
        money=_money(section),
        kind=kind,
        improvement=None if has_rank else _improvement(section),
        last_call_days=(
            section.optional_whole("last_call_days", least=1, most=_MOST_DAYS)
            if is_threshold
            else None
        ),
        dates=section.instants("dates") if kind is PrizeKind.PROGRESS else (),
        division=section.text("division") if is_division else "",
    )
    section.close()
    return prize


def _improvement(section: Section) -> Decimal | None:
    section.raw("improvement", is_required=True, hint="In percent: improvement = 10")
    return section.decimal("improvement", least=_LEAST_IMPROVEMENT, most=_MOST_IMPROVEMENT)


def _money(section: Section) -> Money:
    currency = section.text("currency")
    if currency and section.is_sound("currency") and currency not in EXPONENTS:
        text = f'`currency` "{currency}" is no currency of ISO 4217 in use.'
        section.fault("money:currency", "currency", text, hint='For example "EUR".')
    amount = section.raw("amount", is_required=True, hint='For example amount = "1000.00"')
    nothing = Money(minor=0, currency=currency)
    if amount is None:
        return nothing
    if not isinstance(amount, str):
        hint = f'Write it in quotes, so that no cent is lost to rounding: amount = "{amount}"'
        section.fault("money:amount", "amount", "`amount` must be a text.", hint=hint)
        return nothing
    if currency not in EXPONENTS:
        return nothing
    try:
        return parse(amount, currency)
    except BadAmountError as error:
        hint = 'Digits and a point: "1000.00".'
        section.fault("money:amount", "amount", f"`amount`: {error.detail}", hint=hint)
        return nothing
