"""Prize money from the pledge to the payee on both databases, every balance at every step."""

import pytest
from sqlmodel import Session
from tests.escrow import money
from tests.escrow.money import LETTER, Till
from tests.factories import submissions as make
from tests.factories.submissions import Work

from palio.challenges.board_contracts import BoardPlan, Release, ReleaseRule
from palio.challenges.prize_contracts import EscrowPlan, PrizePlan, RefundPolicy
from palio.core import audit
from palio.core.money import Money, UnknownCurrencyError
from palio.escrow import errors, queries
from palio.escrow.contracts import (
    AccountKind,
    Deed,
    Fund,
    Funding,
    PaymentState,
    Place,
    Share,
)


def on(till: Till, kind: AccountKind, fund: Fund = Fund.BANK, currency: str = "EUR") -> int:
    places = queries.balances(till.session, till.challenge_id, currency).items()
    return sum(minor for place, minor in places if (place.kind, place.fund) == (kind, fund))


def funding(till: Till) -> tuple[Funding, ...]:
    return queries.funding(till.session, till.challenge_id)


def state(till: Till, award_id: str, person_id: str) -> PaymentState:
    return queries.payment_state(
        till.session, challenge_id=till.challenge_id, award_id=award_id, person_id=person_id
    )


def awarded_to_ada(session: Session) -> Till:
    """EUR 1,000.00 lie there, and all of it is ada's award a1."""
    till = Till(session, money.challenge(session).id)
    till.deposit(100_000)
    till.award("a1", Share("ada", 100_000))
    return till


def test_deposit_awarded_paid_with_tax_and_confirmed_leaves_the_tax_only(work: Work) -> None:
    with work() as session:
        till = Till(session, money.challenge(session).id)
        till.pledge(100_000)
        assert funding(till) == (Funding("EUR", pledged=100_000),)
        till.deposit(60_000)
        assert funding(till) == (Funding("EUR", pledged=40_000, deposited=60_000),)
        till.deposit(40_000)
        assert funding(till) == (Funding("EUR", deposited=100_000),)
        till.award("a1", Share("ada", 66_667), Share("bob", 33_333))
        assert funding(till) == (Funding("EUR", deposited=100_000, awarded=100_000),)
        assert state(till, "a1", "ada") is PaymentState.PAYABLE
        till.pay("a1", "ada", withheld=20_000)
        assert state(till, "a1", "ada") is PaymentState.SENT
        assert (on(till, AccountKind.SENT), on(till, AccountKind.TAX)) == (46_667, 20_000)
        till.confirm("a1", "ada")
        assert state(till, "a1", "ada") is PaymentState.PAID
        assert funding(till) == (Funding("EUR", deposited=100_000, awarded=100_000, paid=66_667),)
        till.pay("a1", "bob")
        till.confirm("a1", "bob")
        assert on(till, AccountKind.OUTSIDE) == -20_000
        assert sum(queries.balances(session, till.challenge_id, "EUR").values()) == 0
        assert audit.first_broken_event(session) is None


def test_returned_payment_is_payable_again_with_its_tax(work: Work) -> None:
    with work() as session:
        till = awarded_to_ada(session)
        till.pay("a1", "ada", withheld=30_000)
        till.bounce("a1", "ada")
        assert on(till, AccountKind.PAYABLE) == 100_000
        assert on(till, AccountKind.TAX) == 0
        with pytest.raises(errors.NothingToPayError):
            till.bounce("a1", "ada")
        till.pay("a1", "ada", withheld=10_000)
        till.confirm("a1", "ada")
        assert state(till, "a1", "ada") is PaymentState.PAID


def test_claw_back_before_and_after_payment_frees_the_money_for_the_next(work: Work) -> None:
    with work() as session:
        till = Till(session, money.challenge(session).id)
        till.deposit(100_000)
        till.award("a1", Share("ada", 60_000), Share("bob", 40_000))
        with pytest.raises(errors.AwardedAlreadyError):
            till.award("a1", Share("cy", 100_000))
        till.pay("a1", "ada", withheld=6_000)
        with pytest.raises(errors.NothingToPayError, match="on its way"):
            till.claw_back("a1", "ada")
        till.confirm("a1", "ada")
        till.claw_back("a1", "ada")
        till.claw_back("a1", "bob")
        assert funding(till) == (Funding("EUR", deposited=100_000),)
        assert state(till, "a1", "ada") is PaymentState.NONE
        with pytest.raises(errors.NothingToPayError):
            till.claw_back("a1", "ada")
        till.award("a2", Share("cy", 100_000))
        assert funding(till)[0].awarded == 100_000


