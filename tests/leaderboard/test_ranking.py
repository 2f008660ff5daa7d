"""Order, ranks, counted entries, improvement: the Netflix Prize's figures and properties."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.challenges.contracts import EntryRule
from palio.leaderboard import lines, ranking
from palio.leaderboard.contracts import Board
from palio.leaderboard.views import View, plain
from palio.scoring.card import round_score
from palio.scoring.direction import Direction
from palio.submissions.contracts import ScoredEntry, SubmissionKind

START = datetime(2009, 7, 26, 18, tzinfo=UTC)
LOWER = plain(Board.PUBLIC, metric="rmse", digits=4, direction=Direction.LOWER)


def entry(
    submission_id: str,
    team_id: str,
    score: str,
    *,
    public: str | None = None,
    at: timedelta = timedelta(0),
    is_chosen: bool = False,
    label: str = "",
) -> ScoredEntry:
    return ScoredEntry(
        submission_id=submission_id,
        team_id=team_id,
        kind=SubmissionKind.BASELINE if label else SubmissionKind.COMPETITOR,
        label=label,
        received_at=START + at,
        is_chosen=is_chosen,
        public=Decimal(public or score),
        rounded=Decimal(score),
        all_rounded=(("rmse", Decimal(score)),),
    )


def test_netflix_tie_on_the_rounded_score_puts_the_earlier_receipt_first() -> None:
    ensemble = round_score(0.856714, digits=4)
    pragmatic_chaos = round_score(0.856704, digits=4)
    rows = ranking.rank(
        [
            entry("a", "ensemble", str(ensemble), at=timedelta(minutes=38)),
            entry("b", "pragmatic chaos", str(pragmatic_chaos), at=timedelta(seconds=1108)),
            entry("c", "third", "0.8582"),
        ],
        view=LOWER,
    ).rows
    assert [(row.rank, row.entry.team_id) for row in rows] == [
        (1, "pragmatic chaos"),
        (1, "ensemble"),
        (3, "third"),
    ]


def test_equal_scores_share_a_rank_and_the_next_one_skips() -> None:
    rows = ranking.rank(
        [entry(str(i), str(i), score) for i, score in enumerate(("0.1", "0.20", "0.2", "0.4"))],
        view=LOWER,
    ).rows
    assert [row.rank for row in rows] == [1, 2, 2, 4]


@pytest.mark.parametrize(
    ("score", "percent"),
    [
        ("0.8712", "8.43"),
        ("0.8625", "9.34"),
        ("0.8616", "9.44"),
        ("0.8558", "10.05"),
        ("0.8554", "10.09"),
        ("0.8553", "10.10"),
        ("0.9514", "0.00"),
        ("1.0540", "-10.78"),
    ],
)
def test_improvement_over_cinematch_is_what_netflix_printed(score: str, percent: str) -> None:
    gain = lines.improvement(Decimal(score), over=Decimal("0.9514"), direction=Direction.LOWER)
    assert gain == Decimal(percent)


def test_improvement_on_the_test_set_is_what_netflix_printed() -> None:
    gain = lines.improvement(Decimal("0.8567"), over=Decimal("0.9525"), direction=Direction.LOWER)
    assert gain == Decimal("10.06")


def test_improvement_where_higher_is_better_turns_the_sign() -> None:
    higher = Direction.HIGHER
    assert lines.improvement(Decimal("0.9"), over=Decimal("0.8"), direction=higher) == Decimal(
        "12.50"
    )
    assert lines.improvement(Decimal("-0.1"), over=Decimal("-0.2"), direction=higher) == 50
    assert lines.improvement(Decimal("0.9"), over=Decimal(0), direction=higher) is None


def test_baselines_stand_unranked_where_their_score_puts_them() -> None:
    rows = ranking.rank(
        [
            entry("c", "", "0.9514", label="baseline"),
            entry("m", "", "1.0540", label="film mean"),
            entry("a", "good", "0.8712"),
            entry("b", "same", "0.9514", at=timedelta(hours=1)),
            entry("d", "poor", "1.2000"),
        ],
        view=LOWER,
    ).rows
    assert [(row.rank, row.entry.label or row.entry.team_id, row.improvement) for row in rows] == [
        (1, "good", Decimal("8.43")),
        (2, "same", Decimal("0.00")),
        (None, "baseline", Decimal("0.00")),
        (None, "film mean", Decimal("-10.78")),
        (3, "poor", Decimal("-26.13")),
    ]


def test_baseline_is_the_one_of_that_name_else_the_best_public_one() -> None:
    named = entry("1", "", "0.99", label="Baseline")
    good = entry("2", "", "0.98", public="0.90", label="a")
    better_in_private = entry("3", "", "0.80", public="0.95", label="b")
    assert ranking.baseline([good, named], view=LOWER) == named
    assert ranking.baseline([better_in_private, good], view=LOWER) == good
    assert ranking.baseline([], view=LOWER) is None


CHOICES = (
    entry("1", "t", "0.70", public="0.50"),  # best public
    entry("2", "t", "0.40", public="0.60", is_chosen=True, at=timedelta(hours=1)),
    entry("3", "t", "0.30", public="0.70", is_chosen=True, at=timedelta(hours=2)),
    entry("4", "t", "0.10", public="0.80", at=timedelta(hours=3)),  # best private, never chosen
)


@pytest.mark.parametrize(
    ("board", "rule", "finals", "entries", "counted"),
    [
        (Board.PRIVATE, EntryRule.BEST_PUBLIC, 2, CHOICES, "1"),
        (Board.PUBLIC, EntryRule.BEST_PUBLIC, 2, CHOICES, "1"),
        (Board.PRIVATE, EntryRule.LAST, 2, CHOICES, "4"),
        (Board.PRIVATE, EntryRule.CHOSEN, 2, CHOICES, "3"),
        (Board.PUBLIC, EntryRule.CHOSEN, 2, CHOICES, "2"),
        # one choice of two missing: the best public one stands in, 0.70 against 0.40
        (Board.PRIVATE, EntryRule.CHOSEN, 2, (CHOICES[0], CHOICES[1], CHOICES[3]), "2"),
        # nothing chosen: the two best public ones
        (Board.PRIVATE, EntryRule.CHOSEN, 2, (CHOICES[0], CHOICES[3]), "4"),
        (Board.PRIVATE, EntryRule.CHOSEN, 1, (CHOICES[0], CHOICES[3]), "1"),
        (Board.PUBLIC, EntryRule.CHOSEN, 2, (CHOICES[0], CHOICES[3]), "1"),
    ],
)
def test_counted_entry_follows_the_rule(
    board: Board,
    rule: EntryRule,
    finals: int,
    entries: tuple[ScoredEntry, ...],
    counted: str,
) -> None:
    how = replace(LOWER, board=board, rule=rule, finals=finals)
    assert [e.submission_id for e in ranking.counted_entries(entries, view=how)] == [counted]


scores = st.decimals(min_value=-2, max_value=2, places=2)


@st.composite
def boards(draw: st.DrawFn) -> list[ScoredEntry]:
    count = draw(st.integers(0, 25))
    return [
        ScoredEntry(
            submission_id=f"{i:03}",
            team_id=(team := draw(st.sampled_from(["", "a", "b", "c", "d", "e", "f", "g"]))),
            kind=SubmissionKind.COMPETITOR if team else SubmissionKind.BASELINE,
            label="" if team else f"line {i}",
            received_at=START + timedelta(seconds=draw(st.integers(0, 3))),
            is_chosen=draw(st.booleans()),
            public=draw(scores),
            rounded=(score := draw(scores)),
            all_rounded=(("rmse", score),),
        )
        for i in range(count)
    ]


rankings = st.builds(
    plain,
    st.sampled_from([Board.PUBLIC, Board.PRIVATE]),
    metric=st.just("rmse"),
    digits=st.just(4),
    direction=st.sampled_from(Direction),
    rule=st.sampled_from([EntryRule.CHOSEN, EntryRule.BEST_PUBLIC, EntryRule.LAST]),
    finals=st.integers(1, 3),
)


@given(boards(), rankings)
def test_rank_is_one_plus_the_number_strictly_better(entries: list[ScoredEntry], how: View) -> None:
    rows = ranking.rank(entries, view=how).rows
    sign = 1 if how.first.is_lower_better else -1
    ranked = [row for row in rows if row.rank is not None]
    for row in ranked:
        better = [other for other in ranked if sign * (other.entry.rounded - row.entry.rounded) < 0]
        assert row.rank == 1 + len(better)
    assert {row.entry.team_id for row in ranked} == {e.team_id for e in entries if e.team_id}
    assert len(ranked) == len({row.entry.team_id for row in ranked})
    assert sum(row.entries for row in rows) == len(entries)


@given(boards(), rankings, st.randoms(use_true_random=False))
def test_order_of_the_input_changes_nothing(
    entries: list[ScoredEntry], how: View, random: object
) -> None:
    shuffled = list(entries)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranking.rank(shuffled, view=how) == ranking.rank(entries, view=how)


@given(boards(), rankings)
def test_rows_are_in_total_order(entries: list[ScoredEntry], how: View) -> None:
    rows = ranking.rank(entries, view=how).rows
    sign = 1 if how.first.is_lower_better else -1
    keys = [
        (
            sign * row.entry.rounded,
            row.rank is None,
            row.entry.received_at,
            row.entry.submission_id,
        )
        for row in rows
    ]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


def test_improvement_of_an_absurdly_large_score_is_still_a_number() -> None:
    gain = lines.improvement(Decimal("1e300"), over=Decimal("0.5"), direction=Direction.LOWER)
    assert gain == Decimal("-2e302")
