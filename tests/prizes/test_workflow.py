"""Awards on both databases, from the first word to the money: every clock, gate and way out."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.factories import submissions as make
from tests.factories.submissions import Work
from tests.prizes.story import DAY, GATES, HASH, S, Story, steps

from palio.challenges import queries as challenges
from palio.challenges.contracts import ChallengeState
from palio.challenges.prize_contracts import (
    EscrowPlan,
    Gate,
    PrizeKind,
    PrizePlan,
    RefundPolicy,
    TieRule,
    VerificationPlan,
)
from palio.core.money import Money
from palio.escrow import queries as funds
from palio.prizes import rules, service, workflow

pytestmark = pytest.mark.slow_on("postgresql")


@pytest.fixture
def story(work: Work) -> Story:
    """Three teams: team-1 is first, team-2 second."""
    made = Story(work, "0.3", "0.1", "0.2")
    made.reveal()
    return made


def test_an_award_goes_from_notice_to_confirmed_payment(story: Story, work: Work) -> None:
    first, second = story.awards
    captain = story.teams[1].captain_id
    story.to_eligible(first, by=captain)
    assert story.board[0] == (1, "team-1", "split_signed")  # a team of one signs nothing
    story.wait(1)
    assert story.board[0] == (1, "team-1", "split_signed")  # the hold period is not over
    story.wait(1)
    assert story.board[0] == (1, "team-1", "payable")
    with work() as session:
        (funding,) = funds.funding(session, story.challenge.id)
        assert (funding.awarded, funding.paid) == (100_001, 0)
        workflow.pay(
            session,
            award_id=first.id,
            person_id=captain,
            withheld_minor=30_000,
            receipt_sha256=HASH,
            by="host",
            now=story.now,
        )
    assert story.board[0] == (1, "team-1", "sent")
    with work() as session:
        workflow.confirm_receipt(
            session, award_id=first.id, person_id=captain, by=captain, now=story.now
        )
        assert steps(session, first) == [
            "provisional",
            "notified",
            "accepted",
            "documents",
            "code_verified",
            "eligible",
            "split_signed",
            "payable",
            "sent",
            "confirmed",
        ]
        (funding,) = funds.funding(session, story.challenge.id)
        assert (funding.awarded, funding.paid) == (100_001, 100_001)
    assert story.state is ChallengeState.REVEALED
    with pytest.raises(rules.AwardDecidedError), work() as session:
        service.decline(session, award_id=first.id, by="host", now=story.now)
    assert story.notify(second).state is S.NOTIFIED


def test_a_winner_who_does_not_answer_is_passed_over_and_the_next_one_is_offered(
    story: Story,
) -> None:
    story.notify(story.awards[0])
    story.wait(6)
    captain = story.teams[1].captain_id
    assert story.texts(captain)[-1].startswith("Reminder: First (EUR 1,000.01) in Ratings")
    assert story.board[0] == (1, "team-1", "notified")
    story.wait(1)
    assert story.board == [
        (1, "team-1", "forfeited"),
        (1, "team-2", "provisional"),
        (2, "team-0", "provisional"),
    ]
    assert "has gone to the next in rank" in story.texts(captain)[-1]


def test_a_team_is_in_time_to_the_instant_though_no_sweep_has_run(story: Story) -> None:
    first, second = story.awards
    one, two = story.teams[1].captain_id, story.teams[2].captain_id
    for award in (first, second):
        story.notify(award)
    due = story.now + 7 * DAY
    story.now = due
    with pytest.raises(rules.AwardStateError, match="was over on"):
        story.accept(first, by=one)
    story.now = due - timedelta(microseconds=1)
    assert story.accept(second, by=two).state is S.ACCEPTED
    story.now += 14 * DAY
    with pytest.raises(rules.AwardStateError, match="was over on"):
        story.hand_in(second, by=two)


def test_documents_not_handed_in_in_time_forfeit(story: Story) -> None:
    first = story.awards[0]
    story.notify(first)
    assert story.accept(first, by=story.teams[1].captain_id).state is S.ACCEPTED
    story.wait(13)
    assert story.board[0][2] == "accepted"
    story.wait(1)
    assert story.board[0][2] == "forfeited"


def test_a_silent_organizer_does_not_stop_the_awards(story: Story) -> None:
    story.wait(14)
    assert [state for *_, state in story.board] == ["notified", "notified"]


def test_without_gates_a_silent_organizer_has_confirmed(work: Work) -> None:
    story = Story(work, "0.1", "0.2", verification=VerificationPlan())
    story.reveal()
    story.wait(13)
    assert [state for *_, state in story.board] == ["provisional", "provisional"]
    story.wait(1)
    assert [state for *_, state in story.board] == ["confirmed", "confirmed"]
    assert story.state is ChallengeState.AWARDED


def test_only_the_captain_takes_the_prize_and_only_once(story: Story) -> None:
    first = story.awards[0]
    with pytest.raises(rules.AwardStateError):
        story.accept(first, by=story.teams[1].captain_id)
    story.notify(first)
    with pytest.raises(rules.NotYourAwardError):
        story.accept(first, by=story.teams[0].captain_id)
    story.accept(first, by=story.teams[1].captain_id)
    with pytest.raises(rules.AwardStateError, match="is accepted"):
        story.accept(first, by=story.teams[1].captain_id)


def test_a_gate_failed_and_passed_later_counts_as_passed(story: Story) -> None:
    first = story.awards[0]
    captain = story.teams[1].captain_id
    story.notify(first)
    story.accept(first, by=captain)
    story.hand_in(first, by=captain)
    assert story.gate(first, Gate.CODE, has_passed=False).state is S.DOCUMENTS
    assert story.gate(first, Gate.CODE).state is S.CODE_VERIFIED
    with pytest.raises(rules.GateNotAskedError):
        story.gate(first, Gate.AGE)


def test_a_disqualified_winner_loses_the_award_and_gets_it_back_when_let_in(story: Story) -> None:
    first = story.awards[0]
    story.to_eligible(first, by=story.teams[1].captain_id)
    exclusion = story.disqualify(story.teams[1].id)
    assert story.board == [
        (1, "team-1", "disqualified"),
        (1, "team-2", "provisional"),
        (2, "team-0", "provisional"),
    ]
    story.lift(exclusion)
    assert story.board == [
        (1, "team-1", "provisional"),
        (2, "team-2", "provisional"),
        (2, "team-0", "superseded"),
    ]


def test_a_second_place_is_not_paid_while_the_first_is_undecided(story: Story) -> None:
    _, second = story.awards
    story.to_eligible(second, by=story.teams[2].captain_id)
    story.wait(3)
    assert story.board == [(1, "team-1", "provisional"), (2, "team-2", "split_signed")]
    with story.work() as session:
        service.decline(session, award_id=story.awards[0].id, by="host", now=story.now)
    assert story.board == [
        (1, "team-1", "declined"),
        (1, "team-2", "payable"),
        (2, "team-0", "provisional"),
    ]


def test_a_second_place_is_not_paid_while_the_first_may_still_be_lost(story: Story) -> None:
    first, second = story.awards
    story.to_eligible(second, by=story.teams[2].captain_id)
    story.wait(1)
    story.to_eligible(first, by=story.teams[1].captain_id)
    story.wait(1)  # the hold period of the second place is over, that of the first is not
    assert [state for *_, state in story.board] == ["split_signed", "split_signed"]
    story.wait(1)
    assert [state for *_, state in story.board] == ["payable", "payable"]


def test_money_clawed_back_goes_to_the_next_without_moving_those_who_are_paid(
    story: Story, work: Work
) -> None:
    first, second = story.awards
    story.to_eligible(first, by=story.teams[1].captain_id)
    story.to_eligible(second, by=story.teams[2].captain_id)
    story.wait(2)
    assert [state for *_, state in story.board] == ["payable", "payable"]
    assert story.state is ChallengeState.AWARDED
    with work() as session:
        workflow.claw_back(
            session, award_id=first.id, words="Their code was bought.", by="host", now=story.now
        )
        (funding,) = funds.funding(session, story.challenge.id)
        assert funding.awarded == 50_000
    assert story.board == [
        (1, "team-1", "clawed_back"),
        (1, "team-0", "provisional"),
        (2, "team-2", "payable"),
    ]


def test_tied_teams_are_paid_together(work: Work) -> None:
    story = Story(work, "0.1", "0.1", tie_rule=TieRule.SHARED)
    story.reveal()
    one, two = story.awards
    assert (one.money.minor, two.money.minor) == (75_001, 75_000)
    story.to_eligible(one, by=story.teams[0].captain_id)
    story.wait(2)
    assert [state for *_, state in story.board] == ["split_signed", "provisional"]
    story.to_eligible(two, by=story.teams[1].captain_id)
    story.wait(2)
    assert [state for *_, state in story.board] == ["payable", "payable"]
    assert [award.money.minor for award in story.awards] == [75_001, 75_000]


def test_nobody_verifies_and_the_challenge_opens_again_where_its_rules_say_so(work: Work) -> None:
    story = Story(work, "0.1", verification=replace(GATES, reopen_days=30))
    story.reveal()
    story.notify(story.awards[0])
    story.wait(7)
    assert story.board == [(1, "team-0", "forfeited")]
    with work() as session:
        again = challenges.by_id(session, story.challenge.id)
        (change,) = challenges.schedule_changes(session, challenge_id=again.id)
    assert (again.state, again.round, again.revealed_at) == (ChallengeState.OPEN, 1, None)
    assert again.phases[-1].closes_at == story.now + 30 * DAY == change.closes_at_after
    assert "open again" in story.texts(story.teams[0].captain_id)[-1]
    story.challenge, story.now = again, again.phases[-1].closes_at
    story.reveal()
    assert story.board == [(1, "team-0", "forfeited"), (1, "team-0", "provisional")]


def threshold(percent: str, *, last_call_days: int | None = None) -> PrizePlan:
    return PrizePlan(
        1,
        "Grand prize",
        Money(100_000_000, "USD"),
        kind=PrizeKind.THRESHOLD,
        improvement=Decimal(percent),
        last_call_days=last_call_days,
    )


def baseline(story: Story, *, public: str, private: str) -> None:
    with story.work() as session:
        receipt = make.baseline(session, to=story.challenge, by=story.teams[0], label="baseline")
        make.score(session, receipt, public=public, private=private)


@pytest.mark.parametrize(("score", "winners"), [("0.8572", ["team-0"]), ("0.8573", [])])
def test_a_threshold_prize_needs_the_line_on_the_private_part(
    work: Work, score: str, winners: list[str]
) -> None:
    story = Story(work, score, "0.9", prizes=(threshold("10"),))
    baseline(story, public="0.9514", private="0.9525")
    story.reveal()
    assert [award.team_name for award in story.awards] == winners
    # Where nobody has won anything, nothing is left to decide.
    assert story.state is (ChallengeState.REVEALED if winners else ChallengeState.AWARDED)


@pytest.mark.parametrize(
    ("policy", "best", "winners"),
    [
        (RefundPolicy.UNBEATEN, "0.3001", ["team-0", "team-1"]),
        (RefundPolicy.UNBEATEN, "0.3002", []),
        (RefundPolicy.NO_ENTRY, "0.3002", ["team-0", "team-1"]),
    ],
)
def test_places_win_nothing_where_the_deposit_goes_back_because_no_entry_beats_the_baseline(
    work: Work, *, policy: RefundPolicy, best: str, winners: list[str]
) -> None:
    story = Story(work, best, "0.4", verification=GATES, escrow=EscrowPlan(refund=policy))
    baseline(story, public="0.3002", private="0.3002")
    story.reveal()
    assert [award.team_name for award in story.awards] == winners
    assert story.state is (ChallengeState.REVEALED if winners else ChallengeState.AWARDED)


def test_clocks_that_run_again_change_nothing(story: Story) -> None:
    story.notify(story.awards[0])
    story.wait(7)
    before = story.awards
    story.wait(0)
    story.wait(0)
    assert story.awards == before