def test_prize_that_only_the_rules_promise_is_owed_by_the_organizer(work: Work) -> None:
    with work() as session:
        till = Till(session, money.challenge(session).id)
        till.deposit(30_000, evidence=LETTER)
        till.pledge(20_000)
        till.award("a1", Share("ada", 100_000))
        assert funding(till) == (
            Funding("EUR", pledged=70_000, held_by_third_party=30_000, awarded=100_000),
        )
        till.pay("a1", "ada", withheld=10_001)
        till.confirm("a1", "ada")
        balances = queries.balances(session, till.challenge_id, "EUR")
        assert balances[Place(Fund.PROMISE, AccountKind.OUTSIDE)] == -7_001
        assert balances[Place(Fund.THIRD_PARTY, AccountKind.OUTSIDE)] == -3_000


def test_award_beyond_a_demanded_deposit_is_refused(work: Work) -> None:
    with work() as session:
        plan = EscrowPlan(is_deposit_required=True)
        till = Till(session, money.challenge(session, escrow=plan).id)
        till.deposit(99_999)
        with pytest.raises(errors.NotEnoughMoneyError):
            till.award("a1", Share("ada", 100_000))


def test_same_key_gives_the_first_result_and_another_deed_under_it_is_refused(work: Work) -> None:
    with work() as session:
        till = Till(session, money.challenge(session).id)
        first = till.deposit(100_000, key="one")
    with work() as session:
        till = Till(session, till.challenge_id)
        assert till.deposit(100_000, key="one") == first
        for again in (
            lambda: till.deposit(100_001, key="one"),
            lambda: till.deposit(100_000, "USD", key="one"),
            lambda: till.deposit(100_000, evidence=LETTER, key="one"),
            lambda: till.pledge(100_000, key="one"),
        ):
            with pytest.raises(errors.KeyReusedError):
                again()
        assert funding(till) == (Funding("EUR", deposited=100_000),)


def test_currencies_are_never_added_up(work: Work) -> None:
    with work() as session:
        till = Till(session, money.challenge(session).id)
        till.deposit(100, "JPY")
        till.deposit(100, "EUR")
        assert funding(till) == (Funding("EUR", deposited=100), Funding("JPY", deposited=100))
        with pytest.raises(UnknownCurrencyError):
            till.deposit(100, "XXX")


def test_the_fee_is_booked_by_the_deposit_from_what_is_beyond_the_prizes(work: Work) -> None:
    with work() as session:
        plan = EscrowPlan(is_deposit_required=True, fee_basis_points=250)
        till = Till(session, money.challenge(session, escrow=plan).id)
        first = till.deposit(100_000, key="first")
        assert funding(till) == (Funding("EUR", deposited=100_000),)
        till.deposit(1_500)
        assert funding(till) == (Funding("EUR", deposited=101_500, fee=1_500),)
        till.deposit(5_000, evidence=LETTER, key="last")
        paid = Funding("EUR", deposited=101_500, held_by_third_party=5_000, fee=2_500)
        assert funding(till) == (paid,)
        assert till.deposit(100_000, key="first") == first
        till.deposit(5_000, evidence=LETTER, key="last")
        assert funding(till) == (paid,)
        till.award("a1", Share("ada", 100_000))
        with pytest.raises(errors.NothingToPayError):
            till.fee()


def test_the_fee_of_what_was_only_pledged_is_taken_once_on_what_is_awarded(work: Work) -> None:
    with work() as session:
        till = Till(session, money.challenge(session, escrow=EscrowPlan(fee_basis_points=250)).id)
        till.pledge(102_500)
        with pytest.raises(errors.NothingToPayError):
            till.fee()
        till.award("a1", Share("ada", 100_000))
        till.fee()
        assert funding(till) == (Funding("EUR", pledged=102_500, awarded=100_000, fee=2_500),)
        with pytest.raises(errors.NothingToPayError):
            till.fee()


