"""Fees, withholding, badges, refunds: the published cases, and what holds for all."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.challenges.plans import PLAN

from palio.challenges.contracts import ChallengeState
from palio.challenges.prize_contracts import EscrowPlan, PrizeKind, PrizePlan, RefundPolicy
from palio.core.money import Money
from palio.escrow import rules
from palio.escrow.contracts import Badge, Fund, Funding
from palio.escrow.errors import NotEnoughMoneyError, RefundNotDueError
from palio.escrow.rules import FeeBand, RefundFacts

CROWDWORKS = (FeeBand(100_000, 2_000), FeeBand(200_000, 1_000), FeeBand(None, 500))
HEROX = (FeeBand(10_000_000, 1_000), FeeBand(None, 500))  # cents; USD 99 come on top
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minor", "bands", "expected"),
    [
        (500_000, CROWDWORKS, 45_000),  # yen: the worker gets 455,000
        (250_000, CROWDWORKS, 32_500),
        (100_000_000, HEROX, 5_509_900 - 9_900),  # USD 1,000,000 costs USD 55,099
        (0, HEROX, 0),
        (50, (FeeBand(None, 100),), 0),  # half a unit, to even
        (150, (FeeBand(None, 100),), 2),
    ],
)
def test_fee_of_the_published_cases(minor: int, bands: tuple[FeeBand, ...], expected: int) -> None:
    assert rules.fee(minor, bands) == expected


@given(minor=st.integers(0, 10**15), points=st.integers(0, 10_000))
def test_fee_is_within_half_a_unit_of_the_exact_one(minor: int, points: int) -> None:
    assert abs(rules.flat_fee(minor, points) - Decimal(minor) * points / 10_000) <= Decimal("0.5")


@given(
    gross=st.dictionaries(st.sampled_from(list(Fund)), st.integers(1, 10**12), min_size=1),
    share=st.floats(0, 0.999),
)
def test_withheld_tax_is_divided_over_funds_to_the_cent(
    gross: dict[Fund, int], share: float
) -> None:
    withheld = int(sum(gross.values()) * share)
    parts = rules.net_parts(gross, withheld)
    assert sum(tax for _, tax in parts.values()) == withheld
    assert {fund: net + tax for fund, (net, tax) in parts.items()} == gross
    assert all(net >= 0 and tax >= 0 for net, tax in parts.values())


def test_money_is_drawn_from_the_safest_fund_first() -> None:
    available = {Fund.PROMISE: 50, Fund.THIRD_PARTY: 20, Fund.BANK: 10}
    assert rules.draw(60, available, may_promise=False) == (
        (Fund.BANK, 10),
        (Fund.THIRD_PARTY, 20),
        (Fund.PROMISE, 30),
    )
    assert rules.draw(100, available, may_promise=True)[-1] == (Fund.PROMISE, 70)
    with pytest.raises(NotEnoughMoneyError):
        rules.draw(81, available, may_promise=False)


def test_progress_prize_is_promised_once_for_each_date_and_currencies_stay_apart() -> None:
    plan = replace(
        PLAN,
        prizes=(
            PrizePlan(1, "Grand", Money(100_000_000, "USD"), kind=PrizeKind.THRESHOLD),
            PrizePlan(
                1, "Progress", Money(5_000_000, "USD"), kind=PrizeKind.PROGRESS, dates=(NOW, NOW)
            ),
            PrizePlan(1, "Book", Money(5_000, "JPY")),
        ),
        escrow=EscrowPlan(is_deposit_required=True, fee_basis_points=100),
    )
    assert rules.promised(plan) == {"USD": 110_000_000, "JPY": 5_000}
    assert rules.to_secure(plan) == {"USD": 111_100_000, "JPY": 5_050}
    funding = (Funding("USD", deposited=111_100_000), Funding("JPY", pledged=5_050))
    assert rules.missing_deposit(plan, funding) == (Money(5_050, "JPY"),)


@pytest.mark.parametrize(
    ("funding", "badge"),
    [
        (Funding("EUR", deposited=100), Badge.DEPOSITED),
        (Funding("EUR", deposited=99, held_by_third_party=1), Badge.HELD_BY_THIRD_PARTY),
        (Funding("EUR", deposited=99, pledged=1), Badge.PLEDGED),
        (Funding("EUR", deposited=99), Badge.STATED),
    ],
)
def test_badge_is_that_of_the_weakest_part(funding: Funding, badge: Badge) -> None:
    assert rules.badge(100, funding) is badge


def is_refunded(plan: EscrowPlan, facts: RefundFacts) -> bool:
    try:
        rules.check_refund(
            100,
            plan=replace(PLAN, escrow=plan),
            facts=facts,
            funding=Funding("EUR", deposited=100_000),
            available=100_000,
        )
    except RefundNotDueError:
        return False
    return True


def test_refund_by_policy_and_state() -> None:
    unbeaten = EscrowPlan(refund=RefundPolicy.UNBEATEN)
    no_entry = EscrowPlan(refund=RefundPolicy.NO_ENTRY)
    never = EscrowPlan(refund=RefundPolicy.NEVER)
    shut = EscrowPlan(refund=RefundPolicy.NO_ENTRY, is_deposit_required=True)
    state = ChallengeState
    facts = partial(RefundFacts, is_settled=True)
    cases = [
        (unbeaten, facts(state.REVEALED, has_entry=True, is_beaten=False), True),
        (unbeaten, facts(state.REVEALED, has_entry=True, is_beaten=True), False),
        (unbeaten, facts(state.CLOSED, has_entry=True, is_beaten=None), False),
        (no_entry, facts(state.REVEALED, has_entry=True, is_beaten=False), False),
        (no_entry, facts(state.AWARDED, has_entry=True, is_beaten=True), True),
        (
            no_entry,
            facts(state.AWARDED, has_entry=True, is_beaten=True, is_settled=False),
            False,
        ),
        (no_entry, facts(state.OPEN, has_entry=False, is_beaten=None), True),
        (shut, facts(state.OPEN, has_entry=False, is_beaten=None), False),
        (shut, facts(state.SCHEDULED, has_entry=False, is_beaten=None), True),
        (never, facts(state.ARCHIVED, has_entry=False, is_beaten=False), False),
    ]
    assert [is_refunded(plan, found) for plan, found, _ in cases] == [want for *_, want in cases]
