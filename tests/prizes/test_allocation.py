"""Every kind of prize on one board; what is given for good stays, and never more than there is."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from palio.challenges.prize_contracts import PrizeKind, PrizePlan, TieRule
from palio.core.money import Money
from palio.leaderboard.contracts import Column, Standing
from palio.prizes.allocation import Before, Ranked, allocate_all, in_prize_order
from palio.submissions.contracts import SubmissionKind

AT = datetime(2026, 11, 22, tzinfo=UTC)


def line(team: str, score: str, *, second: str = "0", is_tied: bool = False) -> Standing:
    return Standing(
        rank=None,
        team_id=team,
        name=team,
        members=(),
        kind=SubmissionKind.COMPETITOR,
        score=Decimal(score),
        scores=(("rmse", Decimal(score)), ("mae", Decimal(second))),
        improvement=None,
        entries=1,
        submission_id=f"s-{team}",
        received_at=AT,
        is_tied_with_first=is_tied,
    )


def prize(rank: int, minor: int, **changes: object) -> PrizePlan:
    return replace(PrizePlan(rank, f"P{rank}", Money(minor, "EUR")), **changes)  # type: ignore[arg-type]


COLUMNS = (
    Column("rmse", "RMSE", 4, is_lower_better=True, order=1),
    Column("mae", "MAE", 4, is_lower_better=True, order=2),
)


def given_to(board: Ranked, *prizes: PrizePlan, **changes: object) -> list[tuple[str, int, str]]:
    wanted: dict[str, object] = {"tie_rule": TieRule.EARLIER, "before": {}} | changes
    found = allocate_all(board, prizes=prizes, **wanted)  # type: ignore[arg-type]
    return [(each.pot, each.place, each.team_id) for each in found]


def test_among_the_statistically_tied_the_second_column_decides() -> None:
    board = (
        line("a", "0.1", second="0.9", is_tied=True),
        line("b", "0.2", second="0.5", is_tied=True),
        line("c", "0.3", second="0.1"),
    )
    ordered = in_prize_order(board, columns=COLUMNS, tie_rule=TieRule.SECONDARY)
    assert [row.team_id for row in ordered] == ["b", "a", "c"]
    higher = (COLUMNS[0], replace(COLUMNS[1], is_lower_better=False))
    ordered = in_prize_order(board, columns=higher, tie_rule=TieRule.SECONDARY)
    assert [row.team_id for row in ordered] == ["a", "b", "c"]
    assert in_prize_order(board, columns=COLUMNS, tie_rule=TieRule.EARLIER) == board


def test_kinds_are_given_independently_of_each_other() -> None:
    board = Ranked(
        standings=(line("a", "0.1"), line("b", "0.2"), line("c", "0.3")),
        reaches={"threshold:2": {"a"}},
        divisions={"students": {"b", "c"}},
    )
    prizes = (
        prize(1, 100),
        prize(1, 50, kind=PrizeKind.DIVISION, division="students"),
        prize(1, 1000, kind=PrizeKind.THRESHOLD, improvement=Decimal(10)),
        prize(1, 70, kind=PrizeKind.PROGRESS, improvement=Decimal(1)),
    )
    assert given_to(board, *prizes) == [
        ("rank", 1, "a"),
        ("division:students", 1, "b"),
        ("threshold:2", 1, "a"),
    ]


def test_a_team_with_several_rows_takes_one_place() -> None:
    board = Ranked(standings=(line("a", "0.1"), line("a", "0.2"), line("b", "0.3")))
    assert given_to(board, prize(1, 5), prize(2, 4)) == [("rank", 1, "a"), ("rank", 2, "b")]


def test_a_place_given_for_good_stays_and_the_others_move_into_what_is_free() -> None:
    board = Ranked(standings=(line("a", "0.1"), line("b", "0.2"), line("c", "0.3")))
    before = {"rank": Before(passed_over={"a"}, kept={"b": 2})}
    assert given_to(board, prize(1, 5), prize(2, 4), before=before) == [("rank", 1, "c")]


def test_places_shared_around_a_kept_one_are_not_given_twice() -> None:
    """First was taken back, two tied teams shared places 1 and 3: nothing is left for a fourth."""
    board = Ranked(standings=(line("x", "0.1"), *(line(t, "0.2") for t in "ab"), line("d", "0.4")))
    prizes = (prize(1, 7), prize(2, 7), prize(3, 3))
    shared: dict[str, object] = {"tie_rule": TieRule.SHARED}
    first = {"rank": Before(passed_over={"x"}, kept={"k": 2})}
    assert given_to(board, *prizes, before=first, **shared) == [("rank", 1, "a"), ("rank", 1, "b")]
    then = {"rank": Before(passed_over={"x"}, kept={"k": 2, "a": 1, "b": 1})}
    assert given_to(board, *prizes, before=then, **shared) == []


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=8),
    st.lists(st.integers(0, 1000), min_size=1, max_size=5),
    st.sampled_from((TieRule.EARLIER, TieRule.SHARED)),
    st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=8),
)
def test_whatever_is_lost_and_given_for_good_no_more_is_given_than_there_is(
    levels: list[int], amounts: list[int], tie_rule: TieRule, deeds: list[tuple[int, bool]]
) -> None:
    """Awards are given for good or lost one after the other; the rest is allocated anew."""
    board = Ranked(
        standings=tuple(line(str(i), str(level)) for i, level in enumerate(sorted(levels)))
    )
    prizes = tuple(
        prize(rank, minor) for rank, minor in enumerate(sorted(amounts, reverse=True), start=1)
    )
    lost: set[str] = set()
    kept: dict[str, tuple[int, int]] = {}
    for index, is_given in deeds:
        before = {"rank": Before(lost, {team: place for team, (place, _) in kept.items()})}
        open_ = allocate_all(board, prizes=prizes, tie_rule=tie_rule, before=before)
        if not open_:
            break
        chosen = open_[index % len(open_)]
        if not is_given:
            lost.add(chosen.team_id)
        elif all(each.place >= chosen.place for each in open_):  # best first, ties together
            kept |= {
                each.team_id: (each.place, each.money.minor)
                for each in open_
                if each.place == chosen.place
            }
    before = {"rank": Before(lost, {team: place for team, (place, _) in kept.items()})}
    rest = allocate_all(board, prizes=prizes, tie_rule=tie_rule, before=before)
    total = sum(minor for _, minor in kept.values()) + sum(each.money.minor for each in rest)
    assert total <= sum(amounts)
    assert {each.team_id for each in rest} & (lost | set(kept)) == set()
