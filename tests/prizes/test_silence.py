"""What passes by itself when the organizer stays silent, and what never does."""

import pytest
from tests.factories.submissions import Work
from tests.prizes.story import S, Story

from palio.challenges.prize_contracts import (
    Gate,
    VerificationPlan,
)
from palio.prizes import queries, rules


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
