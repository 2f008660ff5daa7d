"""Awards that were given and come back: disqualified and let in, returned, taken back."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine
from tests.cases.test_desk import close, scanned
from tests.factories.submissions import Work
from tests.prizes.story import GATES, HASH, PRIZES, S, Story
from tests.prizes.test_splits import of_two

from palio.cases import queries as desk
from palio.cases import service as cases
from palio.challenges.contracts import ChallengeState
from palio.challenges.prize_contracts import Gate, PrizePlan, TieRule, VerificationPlan
from palio.core.money import Money
from palio.core.storage import LocalStorage
from palio.escrow import queries as funds
from palio.escrow import service as escrow
from palio.pipeline import prize_steps
from palio.pipeline.bench import Bench
from palio.pipeline.leases import Terms
from palio.prizes import queries, rules, service, workflow
from palio.prizes.contracts import Award

pytestmark = pytest.mark.slow_on("postgresql")


@pytest.fixture
def bench(engine: Engine, storage: LocalStorage) -> Bench:
    return Bench(engine, lambda _message: None, storage, Terms(60, 3), "w")


def payable(work: Work, *scores: str, **changes: object) -> tuple[Story, Award]:
    """The best of some teams of one, whose award is payable."""
    story = Story(work, *scores, **changes)
    story.reveal()
    first = story.awards[0]
    story.to_eligible(first, by=captain_of(story, first))
    story.wait(2)
    assert story.awards[0].state is S.PAYABLE
    return story, first


def captain_of(story: Story, award: Award) -> str:
    return next(team.captain_id for team in story.teams if team.id == award.team_id)


def pay(story: Story, award: Award, person_id: str, *, withheld: int = 0) -> Award:
    with story.work() as session:
        return workflow.pay(
            session,
            award_id=award.id,
            person_id=person_id,
            withheld_minor=withheld,
            receipt_sha256=HASH,
            by="host",
            now=story.now,
        )


def came_back(story: Story, award: Award, person_id: str) -> Award:
    with story.work() as session:
        return workflow.record_return(
            session, award_id=award.id, person_id=person_id, by="host", now=story.now
        )


def payments(story: Story, award: Award) -> list[str]:
    with story.work() as session:
        return sorted(state.value for state in queries.payments(session, award.id).values())


def test_a_team_let_in_again_gets_the_prize_that_was_payable(work: Work) -> None:
    story, first = payable(work, "0.2", "0.1")
    assert [state for *_, state in story.board] == ["payable", "provisional"]
    out = story.disqualify(first.team_id)
    assert story.board == [(1, "team-1", "disqualified"), (1, "team-0", "provisional")]
    with work() as session:
        (funding,) = funds.funding(session, story.challenge.id)
        assert funding.awarded == 0
    story.lift(out)
    assert story.board == [(1, "team-1", "provisional"), (2, "team-0", "provisional")]
    story.notify(first)
    story.accept(first, by=captain_of(story, first))
    story.hand_in(first, by=captain_of(story, first))  # what was seen at the gates stays seen
    story.wait(2)
    pay(story, first, captain_of(story, first))
    assert payments(story, first) == ["sent"]


def duo(work: Work) -> tuple[Story, Award, tuple[str, str]]:
    """A team of two whose award is payable, and its members."""
    story, award, people = of_two(work)
    story.hand_in(award, by=people[0])
    story.gate(award, Gate.IDENTITY)
    story.wait(0)
    assert story.awards[0].state is S.PAYABLE
    return story, award, people


def test_what_a_member_has_got_is_never_recorded_as_paid_back_by_itself(work: Work) -> None:
    story, award, people = duo(work)
    pay(story, award, people[0])
    with work() as session:
        workflow.confirm_receipt(
            session, award_id=award.id, person_id=people[0], by=people[0], now=story.now
        )
    assert payments(story, award) == ["paid", "payable"]
    story.disqualify(award.team_id)
    assert story.awards[0].state is S.PAYABLE  # taking money back is a decision of its own
    assert payments(story, award) == ["paid", "payable"]


def test_two_payments_come_back_one_after_the_other(work: Work) -> None:
    story, award, people = duo(work)
    for person in people:
        pay(story, award, person)
    assert came_back(story, award, people[0]).state is S.RETURNED
    assert came_back(story, award, people[1]).state is S.RETURNED
    assert payments(story, award) == ["payable", "payable"]
    pay(story, award, people[0])
    with work() as session:
        workflow.confirm_receipt(
            session, award_id=award.id, person_id=people[0], by=people[0], now=story.now
        )
    assert pay(story, award, people[1]).state is S.SENT
    assert payments(story, award) == ["paid", "sent"]


def test_a_payment_that_counted_as_arrived_by_silence_comes_back_and_is_sent_again(
    work: Work,
) -> None:
    story, award = payable(work, "0.1")
    captain = captain_of(story, award)
    pay(story, award, captain, withheld=30_000)
    story.wait(13)
    assert "tell the organizer" in story.texts(captain)[-1]
    story.wait(1)
    assert story.awards[0].state is S.CONFIRMED
    assert came_back(story, award, captain).state is S.RETURNED
    assert payments(story, award) == ["payable"]
    assert pay(story, award, captain, withheld=30_000).state is S.SENT
    with work() as session:
        workflow.confirm_receipt(
            session, award_id=award.id, person_id=captain, by=captain, now=story.now
        )
        (funding,) = funds.funding(session, story.challenge.id)
    assert (funding.awarded, funding.paid) == (100_001, 100_001)


def accuse(story: Story, award: Award) -> str:
    """Open a case and return its id."""
    with story.work() as session:
        scanned(session, story.challenge.id, close(award.team_id))
        (finding,) = desk.findings(session, challenge_id=story.challenge.id)
        return cases.open_case(
            session, challenge=story.challenge, team_id=award.team_id, finding_ids=[finding.id],
            words="Why?", by="host", now=story.now,
        ).id  # fmt: skip


def test_a_challenge_opens_again_only_when_no_appeal_can_bring_a_winner_back(
    work: Work, bench: Bench
) -> None:
    story = Story(work, "0.1", verification=replace(GATES, reopen_days=30))
    story.reveal()
    (award,) = story.awards
    case_id = accuse(story, award)
    story.disqualify(award.team_id)
    prize_steps.look_after(bench)
    assert story.state is ChallengeState.REVEALED
    with work() as session:
        cases.drop(session, case_id=case_id, words="Over.", by="host", now=story.now)
    prize_steps.look_after(bench)
    assert story.state is ChallengeState.OPEN


def test_nothing_is_paid_while_a_case_is_open(work: Work) -> None:
    story, award = payable(work, "0.1")
    accuse(story, award)
    with pytest.raises(rules.AwardStateError, match="case"):
        pay(story, award, captain_of(story, award))
    assert payments(story, award) == ["payable"]


def test_nobody_behind_or_beside_an_accused_team_is_paid_before_it(work: Work) -> None:
    prizes = tuple(PrizePlan(n, f"P{n}", Money(100 // n, "EUR")) for n in (1, 2, 3))
    story = Story(work, "0.1", "0.1", "0.2", prizes=prizes, tie_rule=TieRule.SHARED)
    story.reveal()
    for award in story.awards:
        story.to_eligible(award, by=captain_of(story, award))
    case_id = accuse(story, story.awards[0])
    story.wait(2)
    assert {state for *_, state in story.board} == {"split_signed"}
    with work() as session:
        cases.drop(session, case_id=case_id, words="Over.", by="host", now=story.now)
    story.wait(0)
    assert {state for *_, state in story.board} == {"payable"}


def test_an_award_of_nothing_is_given_without_a_payment(work: Work) -> None:
    story = Story(work, "0.1", prizes=(PrizePlan(1, "Honour", Money(0, "EUR")),))
    story.reveal()
    (award,) = story.awards
    story.to_eligible(award, by=captain_of(story, award))
    story.wait(2)
    assert story.awards[0].state is S.CONFIRMED
    assert story.state is ChallengeState.AWARDED


def test_money_of_a_prize_that_is_offered_anew_stays(work: Work) -> None:
    story, award = payable(work, "0.1", "0.2", prizes=(PrizePlan(1, "One", Money(100, "EUR")),))
    with work() as session:
        assert service.is_settled(session, challenge_id=story.challenge.id)
        workflow.claw_back(session, award_id=award.id, words="Bought.", by="h", now=story.now)
        assert not service.is_settled(session, challenge_id=story.challenge.id)
    assert story.state is ChallengeState.AWARDED
    assert story.awards[-1].state is S.PROVISIONAL


def confirm(story: Story, award: Award) -> Award:
    with story.work() as session:
        return service.confirm(session, award_id=award.id, by="host", now=story.now)


def test_what_is_taken_back_from_an_archived_challenge_goes_to_the_next_in_rank(work: Work) -> None:
    story = Story(work, "0.1", "0.2", prizes=PRIZES[:1], verification=VerificationPlan())
    story.reveal()
    first = confirm(story, story.awards[0])
    with work() as session:
        service.archive(session, challenge_id=story.challenge.id, by="host", now=story.now)
        workflow.claw_back(
            session, award_id=first.id, words="Labels bought.", by="host", now=story.now
        )
    assert story.board == [(1, "team-0", "clawed_back"), (1, "team-1", "provisional")]
    story.wait(14)
    assert story.board == [(1, "team-0", "clawed_back"), (1, "team-1", "confirmed")]
    assert story.state is ChallengeState.ARCHIVED


def test_a_tied_share_set_apart_by_word_grows_when_the_other_team_declines(work: Work) -> None:
    story = Story(work, "0.1", "0.1", verification=VerificationPlan(), tie_rule=TieRule.SHARED)
    with work() as session:
        escrow.pledge(
            session, key="p", challenge_id=story.challenge.id, minor=150_001, currency="EUR",
            by="host", now=story.now,
        )  # fmt: skip
    story.reveal()
    one, two = story.awards
    assert confirm(story, one).state is S.PAYABLE
    with pytest.raises(rules.BetterPlaceOpenError, match="team-1 shares this place"):
        pay(story, one, captain_of(story, one))
    with work() as session:
        service.decline(session, award_id=two.id, by="host", now=story.now)
    grown = story.awards[0]
    assert (grown.state, grown.money) == (S.PROVISIONAL, Money(100_001, "EUR"))
    with work() as session:
        assert funds.funding_in(session, story.challenge.id, "EUR").awarded == 0
    assert confirm(story, grown).state is S.PAYABLE
    assert pay(story, grown, captain_of(story, grown)).state is S.SENT
    with work() as session:
        assert funds.funding_in(session, story.challenge.id, "EUR").awarded == 100_001
