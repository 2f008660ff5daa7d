"""What passes by itself when the organizer stays silent, and what never does."""

from dataclasses import replace

import pytest
from tests.escrow.money import Till
from tests.factories.submissions import Work
from tests.prizes.story import DAY, S, Story

from palio.challenges.prize_contracts import EscrowPlan, Gate, PrizePlan, TieRule, VerificationPlan
from palio.core.money import Money
from palio.prizes import ledger, queries, rules

pytestmark = pytest.mark.slow_on("postgresql")


def handed_in(work: Work, *gates: Gate) -> Story:
    story = Story(work, "0.1", verification=VerificationPlan(gates=gates))
    story.reveal()
    (award,) = story.awards
    captain = story.teams[0].captain_id
    story.notify(award)
    story.accept(award, by=captain)
    story.hand_in(award, by=captain)
    return story


def test_a_silent_organizer_has_passed_what_needs_no_identity(work: Work) -> None:
    story = handed_in(work, Gate.TAX_FORM, Gate.LICENCE, Gate.CODE)
    story.wait(13)
    assert story.awards[0].state is S.DOCUMENTS
    story.wait(1)
    assert story.awards[0].state is S.PAYABLE
    with work() as session:
        seen = queries.award_file(session, story.awards[0].id).gates
    assert {(gate.has_passed, gate.by, gate.words) for gate in seen} == {
        (True, "system", "Passed by the silence of the organizer: nobody looked in time.")
    }


@pytest.mark.parametrize("gate", [Gate.IDENTITY, Gate.AGE, Gate.RESIDENCE])
def test_who_is_paid_is_never_left_to_silence(work: Work, gate: Gate) -> None:
    story = handed_in(work, gate, Gate.LICENCE)
    handed_in_at = story.now
    story.wait(30)
    (award,) = story.awards
    assert award.state is S.CODE_VERIFIED
    since = rules.waiting_since(award, plan=story.challenge.plan, now=story.now)
    assert since == handed_in_at
    story.gate(award, gate)
    assert story.awards[0].state is S.PAYABLE


def test_a_gate_the_organizer_found_failed_does_not_pass_by_silence(work: Work) -> None:
    story = handed_in(work, Gate.TAX_FORM)
    story.gate(story.awards[0], Gate.TAX_FORM, has_passed=False)
    story.wait(30)
    assert story.awards[0].state is S.CODE_VERIFIED


def test_who_is_not_paid_in_time_waits_in_public_and_is_not_paid_by_silence(work: Work) -> None:
    story = handed_in(work, Gate.IDENTITY)
    story.gate(story.awards[0], Gate.IDENTITY)
    payable_since = story.now
    story.wait(13)
    (award,) = story.awards
    assert rules.waiting_since(award, plan=story.challenge.plan, now=story.now) is None
    story.wait(30)
    (award,) = story.awards
    assert award.state is S.PAYABLE
    since = rules.waiting_since(award, plan=story.challenge.plan, now=story.now)
    assert since == payable_since


def test_an_award_whose_deposit_is_gone_is_seen_to_lack_it(work: Work) -> None:
    prizes = (PrizePlan(1, "First", Money(100_000, "EUR")),)
    story = Story(work, "0.1", prizes=prizes, verification=VerificationPlan())
    with work() as session:
        wrong = Till(session, story.challenge.id).deposit(100_000, key="wrong")
    story.reveal()
    (award,) = story.awards
    plan = replace(story.challenge.plan, escrow=EscrowPlan(is_deposit_required=True))
    demanding = replace(story.challenge, plan=plan)

    def is_lacking(days: int) -> bool:
        with work() as session:
            now = story.now + days * DAY
            return queries.lacks_deposit(session, award, challenge=demanding, now=now)

    assert not is_lacking(14)
    with work() as session:
        Till(session, story.challenge.id).reverse(wrong.id, key="reverse")
    assert (is_lacking(13), is_lacking(14)) == (False, True)
    with work() as session:
        Till(session, story.challenge.id).deposit(100_000, key="again")
    assert not is_lacking(14)


def test_tied_teams_lack_a_deposit_until_it_covers_all_of_them(work: Work) -> None:
    story = Story(work, "0.1", "0.1", tie_rule=TieRule.SHARED)
    story.reveal()
    plan = replace(story.challenge.plan, escrow=EscrowPlan(is_deposit_required=True))
    demanding = replace(story.challenge, plan=plan)

    def lacking() -> list[bool]:
        with work() as session:
            rows = queries.rows_of(session, challenge_id=story.challenge.id)
            return [ledger.is_short(session, row, challenge=demanding) for row in rows]

    with work() as session:
        Till(session, story.challenge.id).deposit(150_000, key="a cent less than both")
    assert lacking() == [True, True]
    with work() as session:
        Till(session, story.challenge.id).deposit(1, key="the cent")
    assert lacking() == [False, False]