def test_the_fee_goes_back_with_the_deposit_while_nobody_took_part(work: Work) -> None:
    with work() as session:
        till = Till(session, money.challenge(session, escrow=EscrowPlan(fee_basis_points=250)).id)
        till.deposit(102_500)
        till.refund(102_500)
        assert funding(till) == (Funding("EUR"),)


def test_tax_that_is_passed_on_leaves_every_account_at_zero(work: Work) -> None:
    with work() as session:
        till = awarded_to_ada(session)
        till.pay("a1", "ada", 30_000)
        with pytest.raises(errors.NothingToPayError, match="on its way"):
            till.pass_on_tax("a1", "ada")
        till.confirm("a1", "ada")
        first = till.pass_on_tax("a1", "ada", key="tax")
        assert till.pass_on_tax("a1", "ada", key="tax") == first
        with pytest.raises(errors.NothingToPayError, match="No tax"):
            till.pass_on_tax("a1", "ada")
        assert funding(till) == (Funding("EUR", deposited=100_000, awarded=100_000, paid=100_000),)
        on = queries.balances(session, till.challenge_id, "EUR")
        assert set(on.values()) == {0}
        till.reverse(first.id)
        assert queries.balances(session, till.challenge_id, "EUR") == on | {
            Place(Fund.BANK, AccountKind.OUTSIDE): -30_000,
            Place(Fund.BANK, AccountKind.TAX, "ada", "a1"): 30_000,
        }


def test_payment_that_counted_as_arrived_comes_back_whole(work: Work) -> None:
    with work() as session:
        till = awarded_to_ada(session)
        till.pay("a1", "ada", withheld=30_000)
        till.confirm("a1", "ada")
        till.bounce("a1", "ada")
        assert state(till, "a1", "ada") is PaymentState.PAYABLE
        assert on(till, AccountKind.PAYABLE) == 100_000
        assert funding(till) == (Funding("EUR", deposited=100_000, awarded=100_000),)
        till.pay("a1", "ada", withheld=30_000)
        till.confirm("a1", "ada")
        till.pass_on_tax("a1", "ada")
        till.bounce("a1", "ada")  # the tax is with the office, only the rest is payable again
        assert on(till, AccountKind.PAYABLE) == 70_000
        till.pay("a1", "ada")
        till.confirm("a1", "ada")
        assert funding(till) == (Funding("EUR", deposited=100_000, awarded=100_000, paid=100_000),)


def test_tax_that_the_office_gives_back_for_a_lost_award_is_there_for_the_next(work: Work) -> None:
    with work() as session:
        till = awarded_to_ada(session)
        till.pay("a1", "ada", withheld=30_000)
        till.confirm("a1", "ada")
        tax = till.pass_on_tax("a1", "ada")
        till.claw_back("a1", "ada")
        assert on(till, AccountKind.ESCROW) == 70_000
        till.reverse(tax.id)
        assert on(till, AccountKind.ESCROW) == 100_000
        assert on(till, AccountKind.TAX) == 0
        assert funding(till) == (Funding("EUR", deposited=100_000),)
        till.award("a2", Share("bob", 100_000))


def test_steps_of_an_award_are_not_taken_back_behind_its_back(work: Work) -> None:
    with work() as session:
        till = Till(session, money.challenge(session).id)
        till.deposit(100_000)
        award = till.award("a1", Share("ada", 100_000))
        with pytest.raises(errors.DeedOfAwardError, match="award's page"):
            till.reverse(award.id)
        for deed in (till.pay, till.confirm, till.bounce, till.claw_back):
            done = deed("a1", "ada")
            with pytest.raises(errors.DeedOfAwardError):
                till.reverse(done.id)


