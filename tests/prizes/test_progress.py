"""Progress prizes of 2007 and 2008: judged at their dates, and no private score is told."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, col
from tests.factories import submissions as make
from tests.factories.submissions import Work

from palio.accounts import messages
from palio.challenges import queries as challenges
from palio.challenges.board_contracts import BoardPlan
from palio.challenges.contracts import Challenge, ChallengeState, PhasePlan
from palio.challenges.models import ChallengeRow, PhaseRow
from palio.challenges.prize_contracts import Gate, PrizeKind, PrizePlan, VerificationPlan
from palio.core.money import Money
from palio.leaderboard import making
from palio.leaderboard import service as leaderboard
from palio.pipeline import corrections
from palio.pipeline.models import BoardWork
from palio.prizes import moves, progress, queries, service, states, workflow
from palio.prizes.contracts import AwardState
from palio.submissions import exclusions
from palio.submissions.exclusion_contracts import ReasonCode
from palio.submissions.models import Submission

pytestmark = pytest.mark.slow_on("postgresql")

OPENED = datetime(2006, 10, 2, tzinfo=UTC)
CLOSES = datetime(2011, 10, 2, tzinfo=UTC)
DATES = (datetime(2007, 10, 2, tzinfo=UTC), datetime(2008, 10, 2, tzinfo=UTC))
PRIZE = PrizePlan(
    1,
    "Progress Prize",
    Money(5_000_000, "USD"),
    kind=PrizeKind.PROGRESS,
    improvement=Decimal(1),
    dates=DATES,
)


def netflix(session: Session, **changes: Any) -> Challenge:
    phase = PhasePlan("main", OPENED, CLOSES, make.QUOTA)
    challenge = make.challenge(session, phases=(phase,), prizes=(PRIZE,), **changes)
    enter(session, challenge, "", public="0.9514", private="0.9525", at=OPENED)
    return challenge


def enter(
    session: Session, challenge: Challenge, name: str, *, public: str, private: str, at: datetime
) -> str:
    """Score a submission that was received at this instant; no name = the baseline."""
    team = make.team(session, of=challenge, handle=name or "hostess")
    make.score_at(
        session,
        to=challenge,
        by=team,
        at=at,
        public=public,
        private=private,
        baseline="" if name else "baseline",
    )
    return team.captain_id


def judged(work: Work, challenge: Challenge, *, now: datetime) -> list[tuple[str, str, str]]:
    with work() as session:
        progress.judge_due(session, challenge_id=challenge.id, now=now)
        awards = queries.awards(session, challenge_id=challenge.id)
    return [(award.title, award.team_name, award.state.value) for award in awards]


def confirm(work: Work, challenge: Challenge, *, now: datetime) -> None:
    with work() as session:
        award = next(
            award
            for award in queries.awards(session, challenge_id=challenge.id)
            if award.state is AwardState.PROVISIONAL
        )
        service.confirm(session, award_id=award.id, by="host", now=now)
        service.settle(session, challenge, by="host", now=now)


def test_each_date_asks_for_more_than_the_last_verified_winner(work: Work) -> None:
    with work() as session:
        challenge = netflix(session)
        enter(
            session, challenge, "korbell", public="0.8712", private="0.8723",
            at=datetime(2007, 10, 1, 23, 29, 20, tzinfo=UTC),
        )  # fmt: skip
        enter(
            session, challenge, "late", public="0.8700", private="0.8700",
            at=datetime(2007, 10, 2, 0, 0, 1, tzinfo=UTC),
        )  # fmt: skip
    assert judged(work, challenge, now=datetime(2007, 10, 1, tzinfo=UTC)) == []
    first = ("Progress Prize 2007", "korbell", "provisional")
    assert judged(work, challenge, now=DATES[0]) == [first]
    assert judged(work, challenge, now=DATES[1]) == [first]  # its bar is not known yet
    confirm(work, challenge, now=DATES[0])
    with work() as session:
        (verified,) = making.verified_entries(session, challenge_id=challenge.id)
        assert verified.title == "Progress Prize 2007: korbell"
        enter(
            session, challenge, "bigchaos", public="0.8616", private="0.8635",
            at=datetime(2008, 9, 30, tzinfo=UTC),
        )  # fmt: skip
    assert judged(work, challenge, now=DATES[1]) == [
        ("Progress Prize 2007", "korbell", "confirmed"),
        ("Progress Prize 2008", "bigchaos", "provisional"),
    ]


def test_nobody_wins_who_is_not_so_much_better(work: Work) -> None:
    with work() as session:
        challenge = netflix(session)
        # The line is 0.9525 less one percent: 0.9430 (half to even of 0.942975).
        enter(
            session, challenge, "near", public="0.9000", private="0.9431",
            at=datetime(2007, 9, 1, tzinfo=UTC),
        )  # fmt: skip
    assert judged(work, challenge, now=DATES[0]) == []
    with work() as session:
        assert progress.judge_due(session, challenge_id=challenge.id, now=DATES[0]) is False


def test_a_lost_progress_prize_goes_to_the_next_and_nothing_private_is_told(work: Work) -> None:
    with work() as session:
        challenge = netflix(session)
        people = [
            enter(
                session, challenge, name, public=public, private=private,
                at=datetime(2007, 9, day, tzinfo=UTC),
            )
            for name, public, private, day in (
                ("one", "0.8800", "0.8711", 1), ("two", "0.8700", "0.8722", 2),
            )
        ]  # fmt: skip
    assert judged(work, challenge, now=DATES[0]) == [("Progress Prize 2007", "one", "provisional")]
    with work() as session:
        (award,) = queries.awards(session, challenge_id=challenge.id)
        service.decline(session, award_id=award.id, by="host", now=DATES[0])
        _, second = queries.awards(session, challenge_id=challenge.id)
        told = [m.text for p in people for m in messages.messages(session, person_id=p).items]
    assert (second.team_name, second.score) == ("two", Decimal("0.8700"))
    assert [text for text in told if "0.87" in text] == []
    assert award.score == Decimal("0.8800")


def won_2007(work: Work, **changes: Any) -> Challenge:
    with work() as session:
        challenge = netflix(session, **changes)
        enter(
            session, challenge, "korbell", public="0.8712", private="0.8723",
            at=datetime(2007, 9, 1, tzinfo=UTC),
        )  # fmt: skip
    judged(work, challenge, now=DATES[0])
    confirm(work, challenge, now=DATES[0])
    return challenge


def test_a_verified_winner_who_withdraws_leaves_the_bar_where_it_is(work: Work) -> None:
    challenge = won_2007(work)
    with work() as session:
        session.execute(
            update(Submission)
            .where(col(Submission.kind) == "competitor")
            .values(withdrawn_at=OPENED)
        )
        for name, private, day in (("near", "0.8637", 1), ("bigchaos", "0.8635", 2)):
            at = datetime(2008, 9, day, tzinfo=UTC)
            enter(session, challenge, name, public="0.8616", private=private, at=at)
    assert judged(work, challenge, now=DATES[1])[1:] == [
        ("Progress Prize 2008", "bigchaos", "provisional")
    ]


def test_a_winner_who_cheated_moves_no_bar(work: Work) -> None:
    challenge = won_2007(work)
    with work() as session:
        (award,) = queries.awards(session, challenge_id=challenge.id)
        exclusions.disqualify(
            session, challenge=challenge, team_id=award.team_id, reason=ReasonCode.COPIED,
            words="x", by="host", now=DATES[0],
        )  # fmt: skip
        at = datetime(2008, 9, 1, tzinfo=UTC)
        enter(session, challenge, "bigchaos", public="0.9", private="0.9430", at=at)
    assert judged(work, challenge, now=DATES[1])[1:] == [
        ("Progress Prize 2008", "bigchaos", "provisional")
    ]


def test_the_line_of_a_winner_names_nobody_where_the_board_does_not(work: Work) -> None:
    challenge = won_2007(work, board=BoardPlan(is_anonymous=True))
    with work() as session:
        (verified,) = making.verified_entries(session, challenge_id=challenge.id)
    assert verified.title == "Progress Prize 2007"


def test_a_team_disqualified_before_the_reveal_loses_its_progress_prize(work: Work) -> None:
    with work() as session:
        challenge = netflix(session)
        for name, private, day in (("one", "0.8711", 1), ("two", "0.8722", 2)):
            at = datetime(2007, 9, day, tzinfo=UTC)
            enter(session, challenge, name, public="0.8800", private=private, at=at)
    judged(work, challenge, now=DATES[0])
    with work() as session:
        (award,) = queries.awards(session, challenge_id=challenge.id)
        session.add(BoardWork(challenge_id=challenge.id))
        exclusions.disqualify(
            session, challenge=challenge, team_id=award.team_id, reason=ReasonCode.COPIED,
            words="x", by="host", now=DATES[0],
        )  # fmt: skip
        corrections.correct_boards(
            session, challenge_id=challenge.id, reason="disqualification", by="host", now=DATES[0]
        )
    assert judged(work, challenge, now=DATES[0]) == [
        ("Progress Prize 2007", "one", "disqualified"),
        ("Progress Prize 2007", "two", "provisional"),
    ]


def two_for_2007(work: Work, **changes: Any) -> Challenge:
    """Two teams are good enough for 2007; the better one was offered the prize."""
    with work() as session:
        challenge = netflix(session, **changes)
        session.add(BoardWork(challenge_id=challenge.id))
        for name, private, day in (("one", "0.8711", 1), ("two", "0.8722", 2)):
            at = datetime(2007, 9, day, tzinfo=UTC)
            enter(session, challenge, name, public="0.8800", private=private, at=at)
    judged(work, challenge, now=DATES[0])
    return challenge


def test_a_progress_prize_taken_back_goes_to_the_next_and_moves_no_bar(work: Work) -> None:
    challenge = two_for_2007(work)
    confirm(work, challenge, now=DATES[0])
    with work() as session:
        (award,) = queries.awards(session, challenge_id=challenge.id)
        workflow.claw_back(session, award_id=award.id, words="Bought.", by="h", now=DATES[0])
        assert making.verified_entries(session, challenge_id=challenge.id) == ()
    assert judged(work, challenge, now=DATES[0]) == [
        ("Progress Prize 2007", "one", "clawed_back"),
        ("Progress Prize 2007", "two", "provisional"),
    ]


def test_a_team_let_in_again_gets_its_progress_prize_back(work: Work) -> None:
    challenge = two_for_2007(work)
    with work() as session:
        (award,) = queries.awards(session, challenge_id=challenge.id)
        out = exclusions.disqualify(
            session, challenge=challenge, team_id=award.team_id, reason=ReasonCode.COPIED,
            words="x", by="host", now=DATES[0],
        )  # fmt: skip
        service.follow_board(session, challenge, now=DATES[0])
    with work() as session:
        exclusions.lift(
            session, exclusion_id=out.id, challenge=challenge, words="y", by="host", now=DATES[0]
        )
        service.follow_board(session, challenge, now=DATES[0])
    assert judged(work, challenge, now=DATES[0]) == [
        ("Progress Prize 2007", "one", "provisional"),
        ("Progress Prize 2007", "two", "superseded"),
    ]


def test_a_progress_payment_of_before_a_reopening_still_counts_as_arrived(work: Work) -> None:
    challenge = two_for_2007(work, verification=VerificationPlan(gates=(Gate.IDENTITY,)))
    with work() as session:
        row = queries.rows_of(session, challenge_id=challenge.id)[0]
        for state in states.WAY[1:8]:
            moves.enter(session, row, state, challenge=challenge, by="h", now=DATES[0])
        (share,) = queries.award_file(session, row.id).split.shares
        sent = workflow.pay(
            session, award_id=row.id, person_id=share.person_id, withheld_minor=0,
            receipt_sha256="a" * 64, by="h", now=DATES[0],
        )  # fmt: skip
        session.execute(update(ChallengeRow).values(round=1))
        service.run_clocks(session, challenge_id=challenge.id, now=sent.due_at or DATES[0])
        assert queries.award(session, row.id).state is AwardState.CONFIRMED


def test_an_open_progress_prize_follows_corrected_scores_and_a_given_one_stays(work: Work) -> None:
    challenge = two_for_2007(work)
    with work() as session:
        at = datetime(2007, 9, 3, tzinfo=UTC)
        enter(session, challenge, "three", public="0.8600", private="0.8600", at=at)
        service.follow_board(session, challenge, now=DATES[0])
    followed = [
        ("Progress Prize 2007", "one", "superseded"),
        ("Progress Prize 2007", "three", "provisional"),
    ]
    assert judged(work, challenge, now=DATES[0]) == followed
    confirm(work, challenge, now=DATES[0])
    with work() as session:
        at = datetime(2007, 9, 4, tzinfo=UTC)
        enter(session, challenge, "four", public="0.8500", private="0.8500", at=at)
        service.follow_board(session, challenge, now=DATES[0])
    assert judged(work, challenge, now=DATES[0])[1] == (
        "Progress Prize 2007",
        "three",
        "confirmed",
    )


def test_a_challenge_of_progress_prizes_alone_ends_once_every_date_is_decided(work: Work) -> None:
    again = VerificationPlan(reopen_days=30)  # for prizes of the end, of which there are none
    challenge = two_for_2007(work, verification=again)
    confirm(work, challenge, now=DATES[0])
    with work() as session:
        make.close(session, what=challenge)
        board = leaderboard.reveal(session, challenge=challenge, now=CLOSES)
        service.propose(session, challenge=challenge, standings=board.standings, now=CLOSES)

    def state_now() -> ChallengeState:
        with work() as session:
            service.run_clocks(session, challenge_id=challenge.id, now=CLOSES)
            return challenges.by_id(session, challenge.id).state

    assert state_now() is ChallengeState.REVEALED  # nobody has looked at the year after
    judged(work, challenge, now=CLOSES)
    assert state_now() is ChallengeState.AWARDED


def test_a_date_after_a_last_call_has_closed_the_challenge_is_none(work: Work) -> None:
    with work() as session:
        challenge = netflix(session)
        at = datetime(2007, 9, 1, tzinfo=UTC)
        enter(session, challenge, "one", public="0.8800", private="0.8711", at=at)
        closed = datetime(2007, 9, 30, tzinfo=UTC)
        session.execute(update(PhaseRow).values(closes_at=closed))
    assert judged(work, challenge, now=DATES[1]) == []
    with work() as session:
        late = challenges.by_id(session, challenge.id)
        assert not progress.has_unjudged(session, late, now=DATES[1])
        session.execute(update(PhaseRow).values(closes_at=DATES[0]))
    assert judged(work, challenge, now=DATES[1]) == [("Progress Prize 2007", "one", "provisional")]
