"""What improvements, prize lines and progress prizes are measured from, and what has no measure."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session
from tests.factories import submissions as make
from tests.factories.submissions import Work
from tests.leaderboard.test_views import entry

from palio.challenges.board_contracts import BoardColumn, BoardPlan, ColumnKind
from palio.challenges.contracts import Challenge
from palio.challenges.prize_contracts import PrizeKind, PrizePlan
from palio.core.clock import database_now
from palio.core.money import Money
from palio.leaderboard import lines, progress, queries, ranking, service
from palio.leaderboard.contracts import Board
from palio.leaderboard.views import plain
from palio.prizes import thresholds
from palio.scoring.card import MetricChoice, Score, ScoreCard
from palio.scoring.direction import Direction
from palio.submissions import service as submissions
from palio.submissions.contracts import Receipt, SubmissionKind

LOWER, HIGHER = Direction.LOWER, Direction.HIGHER
METRICS = (MetricChoice(name="rmse", digits=4), MetricChoice(name="mae", digits=4))


def grand(percent: str) -> PrizePlan:
    money = Money(100_000_000, "USD")
    return PrizePlan(1, "Grand Prize", money, PrizeKind.THRESHOLD, Decimal(percent))


@pytest.mark.parametrize("way", [LOWER, HIGHER])
def test_nothing_is_a_percent_better_than_zero(way: Direction) -> None:
    assert lines.line_score(Decimal("0.0000"), percent=Decimal(10), digits=4, direction=way) is None


def test_no_minus_stands_before_zero() -> None:
    assert str(lines.rounded(Decimal("-0.004"), digits=2)) == "0.00"
    assert str(lines.rounded(Decimal("-0.00"), digits=2)) == "0.00"
    worse = lines.improvement(Decimal("0.95141"), over=Decimal("0.9514"), direction=LOWER)
    assert str(worse) == "0.00"


@pytest.mark.parametrize(
    ("over", "way", "line"),
    [
        ("0.0004", LOWER, "0.0003"),  # 0.00036 rounds to 0.0004 again
        ("0.0004", HIGHER, "0.0005"),
        ("-0.0004", HIGHER, "-0.0003"),
        ("0.9514", LOWER, "0.8563"),
    ],
)
def test_a_line_is_better_than_what_it_is_measured_from(
    over: str, way: Direction, line: str
) -> None:
    found = lines.line_score(Decimal(over), percent=Decimal(10), digits=4, direction=way)
    assert found == Decimal(line)


@given(
    st.decimals(min_value=-100, max_value=100, places=3).filter(bool),
    st.decimals(min_value="0.0001", max_value=200, places=4),
    st.sampled_from(Direction),
)
def test_what_a_line_is_measured_from_never_reaches_it(
    over: Decimal, percent: Decimal, way: Direction
) -> None:
    line = lines.line_score(over, percent=percent, digits=3, direction=way)
    assert line is not None
    assert not lines.reaches(over, line=line, direction=way)


def test_of_baselines_a_hair_apart_the_better_public_one_is_the_measure_on_both_boards(
    work: Work,
) -> None:
    """Both are 0.00 % from each other, and the private order is the other way round."""
    with work() as session:
        challenge = make.challenge(
            session, prizes=(grand("10"),), metrics=(MetricChoice(name="rmse", digits=5),)
        )
        host = make.team(session, of=challenge, handle="host-person")
        for label, public, private in (
            ("mean", "0.95140", "0.95254"),
            ("mode", "0.95141", "0.95250"),
        ):
            line = make.baseline(session, to=challenge, by=host, label=label)
            make.score(session, line, public=public, private=private)
        make.close(session, what=challenge)
        board = service.reveal(session, challenge=challenge, now=challenge.phases[-1].closes_at)
    assert [(row.name, row.is_measure, row.improvement) for row in board.standings] == [
        ("mode", False, Decimal("0.00")),
        ("mean", True, Decimal("0.00")),
    ]
    assert thresholds.baseline_score(board.standings) == Decimal("0.95254")
    assert thresholds.line_of(
        challenge.plan, challenge.plan.prizes[0], reference=Decimal("0.95254")
    ) == Decimal("0.85729")
    assert [line.score for line in board.lines] == [Decimal("0.85729")]


def test_the_baseline_of_that_name_is_the_measure_wherever_it_stands() -> None:
    entries = [
        entry("better", "0.7", kind=SubmissionKind.BASELINE),
        entry("Baseline", "0.8", kind=SubmissionKind.BASELINE),
    ]
    how = plain(Board.PUBLIC, metric="rmse", digits=2, direction=LOWER)
    rows = ranking.rank(entries, view=how).rows
    assert [(row.entry.label, row.is_measure) for row in rows] == [
        ("better", False),
        ("Baseline", True),
    ]


def test_no_team_wins_a_threshold_over_a_baseline_of_zero(work: Work) -> None:
    """As R² of a mean: every score would be as many percent better as one likes."""
    with work() as session:
        challenge = make.challenge(
            session, prizes=(grand("10"),), metrics=(MetricChoice(name="r2", digits=4),)
        )
        host = make.team(session, of=challenge, handle="host-person")
        line = make.baseline(session, to=challenge, by=host, label="mean")
        scored(session, line, r2="0.0000")
        ada = make.team(session, of=challenge, handle="ada")
        scored(session, make.submit(session, to=challenge, by=ada, key="k"), r2="0.0001")
        make.close(session, what=challenge)
        board = service.reveal(session, challenge=challenge, now=challenge.phases[-1].closes_at)
    assert [(row.name, row.improvement) for row in board.standings] == [
        ("ada", None),
        ("mean", None),
    ]
    assert board.lines == ()
    assert thresholds.teams_beyond(challenge.plan, board.standings) == {}


def scored(session: Session, receipt: Receipt, **values: str) -> None:
    """Run a submission to the same scores on both parts."""
    now = database_now(session)
    scores = tuple(Score(name, float(text), Decimal(text)) for name, text in values.items())
    submissions.start(session, submission_id=receipt.submission_id, now=now)
    submissions.record_scores(
        session,
        submission_id=receipt.submission_id,
        card=ScoreCard(public=scores, private=scores),
        key_version=1,
        metric_version=1,
        now=now,
    )


def two_metrics(session: Session, kind: ColumnKind) -> Challenge:
    both = BoardColumn("both", "Both", kind, ("rmse", "mae"), (), 4, is_lower_better=True)
    challenge = make.challenge(session, metrics=METRICS, board=BoardPlan(columns=(both,)))
    host = make.team(session, of=challenge, handle="host-person")
    line = make.baseline(session, to=challenge, by=host, label="baseline")
    scored(session, line, rmse="1.0000", mae="1.0000")
    return challenge


def test_next_progress_prize_over_a_sum_is_measured_from_the_sum(work: Work) -> None:
    with work() as session:
        challenge = two_metrics(session, ColumnKind.SUM)
        ada = make.team(session, of=challenge, handle="ada")
        first = make.submit(session, to=challenge, by=ada, key="k")
        scored(session, first, rmse="0.9000", mae="0.9000")
        soon = database_now(session) + timedelta(days=1)
        won = progress.leader_before(
            session, challenge=challenge, before=soon, improvement=Decimal(1)
        )
        assert won is not None
        assert won.submission_id == first.submission_id
        service.mark_verified(
            session, challenge=challenge, submission_id=won.submission_id, title="2007", now=soon
        )
        again = progress.leader_before(
            session, challenge=challenge, before=soon, improvement=Decimal(1)
        )
        assert again is None  # 1.8 is not 1 % better than 1.8
        bob = make.team(session, of=challenge, handle="bob")
        scored(
            session,
            make.submit(session, to=challenge, by=bob, key="k"),
            rmse="0.8900",
            mae="0.8920",
        )
        found = progress.leader_before(
            session, challenge=challenge, before=soon, improvement=Decimal(1)
        )
    assert found is not None  # 1.7820 is at the line
    assert found.team_id == bob.id


def test_nobody_is_a_percent_better_in_ranks_of_ranks(work: Work) -> None:
    with work() as session:
        challenge = two_metrics(session, ColumnKind.MEAN_RANK)
        ada = make.team(session, of=challenge, handle="ada")
        receipt = make.submit(session, to=challenge, by=ada, key="k")
        scored(session, receipt, rmse="0.5000", mae="0.5000")
        now = database_now(session)
        service.publish(session, challenge=challenge, now=now)
        board = queries.latest(session, challenge_id=challenge.id)
        assert board is not None
        found = progress.leader_before(
            session, challenge=challenge, before=now + timedelta(days=1), improvement=Decimal(1)
        )
    assert found is None
    reference = thresholds.baseline_score(board.standings)
    assert reference is not None
    assert thresholds.line_of(challenge.plan, grand("10"), reference=reference) is None
