"""How a team shares its award: signed as read, paid one by one."""

import pytest
from tests.factories.submissions import Work
from tests.prizes.story import S, Story

from palio.accounts import service as accounts
from palio.challenges.prize_contracts import (
    Gate,
    VerificationPlan,
)
from palio.prizes import rules, workflow
from palio.prizes.contracts import Award

pytestmark = pytest.mark.slow_on("postgresql")


def of_two(work: Work) -> tuple[Story, Award, tuple[str, str]]:
    """A story whose winner is a team of two, with its award eligible."""
    story = Story(work, "0.1", verification=VerificationPlan(gates=(Gate.IDENTITY,)))
    team = story.teams[0]
    with work() as session:
        mate = accounts.sign_up(
            session,
            handle="mate",
            display_name="mate",
            email=None,
            password_hash="-",  # noqa: S106 (nobody signs in)
            now=story.now,
        )
        link = accounts.invite(
            session, team_id=team.id, by=team.captain_id, merge_deadline=None, now=story.now, days=1
        )
        accounts.accept_invite(
            session, code=link.secret, person=mate, max_members=2, merge_deadline=None,
            now=story.now,
        )  # fmt: skip
    story.reveal()
    (award,) = story.awards
    story.notify(award)
    story.accept(award, by=team.captain_id)
    return story, award, (team.captain_id, mate.id)


def propose(story: Story, award: Award, *parts: int, by: tuple[str, str]) -> None:
    with story.work() as session:
        split = dict(zip(by, parts, strict=True))
        workflow.propose_split(session, award_id=award.id, parts=split, by=by[0], now=story.now)


def sign(story: Story, award: Award, *, by: str, number: int) -> None:
    with story.work() as session:
        workflow.sign_split(session, award_id=award.id, by=by, now=story.now, number=number)


def test_nobody_signs_parts_that_were_changed_after_they_were_read(work: Work) -> None:
    story, award, (ada, mate) = of_two(work)
    propose(story, award, 5_000, 5_000, by=(ada, mate))
    propose(story, award, 10_000, 0, by=(ada, mate))
    with pytest.raises(rules.SplitChangedError):
        sign(story, award, by=mate, number=1)
    sign(story, award, by=mate, number=2)


def test_what_all_have_signed_is_taken_back_by_nobody_alone(work: Work) -> None:
    story, award, (ada, mate) = of_two(work)
    propose(story, award, 7_000, 3_000, by=(ada, mate))
    sign(story, award, by=mate, number=1)
    with pytest.raises(rules.SplitFrozenError, match="All of you have signed"):
        propose(story, award, 5_000, 5_000, by=(mate, ada))


def test_a_payment_that_came_back_is_sent_again_while_others_wait(work: Work) -> None:
    story, award, (ada, mate) = of_two(work)
    story.hand_in(award, by=ada)
    assert story.gate(award, Gate.IDENTITY).state is S.PAYABLE
    common = {"award_id": award.id, "by": "host", "now": story.now}
    for number in range(3):  # twice to Ada, of which the first comes back; then to her mate
        with work() as session:
            if number == 1:
                workflow.record_return(session, person_id=ada, **common)  # type: ignore[arg-type]
            found = workflow.pay(
                session,
                person_id=mate if number == 2 else ada,
                withheld_minor=0,
                receipt_sha256=f"{number}" * 64,
                **common,  # type: ignore[arg-type]
            )
    assert found.state is S.SENT
    for person in (ada, mate):
        with work() as session:
            found = workflow.confirm_receipt(session, person_id=person, **common)  # type: ignore[arg-type]
    assert found.state is S.CONFIRMED