def test_fee_is_paid_out_to_the_platform_once_it_can_no_longer_go_back(work: Work) -> None:
    with work() as session:
        plan = EscrowPlan(fee_basis_points=250)
        challenge = money.challenge(session, escrow=plan)
        till = Till(session, challenge.id)
        till.deposit(102_500)
        with pytest.raises(errors.NothingToPayError, match="may still go back"):
            till.pay_out_fee()
        team = make.team(session, of=challenge)
        receipt = make.submit(session, to=challenge, by=team, key="k")
        make.score(session, receipt, public="0.5", private="0.5")
        out = till.pay_out_fee(key="out")
        assert (out.deed, out.money) == (Deed.FEE_PAID, Money(2_500, "EUR"))
        assert till.pay_out_fee(key="out") == out
        assert funding(till) == (Funding("EUR", deposited=102_500, fee=2_500),)
        with pytest.raises(errors.NothingToPayError, match="No fee is left"):
            till.pay_out_fee()
        till.award("a1", Share("ada", 100_000))
        till.pay("a1", "ada")
        till.confirm("a1", "ada")
        assert set(queries.balances(session, till.challenge_id, "EUR").values()) == {0}
        paid = Funding("EUR", deposited=102_500, awarded=100_000, paid=100_000, fee=2_500)
        assert funding(till) == (paid,)
        till.reverse(out.id)
        assert on(till, AccountKind.FEE) == 2_500
        assert funding(till) == (paid,)


def test_correction_takes_a_transaction_back_once_and_a_correction_never(work: Work) -> None:
    with work() as session:
        till = Till(session, money.challenge(session).id)
        wrong = till.deposit(1_000_000)
        back = till.reverse(wrong.id, key="r")
        assert (back.reverses_id, back.money) == (wrong.id, wrong.money)
        assert till.reverse(wrong.id, key="r") == back
        for done in (wrong, back):
            with pytest.raises(errors.ReversedAlreadyError):
                till.reverse(done.id)
        assert funding(till) == (Funding("EUR"),)
        later = till.deposit(100_000)
        till.award("a1", Share("ada", 100_000))
        with pytest.raises(errors.NotEnoughMoneyError):
            till.reverse(later.id)


def test_entry_whose_score_is_hidden_is_an_entry_that_keeps_the_deposit(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(
            session,
            prizes=(PrizePlan(1, "First", Money(100_000, "EUR")),),
            escrow=EscrowPlan(refund=RefundPolicy.NO_ENTRY),
            board=BoardPlan(release=ReleaseRule(kind=Release.HIDDEN)),
        )
        team = make.team(session, of=challenge)
        receipt = make.submit(session, to=challenge, by=team, key="k")
        make.score(session, receipt, public="0.5", private="0.5")
        till = Till(session, challenge.id)
        till.deposit(100_000)
        with pytest.raises(errors.RefundNotDueError):
            till.refund(1)


def refund_of_all(session: Session, policy: RefundPolicy, *, has_entry: bool) -> Till:
    plan = EscrowPlan(refund=policy)
    challenge = money.challenge(session, escrow=plan)
    if has_entry:
        team = make.team(session, of=challenge)
        receipt = make.submit(session, to=challenge, by=team, key="k")
        make.score(session, receipt, public="0.5", private="0.5")
    till = Till(session, challenge.id)
    till.deposit(150_000)
    return till


@pytest.mark.parametrize(
    ("policy", "has_entry", "is_given"),
    [
        (RefundPolicy.NEVER, False, False),
        (RefundPolicy.NO_ENTRY, False, True),
        (RefundPolicy.NO_ENTRY, True, False),
        (RefundPolicy.UNBEATEN, False, True),
        (RefundPolicy.UNBEATEN, True, False),
    ],
)
def test_refund_follows_the_stated_policy_and_the_surplus_always_goes_back(
    work: Work, *, policy: RefundPolicy, has_entry: bool, is_given: bool
) -> None:
    with work() as session:
        till = refund_of_all(session, policy, has_entry=has_entry)
        till.refund(50_000)
        if is_given:
            till.refund(100_000)
            assert funding(till) == (Funding("EUR"),)
        else:
            with pytest.raises(errors.RefundNotDueError):
                till.refund(1)
        with pytest.raises(errors.NotEnoughMoneyError):
            till.refund(200_000)
