"""Prizes fall to places; ties and declined prizes as declared; no cent is lost."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.challenges.prize_contracts import PrizePlan, TieRule
from palio.core.money import Money
from palio.leaderboard.contracts import Standing
from palio.prizes import allocation, rules
from palio.prizes.contracts import Award, AwardState
from palio.submissions.contracts import SubmissionKind

AT = datetime(2026, 11, 22, tzinfo=UTC)


def line(team: str, score: str, *, kind: SubmissionKind = SubmissionKind.COMPETITOR) -> Standing:
    return Standing(
        rank=None,
        team_id=team,
        name=team.upper(),
        members=(),
        kind=kind,
        score=Decimal(score),
        scores=(),
        improvement=None,
        entries=1,
        submission_id=f"s-{team}",
        received_at=AT,
    )


def prizes(*amounts: int, currency: str = "EUR") -> tuple[PrizePlan, ...]:
    return tuple(
        PrizePlan(rank=place, title=f"P{place}", money=Money(amount, currency))
        for place, amount in enumerate(amounts, start=1)
    )


def given_to(
    standings: list[Standing], amounts: tuple[PrizePlan, ...], tie_rule: TieRule
) -> list[tuple[int, str, int]]:
    return [
        (a.place, a.team_id, a.money.minor)
        for a in allocation.allocate(standings, prizes=amounts, tie_rule=tie_rule)
    ]


ONE_TWO_TWO_FOUR = [line("a", "0.1"), line("b", "0.2"), line("c", "0.20"), line("d", "0.4")]


def test_tied_places_when_shared_pool_and_split() -> None:
    assert given_to(ONE_TWO_TWO_FOUR, prizes(5000, 3000, 2000, 1000), TieRule.SHARED) == [
        (1, "a", 5000),
        (2, "b", 2500),
        (2, "c", 2500),
        (4, "d", 1000),
    ]


def test_tied_places_when_the_earlier_one_takes_them_go_in_board_order() -> None:
    assert given_to(ONE_TWO_TWO_FOUR, prizes(5000, 3000, 2000, 1000), TieRule.EARLIER) == [
        (1, "a", 5000),
        (2, "b", 3000),
        (3, "c", 2000),
        (4, "d", 1000),
    ]


def test_three_tied_for_one_prize_get_the_odd_unit_earliest_first() -> None:
    tied = [line("a", "1"), line("b", "1"), line("c", "1")]
    assert given_to(tied, prizes(100, 0, 0), TieRule.SHARED) == [
        (1, "a", 34),
        (1, "b", 33),
        (1, "c", 33),
    ]


def test_netflix_tie_gives_the_prize_to_the_earlier_team() -> None:
    board = [line("pragmatic chaos", "0.8567"), line("ensemble", "0.8567"), line("x", "0.8582")]
    assert given_to(board, prizes(100_000_000), TieRule.EARLIER) == [
        (1, "pragmatic chaos", 100_000_000)
    ]
    assert given_to(board, prizes(100_000_000), TieRule.SHARED) == [
        (1, "pragmatic chaos", 50_000_000),
        (1, "ensemble", 50_000_000),
    ]


def test_shared_places_are_one_one_three() -> None:
    board = [line("pragmatic chaos", "0.8567"), line("ensemble", "0.8567"), line("x", "0.8582")]
    assert given_to(board, prizes(100, 50, 25), TieRule.SHARED) == [
        (1, "pragmatic chaos", 75),
        (1, "ensemble", 75),
        (3, "x", 25),
    ]


def test_baseline_lines_take_no_place() -> None:
    board = [line("", "0.1", kind=SubmissionKind.BASELINE), *ONE_TWO_TWO_FOUR]
    assert given_to(board, prizes(50), TieRule.EARLIER) == [(1, "a", 50)]


def test_teams_that_declined_are_passed_over_and_those_behind_move_up() -> None:
    offered = allocation.allocate(
        ONE_TWO_TWO_FOUR,
        prizes=prizes(50, 30),
        tie_rule=TieRule.EARLIER,
        passed_over={"a"},
    )
    assert [(a.place, a.team_id, a.money) for a in offered] == [
        (1, "b", Money(50, "EUR")),
        (2, "c", Money(30, "EUR")),
    ]


def test_prizes_in_two_currencies_are_never_added_up() -> None:
    pot = (*prizes(100, 50), *prizes(9, currency="JPY"))
    tied = [line("a", "1"), line("b", "1")]
    offered = allocation.allocate(tied, prizes=pot, tie_rule=TieRule.SHARED)
    assert [(a.team_id, a.money, a.title) for a in offered] == [
        ("a", Money(75, "EUR"), "P1 + P2 (shared)"),
        ("b", Money(75, "EUR"), "P1 + P2 (shared)"),
        ("a", Money(5, "JPY"), "P1 (shared)"),
        ("b", Money(4, "JPY"), "P1 (shared)"),
    ]


def test_fewer_teams_than_prizes_leaves_prizes_over() -> None:
    assert given_to([line("a", "1")], prizes(5, 4, 3), TieRule.EARLIER) == [(1, "a", 5)]
    assert given_to([], prizes(5), TieRule.SHARED) == []


@given(
    st.lists(st.integers(0, 3), max_size=12),
    st.lists(st.integers(0, 10_000), max_size=6),
    st.sampled_from(TieRule),
    st.sets(st.integers(0, 11)),
)
def test_every_place_that_a_team_fills_pays_exactly_its_prize(
    levels: list[int], amounts: list[int], tie_rule: TieRule, declined: set[int]
) -> None:
    board = [line(str(i), str(level)) for i, level in enumerate(sorted(levels))]
    passed_over = {str(i) for i in declined}
    offered = allocation.allocate(
        board, prizes=prizes(*amounts), tie_rule=tie_rule, passed_over=passed_over
    )
    teams = len([entry for entry in board if entry.team_id not in passed_over])
    assert sum(a.money.minor for a in offered) == sum(amounts[:teams])
    assert [a for a in offered if a.team_id in passed_over] == []
    places = [a.place for a in offered]
    assert places == sorted(places)


def award(team: str, place: int, state: AwardState) -> Award:
    return Award(
        id=team,
        challenge_id="c",
        team_id=team,
        team_name=team,
        place=place,
        title="",
        money=Money(1, "EUR"),
        score=Decimal(1),
        submission_id="s",
        state=state,
        made_at=AT,
        decided_at=None,
    )


def test_confirming_waits_for_better_places() -> None:
    first, second = (award("a", 1, AwardState.PROVISIONAL), award("b", 2, AwardState.PROVISIONAL))
    rules.check_confirm(first, awards=[first, second])
    with pytest.raises(rules.BetterPlaceOpenError, match="Decide place 1 first"):
        rules.check_confirm(second, awards=[first, second])


@pytest.mark.parametrize("state", [AwardState.CONFIRMED, AwardState.DECLINED])
def test_a_decided_award_is_not_decided_again(state: AwardState) -> None:
    decided = award("a", 1, state)
    with pytest.raises(rules.AwardDecidedError, match=f"is {state.value} already"):
        rules.check_confirm(decided, awards=[decided])
