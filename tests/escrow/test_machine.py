"""Any order of deeds keeps every balance above its floor, every total at zero, every sum right."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlmodel import Session
from tests.escrow.money import LETTER, SEEN, Till
from tests.factories import submissions as make

from palio.challenges.prize_contracts import PrizePlan
from palio.core.money import Money
from palio.escrow import errors, queries, trial
from palio.escrow.contracts import (
    AccountKind,
    Evidence,
    Fund,
    Funding,
    PaymentState,
    Place,
    Share,
    Transaction,
)

Work = Callable[[], AbstractContextManager[Session]]
SLUGS = count()
MINOR = st.integers(1, 10_000)
CURRENCY = st.sampled_from(["EUR", "JPY"])
AWARD = st.sampled_from(["a0", "a1", "a2"])
PERSON = st.sampled_from(["ada", "bob"])


@dataclass
class Expected:
    """What one share should be: its state, its amount, the tax held back from it."""

    currency: str
    gross: int
    state: PaymentState = PaymentState.PAYABLE


class Books(RuleBasedStateMachine):
    """One challenge's money, beside a model that knows amounts and states and no accounts."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self.work = work
        self.total = {"EUR": 0, "JPY": 0}
        self.fee_taken = {"EUR": 0, "JPY": 0}
        self.shares: dict[tuple[str, str], Expected] = {}
        self.keys = count()
        self.last: tuple[str, int] | None = None
        self.made = 0
        with work() as session:
            prizes = (PrizePlan(1, "First", Money(10, "EUR")),)
            challenge = make.challenge(session, slug=f"books-{next(SLUGS)}", prizes=prizes)
        self.challenge_id = challenge.id

    def do(self, act: Callable[[Till], Transaction]) -> bool:
        """Do it in a transaction of its own, twice under one key; False when it is refused."""
        key = f"k{next(self.keys)}"

        def once() -> Transaction:
            with self.work() as session:
                till = Till(session, self.challenge_id, keys=iter([key]))
                return act(till)

        try:
            first = once()
        except (errors.NotEnoughMoneyError, errors.NothingToPayError, errors.AwardedAlreadyError):
            return False
        assert once() == first
        self.made += 1
        return True

    def escrow(self, currency: str, fund: Fund) -> int:
        with self.work() as session:
            balances = queries.balances(session, self.challenge_id, currency)
            return balances.get(Place(fund, AccountKind.ESCROW), 0)

    def sum_of(self, currency: str, *states: PaymentState) -> int:
        lines = self.shares.values()
        return sum(s.gross for s in lines if s.currency == currency and s.state in states)

    @rule(minor=MINOR, currency=CURRENCY)
    def pledge(self, minor: int, currency: str) -> None:
        assert self.do(lambda till: till.pledge(minor, currency))
        self.total[currency] += minor

    @rule(minor=MINOR, currency=CURRENCY, evidence=st.sampled_from([SEEN, LETTER]))
    def deposit(self, minor: int, currency: str, evidence: Evidence) -> None:
        kept = min(minor, self.escrow(currency, Fund.PROMISE))
        assert self.do(lambda till: till.deposit(minor, currency, evidence))
        self.total[currency] += minor - kept

    @rule(award=AWARD, currency=CURRENCY, ada=MINOR, bob=MINOR)
    def give(self, award: str, currency: str, ada: int, bob: int) -> None:
        standing = [s for (a, _), s in self.shares.items() if a == award]
        is_free = all(s.state is PaymentState.NONE for s in standing)
        if any(s.currency != currency for s in standing):
            return  # an award has one currency
        there = sum(self.escrow(currency, fund) for fund in Fund)
        shares = (Share("ada", ada), Share("bob", bob))
        assert self.do(lambda till: till.award(award, *shares, currency=currency)) is is_free
        if is_free:
            self.total[currency] += max(0, ada + bob - there)
            self.shares[award, "ada"] = Expected(currency, ada)
            self.shares[award, "bob"] = Expected(currency, bob)

    def turn(
        self,
        where: tuple[str, str],
        act: Callable[[Till], Transaction],
        *,
        before: tuple[PaymentState, ...],
        after: PaymentState,
    ) -> None:
        share = self.shares.get(where)
        is_due = share is not None and share.state in before
        assert self.do(act) is is_due
        if share is not None and is_due:
            share.state = after

    @rule(award=AWARD, person=PERSON, percent=st.integers(0, 90))
    def pay(self, award: str, person: str, percent: int) -> None:
        share = self.shares.get((award, person))
        tax = share.gross * percent // 100 if share else 0
        self.turn(
            (award, person),
            lambda till: till.pay(award, person, tax),
            before=(PaymentState.PAYABLE,),
            after=PaymentState.SENT,
        )

    @rule(award=AWARD, person=PERSON)
    def confirm(self, award: str, person: str) -> None:
        self.turn(
            (award, person),
            lambda till: till.confirm(award, person),
            before=(PaymentState.SENT,),
            after=PaymentState.PAID,
        )

    @rule(award=AWARD, person=PERSON)
    def bounce(self, award: str, person: str) -> None:
        self.turn(
            (award, person),
            lambda till: till.bounce(award, person),
            before=(PaymentState.SENT, PaymentState.PAID),
            after=PaymentState.PAYABLE,
        )

    @rule(award=AWARD, person=PERSON)
    def claw_back(self, award: str, person: str) -> None:
        share = self.shares.get((award, person))
        is_due = share is not None and share.state in (PaymentState.PAYABLE, PaymentState.PAID)
        assert self.do(lambda till: till.claw_back(award, person)) is is_due
        if share is not None and is_due:
            share.state = PaymentState.NONE

    @rule(minor=MINOR, currency=CURRENCY, fund=st.sampled_from(list(Fund)))
    def refund(self, minor: int, currency: str, fund: Fund) -> None:
        is_there = self.escrow(currency, fund) >= minor
        assert self.do(lambda till: till.refund(minor, fund, currency)) is is_there
        self.total[currency] -= minor if is_there else 0

    @rule(minor=MINOR, currency=CURRENCY)
    def deposit_by_mistake(self, minor: int, currency: str) -> None:
        with self.work() as session:
            till = Till(session, self.challenge_id, keys=(f"m{n}" for n in self.keys))
            wrong = till.deposit(minor, currency, LETTER)
            till.reverse(wrong.id)
        self.made += 2

    @invariant()
    def everything_adds_up(self) -> None:
        some = (PaymentState.PAYABLE, PaymentState.SENT, PaymentState.PAID)
        with self.work() as session:
            found = {line.currency: line for line in queries.funding(session, self.challenge_id)}
            for currency in ("EUR", "JPY"):
                line = found.get(currency, Funding(currency))
                balances = queries.balances(session, self.challenge_id, currency)
                assert sum(balances.values()) == 0
                assert line.total == self.total[currency]
                assert line.awarded == self.sum_of(currency, *some)
                assert line.paid == self.sum_of(currency, PaymentState.PAID)
            assert all(line.is_sound for line in trial.trial_balance(session))
            assert len(queries.statement(session, self.challenge_id)) == self.made


@pytest.mark.slow_on("postgresql")
def test_books_stay_in_balance_whatever_happens(work: Work) -> None:
    run_state_machine_as_test(
        lambda: Books(work),  # type: ignore[arg-type]  # it calls what makes a machine
        settings=settings(
            max_examples=8,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.slow
def test_books_stay_in_balance_whatever_happens_for_long(work: Work) -> None:
    run_state_machine_as_test(
        lambda: Books(work),  # type: ignore[arg-type]  # it calls what makes a machine
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
